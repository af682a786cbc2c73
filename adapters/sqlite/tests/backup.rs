//! Copies of a store that is in use.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rusqlite::Connection;
use support::{load, place, put, record, swap};
use vestibule_core::{Record, store::Swapped};
use vestibule_sqlite::{BackupError, SqliteStore};

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
    let files: Vec<_> = fs::read_dir(place.folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("backup"))
        .collect();
    assert_eq!(files, ["backup"], "one file");
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

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_backup() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let to = place.folder().join("backup");
    place.open().backup(&to).unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
}
