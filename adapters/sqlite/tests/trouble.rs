//! What goes wrong is answered "unavailable", told once, and over when its cause is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use support::{Heard, OWNER, key, list, load, long, place, put, record, swap, try_swap};
use vestibule_core::store::{Swapped, Unavailable};
use vestibule_sqlite::{BackupError, OpenError, SqliteStore};

#[test]
fn a_locked_file() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| {
        options.busy_timeout = Duration::from_millis(10);
        heard.listen(options);
    });
    swap(&store, 1, None, Some(1));
    let lock = place.another();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..3 {
        assert_eq!(try_swap(&store, 1, Some(1), Some(2)), Err(Unavailable));
    }
    assert_eq!(load(&store, 1), Ok(Some(record(1))), "reading needs no lock");
    assert_eq!(heard.names(), ["locked"], "told once");
    let text = heard.last().unwrap().to_string();
    assert!(text.starts_with(place.file().to_str().unwrap()), "{text}");
    lock.execute_batch("COMMIT").unwrap();
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(swap(&store, 1, Some(2), Some(3)), Swapped::Done);
    assert_eq!(heard.names(), ["locked", "recovered"], "told once");
}

#[test]
fn a_file_that_is_as_long_as_it_may_be() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| {
        options.max_bytes = Some(256 * 1024);
        heard.listen(options);
    });
    let fit = (0..50).find(|&n| put(&store, n, long(n)).is_err()).unwrap();
    assert!((5..8).contains(&fit), "{fit} records of 32 KiB");
    assert_eq!(put(&store, fit, long(fit)), Err(Unavailable));
    assert_eq!(heard.names(), ["full"]);
    for n in 0..fit {
        assert_eq!(load(&store, n), Ok(Some(long(n))), "nothing that was answered is lost");
    }
    assert_eq!(load(&store, fit), Ok(None));
    assert_eq!(swap(&store, 0, Some(0), None), Swapped::Done, "what frees space needs none");
    assert_eq!(put(&store, fit, long(fit)), Ok(Swapped::Done));
    assert_eq!(heard.names(), ["full", "recovered"]);
    assert!(fs::metadata(place.file()).unwrap().len() <= 256 * 1024);
    drop(store);
    let store = place.open();
    assert_eq!(put(&store, fit + 1, long(fit + 1)), Ok(Swapped::Done), "allowed more again");
}

/// The file format's "write version" above 2 says that the file must not be written by SQLite as we
/// know it. That stops root as well, which permissions do not.
fn set_write_version(file: &Path, version: u8) {
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(18)).unwrap();
    file.write_all(&[version]).unwrap();
}

#[test]
fn a_read_only_file_is_not_opened() {
    let place = place();
    drop(place.open());
    set_write_version(&place.file(), 3);
    let error = SqliteStore::open(place.file()).unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
    set_write_version(&place.file(), 2);
    swap(&place.open(), 1, None, Some(1));
}

#[test]
fn a_file_that_becomes_read_only() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| heard.listen(options));
    swap(&store, 1, None, Some(1));
    // Another process still writes while the header changes, so that the store reads it anew.
    let another = place.another();
    another.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    set_write_version(&place.file(), 3);
    another.execute_batch("UPDATE record SET expires_at = 1001").unwrap();
    for _ in 0..3 {
        assert_eq!(try_swap(&store, 1, Some(1), Some(2)), Err(Unavailable));
    }
    assert_eq!(load(&store, 1).unwrap().unwrap().version, record(1).version, "it can be read");
    assert_eq!(heard.names(), ["read-only"]);
    set_write_version(&place.file(), 2);
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(heard.names(), ["read-only", "recovered"]);
    let settings = store.settings().wait().unwrap();
    assert_eq!(settings.synchronous, 2, "the connection that took the other's place syncs, too");
}

