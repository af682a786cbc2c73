//! Copies of a store that is in use.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use rusqlite::Connection;
use support::{Place, load, long, place, put, record, swap};
use vestibule_core::{Record, store::Swapped};
use vestibule_sqlite::{BackupError, OpenError, SqliteStore};

/// The names of the files beside the store that begin so, sorted.
fn names_in(place: &Place, beginning: &str) -> Vec<String> {
    let files = fs::read_dir(place.folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(beginning)).collect();
    names.sort();
    names
}

#[test]
fn a_backup_made_while_others_write_is_a_whole_store() {
    const WRITERS: u32 = 4;
    let place = place();
    let store = place.open();
    let big = |n| Record { bytes: vec![7; 4000].into(), ..record(n) };
    for n in 0..200 {
        assert_eq!(put(&store, n, big(n)), Ok(Swapped::Done));
    }
    let backups: Vec<_> = (0..3).map(|n| place.folder().join(format!("backup-{n}"))).collect();
    let next = AtomicU32::new(1000);
    let ended = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while ended.load(Ordering::Relaxed) == 0 {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(put(&store, n, big(n)), Ok(Swapped::Done));
                }
            });
        }
        let made = backups.iter().map(|backup| store.backup(backup)).collect::<Vec<_>>();
        ended.store(1, Ordering::Relaxed);
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    });
    assert!(store.stats().swaps > 200, "others wrote");
    for backup in &backups {
        let file = Connection::open(backup).unwrap();
        let check = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        assert_eq!(file.query_row("PRAGMA integrity_check", [], check).unwrap(), "ok");
        drop(file);
        let copy = SqliteStore::open(backup).unwrap();
        assert!((200..=store.count().wait().unwrap()).contains(&copy.count().wait().unwrap()));
        for n in 0..200 {
            assert_eq!(load(&copy, n), Ok(Some(big(n))));
        }
        assert_eq!(swap(&copy, 0, Some(0), Some(1)), Swapped::Done, "it works by itself");
        assert_eq!(load(&store, 0), Ok(Some(big(0))));
    }
}

#[test]
fn what_was_answered_before_the_backup_is_in_it() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    let to = place.folder().join("backup");
    store.backup(&to).unwrap();
    swap(&store, 2, None, Some(2));
    assert_eq!(names_in(&place, "backup"), ["backup"], "one file");
    let copy = SqliteStore::open(&to).unwrap();
    assert_eq!(load(&copy, 1), Ok(Some(record(1))));
    assert_eq!(load(&copy, 2), Ok(None));
}

#[test]
fn a_backup_overwrites_nothing() {
    let place = place();
    let store = place.open();
    let to = place.folder().join("backup");
    fs::write(&to, "precious").unwrap();
    let error = store.backup(&to).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
    assert_eq!(fs::read(&to).unwrap(), b"precious");
    let error = store.backup(place.file()).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
    let error = store.backup(place.folder().join("none/backup")).unwrap_err();
    assert!(matches!(error, BackupError::NotCreated { .. }), "{error:?}");
}

#[test]
fn what_has_the_backups_name_is_a_whole_backup_from_the_first_moment() {
    let place = place();
    let store = place.open();
    for n in 0..50 {
        assert_eq!(put(&store, n, long(n)), Ok(Swapped::Done));
    }
    let to = place.folder().join("backup");
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            loop {
                if to.exists() || ended.load(Ordering::Relaxed) {
                    return fs::read(&to).unwrap();
                }
            }
        });
        let made = store.backup(&to);
        ended.store(true, Ordering::Relaxed);
        made.unwrap();
        assert!(first.join().unwrap() == fs::read(&to).unwrap(), "it never changes");
    });
}

#[test]
fn what_a_killed_backup_left_is_told_and_not_replaced() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    let to = place.folder().join("backup");
    let left = place.folder().join("backup.partial");
    fs::write(&left, "half a backup").unwrap();
    fs::write(place.folder().join("backup.partial-journal"), "half a journal").unwrap();
    let error = store.backup(&to).unwrap_err();
    assert!(matches!(&error, BackupError::Unfinished { path } if *path == left), "{error:?}");
    assert!(error.to_string().contains("delete this file"), "{error}");
    assert_eq!(fs::read(&left).unwrap(), b"half a backup", "another may be at work on it");
    assert!(!to.exists());
    store.backup(place.folder().join("another")).unwrap();
    fs::remove_file(&left).unwrap();
    store.backup(&to).unwrap();
    assert_eq!(names_in(&place, "backup"), ["backup"], "its journal is gone, too");
    assert_eq!(load(&SqliteStore::open(&to).unwrap(), 1), Ok(Some(record(1))));
}

#[test]
fn a_store_that_is_not_open_is_copied_as_it_is() {
    for version in [1, 2, 9] {
        let place = place();
        swap(&place.open(), 1, None, Some(1));
        let older = format!("DROP INDEX record_by_owner; PRAGMA user_version = {version}");
        place.another().execute_batch(&older).unwrap();
        let before = fs::read(place.file()).unwrap();
        let to = place.folder().join("backup");
        SqliteStore::backup_of(place.file(), &to).unwrap();
        assert!(fs::read(place.file()).unwrap() == before, "not a byte is changed");
        let copy = Connection::open(&to).unwrap();
        let found = copy.pragma_query_value(None, "user_version", |row| row.get(0));
        assert_eq!(found, Ok(version));
        assert_eq!(copy.query_row("SELECT count(*) FROM record", [], |row| row.get(0)), Ok(1));
    }
}

#[test]
fn what_is_in_the_log_of_a_store_that_is_not_open_is_copied_too() {
    let (place, killed) = (place(), place());
    let store = place.open();
    swap(&store, 1, None, Some(1));
    let log = |place: &Place| format!("{}-wal", place.file().display());
    fs::copy(place.file(), killed.file()).unwrap();
    fs::copy(log(&place), log(&killed)).unwrap();
    // Twice: what is in the log is still there after it was read.
    for name in ["one", "two"] {
        let to = killed.folder().join(name);
        SqliteStore::backup_of(killed.file(), &to).unwrap();
        assert_eq!(load(&SqliteStore::open(&to).unwrap(), 1), Ok(Some(record(1))));
    }
    // Beside others that write.
    let to = place.folder().join("backup");
    SqliteStore::backup_of(place.file(), &to).unwrap();
    assert_eq!(load(&SqliteStore::open(&to).unwrap(), 1), Ok(Some(record(1))));
}

#[test]
fn only_a_store_is_copied() {
    let place = place();
    let to = place.folder().join("backup");
    let refused = || {
        let error = SqliteStore::backup_of(place.file(), &to).unwrap_err();
        let BackupError::NotOpened(error) = error else { panic!("{error:?}") };
        error
    };
    assert!(matches!(refused(), OpenError::NoStore { .. }));
    fs::write(place.file(), []).unwrap();
    assert!(matches!(refused(), OpenError::NoStore { .. }));
    place.another().execute_batch("CREATE TABLE a (b)").unwrap();
    assert!(matches!(refused(), OpenError::NotVestibules { .. }));
    assert_eq!(names_in(&place, ""), ["vestibule.db"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_overwritten() {
    let place = place();
    let to = place.folder().join("backup");
    std::os::unix::fs::symlink("nowhere", &to).unwrap();
    let error = place.open().backup(&to).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
    assert_eq!(names_in(&place, ""), ["backup", "vestibule.db"]);
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_backup() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let to = place.folder().join("backup");
    place.open().backup(&to).unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
}
