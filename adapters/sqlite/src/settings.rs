//! What SQLite says of the connection that writes.

use rusqlite::Connection;

/// How the connection that writes is set, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// `wal`: write-ahead logging.
    pub journal_mode: String,
    /// 2 (FULL): each commit is synced to the disk before it is answered.
    pub synchronous: i64,
    /// The version of the tables.
    pub schema_version: i64,
}

/// SQLite's number for it.
pub(crate) const FULL: i64 = 2;

impl Settings {
    pub(crate) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
        Ok(Self {
            journal_mode: connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?,
            synchronous: number("synchronous")?,
            schema_version: number("user_version")?,
        })
    }
}