#[test]
fn a_row_that_is_not_what_was_written() {
    for damage in [
        "version = x'00'",
        "version = x''",
        "version = 'sixteen letters!'",
        "owner = x'0102'",
        "owner = 7",
        "expires_at = -1",
        "expires_at = 'soon'",
        "bytes = 'text'",
    ] {
        let (place, heard) = (place(), Heard::default());
        let store = place.open_with(|options| heard.listen(options));
        swap(&store, 1, None, Some(1));
        swap(&store, 2, None, Some(2));
        let key = "WHERE key = 'grant/00000001'";
        let another = place.another();
        let row = format!("CREATE TEMP TABLE whole AS SELECT * FROM record {key}");
        another.execute_batch(&row).unwrap();
        another.execute_batch(&format!("UPDATE record SET {damage} {key}")).unwrap();
        for _ in 0..3 {
            assert_eq!(load(&store, 1), Err(Unavailable), "{damage}");
            assert_eq!(load(&store, 2), Ok(Some(record(2))), "the others are whole");
        }
        assert_eq!(swap(&store, 1, None, Some(3)), Swapped::Conflict, "it is not absent");
        assert_eq!(heard.names(), ["corrupt"], "{damage}: told once");
        let mend = format!("DELETE FROM record {key}; INSERT INTO record SELECT * FROM whole");
        another.execute_batch(&mend).unwrap();
        assert_eq!(load(&store, 1), Ok(Some(record(1))));
        assert_eq!(heard.names(), ["corrupt", "recovered"]);
    }
}

#[test]
fn a_row_that_is_not_what_was_written_is_not_left_out_of_a_list() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| heard.listen(options));
    swap(&store, 1, None, Some(1));
    place.another().execute_batch("UPDATE record SET version = x'00'").unwrap();
    assert_eq!(list(&store, OWNER, None, 9), Err(Unavailable));
    assert_eq!(heard.names(), ["corrupt"]);
    assert_eq!(heard.keys(), [key(1)]);
}

#[test]
fn damage_that_a_list_met_is_told_once_however_many_loads_succeed() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| heard.listen(options));
    swap(&store, 1, None, Some(1));
    swap(&store, 2, None, Some(2));
    let another = place.another();
    let damage = |version| {
        let sql = "UPDATE record SET version = ? WHERE key = 'grant/00000001'";
        another.execute(sql, [version]).unwrap();
    };
    damage([0].as_slice());
    for _ in 0..3 {
        assert_eq!(list(&store, OWNER, None, 9), Err(Unavailable));
        assert_eq!(load(&store, 2), Ok(Some(record(2))));
        assert_eq!(list(&store, OWNER, Some(key(1)), 9).unwrap().records.len(), 1);
    }
    assert_eq!(heard.names(), ["corrupt"]);
    damage(record(1).version.as_bytes());
    assert_eq!(list(&store, OWNER, None, 9).unwrap().records.len(), 2);
    assert_eq!(heard.names(), ["corrupt", "recovered"]);
}

#[test]
fn damaged_records_are_told_one_by_one_and_not_without_end() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| heard.listen(options));
    for n in 0..20 {
        swap(&store, n, None, Some(n));
    }
    let another = place.another();
    another.execute_batch("UPDATE record SET owner = x'00' WHERE id > 1").unwrap();
    for _ in 0..3 {
        for n in 1..20 {
            assert_eq!(load(&store, n), Err(Unavailable));
        }
        assert_eq!(load(&store, 0), Ok(Some(record(0))));
    }
    assert_eq!(heard.keys(), (1..17).map(key).collect::<Vec<_>>());
    assert!(heard.last().unwrap().to_string().contains("grant/00000010"), "{:?}", heard.last());
    another.execute_batch("UPDATE record SET owner = NULL").unwrap();
    for n in 1..20 {
        assert!(load(&store, n).is_ok());
    }
    let names = heard.names();
    assert_eq!(names.iter().filter(|name| **name == "corrupt").count(), 16);
    assert_eq!(names.iter().position(|name| *name == "recovered"), Some(16), "once, at the end");
}

