//! The tables, and how a file that an older version wrote comes to have them.

use rusqlite::{Connection, TransactionBehavior};

/// "Vest" in ASCII, in the place of SQLite's file format that says whose a file is.
pub(crate) const APPLICATION_ID: i32 = 0x5665_7374;

/// Each step takes a file from the version that is its index to the next. Steps that were released
/// are never changed: a new version appends one.
///
/// An ordinary rowid table: one WITHOUT ROWID measured four times slower, for records are long.
/// There is no index on `expires_at`: every write would pay for it, and only the sweep would gain.
const STEPS: &[&str] = &[
    "CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        version BLOB NOT NULL,
        owner BLOB,
        expires_at INTEGER NOT NULL,
        bytes BLOB NOT NULL
    )",
    "CREATE INDEX record_by_owner ON record (owner, key) WHERE owner IS NOT NULL",
];

/// The version that this crate reads and writes.
pub(crate) const SCHEMA_VERSION: i32 = STEPS.len() as i32;

/// Whose a file is and how old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is nothing in it yet.
    Nothing,
    /// It is Vestibule's, and of this version.
    Ours(i32),
    /// It is another application's; its `application_id`.
    Anothers(i32),
}

/// Looks, at one moment, and changes nothing.
pub(crate) fn look(connection: &Connection) -> rusqlite::Result<Found> {
    // Without a transaction, a file that another process is just creating would be nobody's at the
    // first question and have tables at the last.
    let moment = connection.unchecked_transaction()?;
    let found = look_within(&moment)?;
    moment.commit()?;
    Ok(found)
}

fn look_within(connection: &Connection) -> rusqlite::Result<Found> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let application = number("application_id")?;
    let version = number("user_version")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, version, tables) {
        (APPLICATION_ID, version, _) => Found::Ours(version),
        (0, 0, 0) => Found::Nothing,
        (another, ..) => Found::Anothers(another),
    })
}

/// Takes the steps that are missing, all of them or none, and says what it found before. Finds
/// nothing to do where another process was faster, and does nothing to a file that it does not
/// know, for that process may have been a newer program.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<Found> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = look_within(&transaction)?;
    let version = match found {
        Found::Nothing => 0,
        Found::Ours(version) if (0..=SCHEMA_VERSION).contains(&version) => version,
        Found::Ours(_) | Found::Anothers(_) => return Ok(found),
    };
    let missing = usize::try_from(version).ok().and_then(|version| STEPS.get(version..));
    for step in missing.unwrap_or_default() {
        transaction.execute_batch(step)?;
    }
    if version < SCHEMA_VERSION {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()?;
    Ok(found)
}
