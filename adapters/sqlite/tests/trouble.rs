//! What goes wrong is answered "unavailable", told once, and over when its cause is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use support::{Heard, OWNER, list, load, long, place, put, record, swap, try_swap};
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
    fs::write(place.file(), "another file").unwrap();
    assert_eq!(try_swap(&store, 1, Some(1), Some(2)), Err(Unavailable));
    assert_eq!(fs::read(place.file()).unwrap(), b"another file");
    assert_eq!(heard.names(), ["moved"]);
    fs::rename(&elsewhere, place.file()).unwrap();
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(heard.names(), ["moved", "recovered"]);
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
