//! What is opened, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::thread;

use rusqlite::{Connection, params};
use support::{list, load, place, record, swap};
use vestibule_core::store::Swapped;
use vestibule_sqlite::{OpenError, Options, SqliteStore};

/// The table as the first version made it. Never to be changed.
const FIRST_VERSION: &str = "
    CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        version BLOB NOT NULL,
        owner BLOB,
        expires_at INTEGER NOT NULL,
        bytes BLOB NOT NULL
    );
    PRAGMA application_id = 0x56657374;
    PRAGMA user_version = 1;";

#[test]
fn every_commit_is_synced_to_the_disk() {
    let place = place();
    let settings = place.open().settings().wait().unwrap();
    assert_eq!(settings.journal_mode, "wal");
    assert_eq!(settings.synchronous, 2);
    assert_eq!(settings.schema_version, 2);
}

#[test]
fn everything_is_there_after_reopening() {
    let place = place();
    let store = place.open();
    for n in 0..100 {
        swap(&store, n, None, Some(n));
    }
    swap(&store, 7, Some(7), Some(107));
    swap(&store, 8, Some(8), None);
    drop(store);
    let store = place.open();
    for n in 0..100 {
        let expected = match n {
            7 => Some(record(107)),
            8 => None,
            n => Some(record(n)),
        };
        assert_eq!(load(&store, n), Ok(expected));
    }
}

#[test]
fn the_last_clone_closes_the_file() {
    let place = place();
    let store = place.open();
    let clone = store.clone();
    swap(&store, 1, None, Some(1));
    drop(store);
    assert_eq!(load(&clone, 1), Ok(Some(record(1))));
    drop(clone);
    let left: Vec<_> = fs::read_dir(place.folder()).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(left, [place.file()], "no log is left");
}

#[test]
fn two_stores_on_one_file_see_each_other() {
    let place = place();
    let (ours, theirs) = (place.open(), place.open());
    assert_eq!(swap(&ours, 1, None, Some(1)), Swapped::Done);
    assert_eq!(load(&theirs, 1), Ok(Some(record(1))));
    assert_eq!(swap(&theirs, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(swap(&ours, 1, Some(1), Some(3)), Swapped::Conflict);
    drop(theirs);
    assert_eq!(load(&ours, 1), Ok(Some(record(2))));
}

#[test]
fn many_may_create_one_file_at_once() {
    for _ in 0..10 {
        let place = place();
        thread::scope(|scope| {
            for n in 0..4 {
                let place = &place;
                scope.spawn(move || {
                    assert_eq!(swap(&place.open(), n, None, Some(n)), Swapped::Done)
                });
            }
        });
        assert_eq!(place.open().count().wait(), Ok(4));
    }
}

#[test]
fn an_older_file_is_migrated_and_keeps_its_records() {
    let place = place();
    let old = place.another();
    old.execute_batch(FIRST_VERSION).unwrap();
    let sql = "INSERT INTO record (key, version, owner, expires_at, bytes) VALUES (?, ?, ?, ?, ?)";
    let one = record(1);
    let (version, owner) = (one.version.as_bytes().as_slice(), [9_u8; 16].as_slice());
    old.execute(sql, params!["grant/00000001", version, owner, 1000, &*one.bytes]).unwrap();
    drop(old);
    let store = place.open();
    assert_eq!(load(&store, 1), Ok(Some(one)));
    assert_eq!(list(&store, support::OWNER, None, 9).unwrap().records.len(), 1);
    assert_eq!(store.settings().wait().unwrap().schema_version, 2);
    let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'record_by_owner'";
    assert_eq!(place.another().query_row(index, [], |row| row.get(0)), Ok(1));
}

#[test]
fn a_newer_file_is_refused_and_not_touched() {
    let place = place();
    place.another().execute_batch(FIRST_VERSION).unwrap();
    place.another().execute_batch("PRAGMA user_version = 3").unwrap();
    let before = fs::read(place.file()).unwrap();
    let error = SqliteStore::open(place.file()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, .. }), "{error:?}");
    assert!(fs::read(place.file()).unwrap() == before, "not a byte is changed");
}

#[test]
fn another_applications_file_is_refused_and_not_touched() {
    for sql in ["CREATE TABLE a (b)", "PRAGMA application_id = 7; CREATE TABLE a (b)"] {
        let place = place();
        place.another().execute_batch(sql).unwrap();
        let before = fs::read(place.file()).unwrap();
        let error = SqliteStore::open(place.file()).unwrap_err();
        assert!(matches!(error, OpenError::NotVestibules { .. }), "{error:?}");
        assert!(fs::read(place.file()).unwrap() == before, "not a byte is changed");
    }
}

#[test]
fn what_is_no_database_is_refused_and_not_touched() {
    let place = place();
    let garbage = b"no database ".repeat(1000);
    fs::write(place.file(), &garbage).unwrap();
    let error = SqliteStore::open(place.file()).unwrap_err();
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert!(fs::read(place.file()).unwrap() == garbage, "not a byte is changed");
}

#[test]
fn where_none_is_to_be_made_only_a_store_that_exists_is_opened() {
    let place = place();
    let open = || {
        let mut options = Options::default();
        options.create = false;
        SqliteStore::open_with(place.file(), options)
    };
    let refused = || {
        let error = open().unwrap_err();
        assert!(matches!(error, OpenError::NoStore { .. }), "{error:?}");
    };
    refused();
    assert_eq!(fs::read_dir(place.folder()).unwrap().count(), 0, "nothing is made");
    fs::write(place.file(), []).unwrap();
    refused();
    assert_eq!(fs::metadata(place.file()).unwrap().len(), 0, "nothing is put in");
    // A database with nothing in it.
    place.another().execute_batch("PRAGMA user_version = 1; PRAGMA user_version = 0").unwrap();
    let before = fs::read(place.file()).unwrap();
    assert!(!before.is_empty());
    refused();
    assert!(fs::read(place.file()).unwrap() == before, "nothing is put in");
    swap(&place.open(), 1, None, Some(1));
    assert_eq!(load(&open().unwrap(), 1), Ok(Some(record(1))));
}

#[test]
fn what_is_wrong_with_the_place_is_said_with_its_mend() {
    let place = place();
    let error = SqliteStore::open(place.folder().join("none/vestibule.db")).unwrap_err();
    let OpenError::NoFolder { folder, .. } = &error else { panic!("{error:?}") };
    assert_eq!(folder, &place.folder().join("none"));
    assert!(error.to_string().contains("create it"), "{error}");
    let error = SqliteStore::open(place.folder()).unwrap_err();
    assert!(matches!(error, OpenError::IsFolder { .. }), "{error:?}");
    assert!(SqliteStore::open("").is_err());
}

#[test]
fn a_file_that_is_locked_is_not_waited_for_longer_than_asked() {
    let place = place();
    drop(place.open());
    let lock = place.another();
    lock.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ").unwrap();
    let mut options = Options::default();
    options.busy_timeout = std::time::Duration::from_millis(20);
    let error = SqliteStore::open_with(place.file(), options).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    for file in fs::read_dir(place.folder()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[test]
fn the_file_is_sqlites_for_other_tools() {
    let place = place();
    swap(&place.open(), 1, None, Some(1));
    let file = Connection::open(place.file()).unwrap();
    let count: i64 = file.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}