#[test]
fn a_full_file_is_told_once_however_much_is_written_that_needs_no_space() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| {
        options.max_bytes = Some(256 * 1024);
        heard.listen(options);
    });
    swap(&store, 100, None, Some(0));
    let fit = (0..50).find(|&n| put(&store, n, long(n)).is_err()).unwrap();
    for n in 0..3 {
        assert_eq!(put(&store, fit, long(fit)), Err(Unavailable));
        assert_eq!(swap(&store, 100, Some(n), Some(n + 1)), Swapped::Done, "as long as before");
        assert_eq!(swap(&store, 200 + n, None, Some(1)), Swapped::Done, "a short one fits");
        assert_eq!(swap(&store, 200 + n, Some(1), None), Swapped::Done);
    }
    assert_eq!(heard.names(), ["full"]);
    assert_eq!(swap(&store, 0, Some(0), None), Swapped::Done);
    assert_eq!(heard.names(), ["full"], "that there is space now is seen when it is used");
    assert_eq!(put(&store, fit, long(fit)), Ok(Swapped::Done));
    assert_eq!(heard.names(), ["full", "recovered"]);
}

#[test]
fn a_file_that_was_overwritten_with_garbage() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open();
    for n in 0..200 {
        swap(&store, n, None, Some(n));
    }
    drop(store);
    let whole = fs::read(place.file()).unwrap();
    // The first page says what the file is; all others are damaged.
    let mut damaged = whole.clone();
    for (n, byte) in damaged.iter_mut().enumerate().skip(4096) {
        *byte = (n % 251) as u8;
    }
    fs::write(place.file(), damaged).unwrap();
    let store = place.open_with(|options| heard.listen(options));
    assert_eq!(load(&store, 1), Err(Unavailable));
    assert_eq!(heard.names(), ["corrupt"]);
    assert_eq!(try_swap(&store, 1, Some(1), Some(2)), Err(Unavailable));
    assert_eq!(heard.names(), ["corrupt", "corrupt"], "for reading and for writing");
    let error = store.backup(place.folder().join("backup")).unwrap_err();
    let damaged = matches!(error, BackupError::Damaged { .. } | BackupError::Source { .. });
    assert!(damaged, "{error:?}");
    for left in ["backup", "backup.partial", "backup.partial-journal"] {
        assert!(!place.folder().join(left).exists(), "{left}");
    }
    fs::write(place.file(), whole).unwrap();
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(heard.names(), ["corrupt", "corrupt", "recovered", "recovered"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_moved_away_is_not_written() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| heard.listen(options));
    swap(&store, 1, None, Some(1));
    let elsewhere = place.folder().join("elsewhere");
    fs::rename(place.file(), &elsewhere).unwrap();
    assert_eq!(try_swap(&store, 1, Some(1), Some(2)), Err(Unavailable));
    assert_eq!(load(&store, 1), Err(Unavailable), "what others write elsewhere is not seen");
    fs::write(place.file(), "another file").unwrap();
    assert_eq!(load(&store, 1), Err(Unavailable));
    assert_eq!(try_swap(&store, 1, Some(1), Some(2)), Err(Unavailable));
    assert_eq!(fs::read(place.file()).unwrap(), b"another file");
    assert_eq!(heard.names(), ["moved", "moved"], "for writing and for reading");
    fs::rename(&elsewhere, place.file()).unwrap();
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(load(&store, 1), Ok(Some(record(2))));
    assert_eq!(heard.names(), ["moved", "moved", "recovered", "recovered"]);
}

#[test]
fn a_listener_that_panics_does_not_stop_the_store() {
    let place = place();
    let store = place.open_with(|options| {
        options.busy_timeout = Duration::ZERO;
        // Without the panic hook's message.
        options.on_trouble = Arc::new(|_| std::panic::resume_unwind(Box::new(())));
    });
    let lock = place.another();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(try_swap(&store, 1, None, Some(1)), Err(Unavailable));
    lock.execute_batch("COMMIT").unwrap();
    assert_eq!(try_swap(&store, 1, None, Some(1)), Ok(Swapped::Done));
}
