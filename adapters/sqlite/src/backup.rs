//! A copy of the store while it is in use.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::BackupError;
use crate::file::{create_new, sync_folder};
use crate::kind::Kind;
use crate::place::Place;

/// Copies a store that this process has open.
pub(crate) fn backup(place: &Place, to: &Path) -> Result<(), BackupError> {
    let source = place.reading().map_err(BackupError::NotOpened)?;
    copy_all(place, &source, to)
}

/// Copies a store that this process need not have open, as it is.
pub(crate) fn backup_of(path: &Path, to: &Path) -> Result<(), BackupError> {
    let (place, source) = Place::to_read(path).map_err(BackupError::NotOpened)?;
    copy_all(&place, &source, to)
}

/// The copy comes to be under another name and gets its own once it is whole and on the disk: who
/// finds the file has a backup, whatever became of this process.
fn copy_all(place: &Place, source: &Connection, to: &Path) -> Result<(), BackupError> {
    let path = to.to_owned();
    let to = std::path::absolute(to).map_err(|source| BackupError::NotCreated { path, source })?;
    // It is not overwritten at the end either, but then everything would have been copied in vain.
    if is_taken(&to) {
        return Err(BackupError::Exists { path: to });
    }
    let partial = partial(&to)?;
    let made = match copy(source, &partial) {
        Ok(None) => sync(&partial)
            .map_err(|error| not_written(&partial, error))
            .and_then(|()| name(&partial, &to)),
        Ok(Some(finding)) => Err(BackupError::Damaged { path: place.path().to_owned(), finding }),
        // What is new can be neither of these.
        Err(error) if matches!(Kind::of(&error), Kind::Corrupt | Kind::Locked) => {
            let path = place.path().to_owned();
            Err(BackupError::Source { path, source: error.into() })
        }
        Err(error) => Err(not_written(&partial, error)),
    };
    if made.is_err() {
        // What cannot be removed stays, under a name that says what it is.
        let _ = fs::remove_file(&partial);
        remove_logs(&partial);
    }
    made?;
    sync_folder(&to).map_err(|error| not_written(&to, error))
}

fn is_taken(path: &Path) -> bool {
    // Also by a link that leads nowhere.
    fs::symlink_metadata(path).is_ok()
}

/// Makes the file that becomes the backup.
fn partial(to: &Path) -> Result<PathBuf, BackupError> {
    let path = with_suffix(to, ".partial");
    match create_new(&path) {
        Ok(file) => drop(file),
        // Whether another process is at work on it cannot be said, so it is not replaced.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Unfinished { path });
        }
        Err(source) => return Err(BackupError::NotCreated { path, source }),
    }
    // Those of a backup that was killed and whose file was deleted since.
    remove_logs(&path);
    Ok(path)
}

/// Gives a whole copy its name, unless there is something under it.
fn name(partial: &Path, to: &Path) -> Result<(), BackupError> {
    let named = match fs::hard_link(partial, to) {
        Ok(()) => {
            // A second name does no harm.
            let _ = fs::remove_file(partial);
            Ok(())
        }
        // Where files have one name each, such as on FAT, nothing better can be had than to look
        // first.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) && !is_taken(to) =>
        {
            fs::rename(partial, to)
        }
        Err(error) => Err(error),
    };
    named.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return BackupError::Exists { path: to.to_owned() };
        }
        not_written(to, error)
    })
}

/// Removes what SQLite leaves beside a file that was not closed.
fn remove_logs(path: &Path) {
    for suffix in ["-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(with_suffix(path, suffix));
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
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
    OpenOptions::new().write(true).open(to)?.sync_all()
}

fn not_written(
    to: &Path,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BackupError {
    BackupError::NotWritten { path: to.to_owned(), source: error.into() }
}
