//! A copy of the store while it is in use.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::BackupError;
use crate::file::{create_new, sync_folder};
use crate::kind::Kind;
use crate::place::Place;

pub(crate) fn backup(place: &Place, to: &Path) -> Result<(), BackupError> {
    let path = to.to_owned();
    let to = std::path::absolute(to).map_err(|source| BackupError::NotCreated { path, source })?;
    let source = place.reading().map_err(|error| BackupError::Source {
        path: place.path().to_owned(),
        source: error.into(),
    })?;
    match create_new(&to) {
        Ok(file) => drop(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists { path: to });
        }
        Err(source) => return Err(BackupError::NotCreated { path: to, source }),
    }
    let made = match copy(&source, &to) {
        Ok(None) => sync(&to).map_err(|error| not_written(&to, error)),
        Ok(Some(finding)) => Err(BackupError::Damaged { path: place.path().to_owned(), finding }),
        // What is new can be neither of these.
        Err(error) if matches!(Kind::of(&error), Kind::Corrupt | Kind::Locked) => {
            let path = place.path().to_owned();
            Err(BackupError::Source { path, source: error.into() })
        }
        Err(error) => Err(not_written(&to, error)),
    };
    if made.is_err() {
        // The file is ours, and so is a journal that was left beside it. What cannot be removed
        // stays, and the caller knows that it is no backup.
        let _ = fs::remove_file(&to);
        let mut journal = to.into_os_string();
        journal.push("-journal");
        let _ = fs::remove_file(journal);
    }
    made
}

/// Copies everything; what SQLite's check says against the copy.
fn copy(source: &Connection, to: &Path) -> rusqlite::Result<Option<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags)?;
    {
        // All pages in one step, which is one read transaction: a step that finds that others wrote
        // since the one before would start from the beginning, for ever. With write-ahead logging
        // nobody waits for a reader.
        let backup = Backup::new(source, &mut copy)?;
        if backup.step(-1)? != StepResult::Done {
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(busy, None));
        }
    }
    // One file with no log beside it, whatever is done with it next.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let finding: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    copy.close().map_err(|(_, error)| error)?;
    Ok((finding != "ok").then_some(finding))
}

fn sync(to: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(to)?.sync_all()?;
    sync_folder(to)
}

fn not_written(
    to: &Path,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BackupError {
    BackupError::NotWritten { path: to.to_owned(), source: error.into() }
}
