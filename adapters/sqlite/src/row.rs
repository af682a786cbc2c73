//! Records as rows, and what the statements on them are.

use bytes::Bytes;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, named_params, params};
use vestibule_core::{List, Owner, Page, Record, RecordKey, Swap, Swapped, Timestamp, Version};

use crate::sweep;
use crate::trouble::Fault;

/// Compares and swaps. Run in a transaction.
pub(crate) fn swap(connection: &Connection, swap: &Swap) -> rusqlite::Result<Swapped> {
    let key = swap.key.as_str();
    let expected = swap.expected.as_ref().map(|version| version.as_bytes().as_slice());
    let Some(next) = &swap.next else {
        return match expected {
            Some(expected) => {
                let sql = "DELETE FROM record WHERE key = :key AND version = :expected";
                let mut delete = connection.prepare_cached(sql)?;
                delete.execute(named_params! { ":key": key, ":expected": expected }).map(swapped)
            }
            None => {
                let mut find =
                    connection.prepare_cached("SELECT 1 FROM record WHERE key = :key")?;
                let found = find.exists(named_params! { ":key": key })?;
                Ok(if found { Swapped::Conflict } else { Swapped::Done })
            }
        };
    };
    let owner = next.owner.as_ref().map(|owner| owner.as_bytes().as_slice());
    let version = next.version.as_bytes().as_slice();
    // Core's times end where SQLite's numbers end.
    let expires_at = i64::try_from(next.expires_at.seconds()).unwrap_or(i64::MAX);
    let bytes = &*next.bytes;
    match expected {
        Some(expected) => {
            let run = |sql| {
                connection.prepare_cached(sql)?.execute(named_params! {
                    ":key": key, ":expected": expected, ":version": version, ":owner": owner,
                    ":expires_at": expires_at, ":bytes": bytes,
                })
            };
            match run(UPDATE_OF_THE_SAME_OWNERS)? {
                0 => run(UPDATE),
                changed => Ok(changed),
            }
        }
        None => {
            let sql = "INSERT INTO record (key, version, owner, expires_at, bytes)
                VALUES (:key, :version, :owner, :expires_at, :bytes)
                ON CONFLICT (key) DO NOTHING";
            connection.prepare_cached(sql)?.execute(named_params! {
                ":key": key, ":version": version, ":owner": owner,
                ":expires_at": expires_at, ":bytes": bytes,
            })
        }
    }
    .map(swapped)
}

/// SQLite writes the index of owners wherever an owner is set, be it to what it was, and that is
/// another page to log, to sync and to move into the file.
const UPDATE_OF_THE_SAME_OWNERS: &str = "UPDATE record
    SET version = :version, expires_at = :expires_at, bytes = :bytes
    WHERE key = :key AND version = :expected AND owner IS :owner";
const UPDATE: &str = "UPDATE record
    SET version = :version, owner = :owner, expires_at = :expires_at, bytes = :bytes
    WHERE key = :key AND version = :expected";

fn swapped(changed_rows: usize) -> Swapped {
    if changed_rows == 0 { Swapped::Conflict } else { Swapped::Done }
}

/// The record under a key.
pub(crate) fn load(connection: &Connection, key: &RecordKey) -> rusqlite::Result<Option<Record>> {
    let sql = "SELECT version, owner, expires_at, bytes FROM record WHERE key = ?1";
    connection.prepare_cached(sql)?.query_row([key.as_str()], record).optional()
}

/// A page of an owner's records, or which of them could not be read.
pub(crate) fn list(connection: &Connection, list: &List) -> Result<Page, Fault> {
    if list.limit == 0 {
        return Ok(Page::default());
    }
    // One more than asked for says whether there are more.
    let limit = i64::try_from(list.limit).unwrap_or(i64::MAX).saturating_add(1);
    let owner = list.owner.as_bytes().as_slice();
    let mut select = connection.prepare_cached(match list.after {
        Some(_) => LIST_AFTER,
        None => LIST,
    })?;
    let mut rows = match &list.after {
        Some(after) => select.query(params![owner, limit, after.as_str()]),
        None => select.query(params![owner, limit]),
    }?;
    let mut page = Page::default();
    while let Some(row) = rows.next()? {
        if page.records.len() == list.limit {
            page.next = page.records.last().map(|(key, _)| key.clone());
            break;
        }
        let key = RecordKey::from_stored(row.get(4)?);
        let record = record(row).map_err(|error| Fault::from(error).with(&key))?;
        page.records.push((key, record));
    }
    Ok(page)
}

const LIST: &str = "SELECT version, owner, expires_at, bytes, key FROM record
    WHERE owner = ?1 ORDER BY key LIMIT ?2";
const LIST_AFTER: &str = "SELECT version, owner, expires_at, bytes, key FROM record
    WHERE owner = ?1 AND key > ?3 ORDER BY key LIMIT ?2";

/// Records that may be forgotten, and can be read.
pub(crate) fn expired(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<(RecordKey, Record)>> {
    let Some(expired_by) = sweep::expired_by(now) else { return Ok(Vec::new()) };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "SELECT version, owner, expires_at, bytes, key FROM record
        WHERE expires_at <= ?1 LIMIT ?2";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(params![expired_by, limit])?;
    let mut expired = Vec::new();
    while let Some(row) = rows.next()? {
        if let (Ok(key), Ok(record)) = (row.get(4), record(row)) {
            expired.push((RecordKey::from_stored(key), record));
        }
    }
    Ok(expired)
}

/// How many records there are.
pub(crate) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    connection.prepare_cached("SELECT count(*) FROM record")?.query_row([], |row| natural(row, 0))
}

/// A row that is not what was written is an error, never a record and never absent.
fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let owner = row
        .get_ref(1)?
        .as_blob_or_null()
        .map_err(|error| Error::FromSqlConversionFailure(1, Type::Blob, error.into()))?;
    Ok(Record {
        version: Version::from_bytes(sixteen(0, blob(row, 0)?)?),
        owner: owner.map(|owner| sixteen(1, owner)).transpose()?.map(Owner::from_bytes),
        expires_at: Timestamp::from_seconds(natural(row, 2)?),
        bytes: Bytes::copy_from_slice(blob(row, 3)?),
    })
}

fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

fn blob<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row [u8]> {
    let value = row.get_ref(column)?.as_blob();
    value.map_err(|error| Error::FromSqlConversionFailure(column, Type::Blob, error.into()))
}

fn sixteen(column: usize, bytes: &[u8]) -> rusqlite::Result<[u8; 16]> {
    bytes.try_into().map_err(|_| {
        let length = format!("{} bytes where 16 were written", bytes.len());
        Error::FromSqlConversionFailure(column, Type::Blob, length.into())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_list_walks_the_index_and_sorts_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::migrate::migrate(&mut connection).unwrap();
        for (list, plan) in [
            (LIST, "SEARCH record USING INDEX record_by_owner (owner=?)"),
            (LIST_AFTER, "SEARCH record USING INDEX record_by_owner (owner=? AND key>?)"),
        ] {
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {list}")).unwrap();
            let steps = explain.raw_query().mapped(|row| row.get::<_, String>("detail"));
            assert_eq!(steps.collect::<Result<Vec<_>, _>>().unwrap(), [plan]);
        }
    }
}
