//! Why a store could not be opened or copied, and what to do about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::kind::Kind;
use crate::migrate::SCHEMA_VERSION;

/// The file could not be opened as a store. No record in it was changed.
///
/// A file that is not Vestibule's, or newer than this program, was not written to. Any other may by
/// then have been created, switched to write-ahead logging and brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder of the file does not exist.
    #[error(
        "{}: there is no folder {}; create it, or name another file", path.display(),
        folder.display()
    )]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// What is missing.
        folder: PathBuf,
    },
    /// The file does not exist, or there is nothing in it, and
    /// [`Options::create`](crate::Options::create) is false.
    #[error("{}: there is no store here; name the file of one", path.display())]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// There is a folder in the file's place.
    #[error("{}: this is a folder; name a file in it", path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system does not let this user open or create the file.
    #[error(
        "{}: permission denied; let the user that runs this program read and write the file and \
         its folder", path.display()
    )]
    NotPermitted {
        /// The file.
        path: PathBuf,
    },
    /// The file can be read but not written.
    #[error(
        "{}: the file is read-only; let the user that runs this program write the file and its \
         folder, or put it on a file system that is mounted for writing", path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than an SQLite database.
    #[error(
        "{}: this is no SQLite database; name another file, or put a backup in its place",
        path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is another application's database.
    #[error(
        "{}: this database is another application's (application_id {application_id}); name \
         another file", path.display()
    )]
    NotVestibules {
        /// The file.
        path: PathBuf,
        /// Whose it says it is; 0: it does not say.
        application_id: i32,
    },
    /// A newer version wrote the file.
    #[error(
        "{}: its tables are of version {found} and this program knows versions up to \
         {SCHEMA_VERSION}; use the newer program, or a backup from before the update",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i32,
    },
    /// The file is damaged.
    #[error(
        "{}: the database is damaged; put a backup in its place, together with no file that ends \
         in -wal or -shm", path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another process holds the file's lock.
    #[error(
        "{}: another program has locked the database for longer than was waited; end it, or start \
         again later", path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// There is no space left, or no more may be used.
    #[error("{}: no space left; free some, or move the file", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file is not the one that was opened first.
    #[error(
        "{}: the file was moved, deleted or replaced; put it back, or restart the program",
        path.display()
    )]
    Moved {
        /// The file.
        path: PathBuf,
    },
    /// SQLite does not keep what is written here as it must.
    #[error(
        "{}: SQLite cannot write durably here ({setting} is {found}); put the file on a local \
         file system", path.display()
    )]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// SQLite's name of the setting.
        setting: &'static str,
        /// What it is and should not be.
        found: String,
    },
    /// A thread could not be started.
    #[error("{}: the store's threads could not be started", path.display())]
    NoThread {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something else.
    #[error("{}: the file could not be opened", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What SQLite or the operating system says.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let code = error.sqlite_error_code();
        match Kind::of(&error) {
            _ if code == Some(rusqlite::ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Kind::Locked => Self::Locked { path },
            Kind::Full => Self::Full { path },
            Kind::ReadOnly => Self::ReadOnly { path },
            Kind::Corrupt => Self::Corrupt { path, source: error.into() },
            Kind::Moved => Self::Moved { path },
            Kind::Other => Self::Other { path, source: error.into() },
        }
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        let kind = error.kind();
        if kind == io::ErrorKind::PermissionDenied {
            return Self::NotPermitted { path };
        }
        if kind == io::ErrorKind::ReadOnlyFilesystem {
            return Self::ReadOnly { path };
        }
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::Full { path };
        }
        Self::Other { path, source: error.into() }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Locked { .. } => Kind::Locked,
            Self::Full { .. } => Kind::Full,
            Self::ReadOnly { .. } => Kind::ReadOnly,
            Self::Corrupt { .. } | Self::NotADatabase { .. } => Kind::Corrupt,
            Self::Moved { .. } | Self::NotVestibules { .. } | Self::Newer { .. } => Kind::Moved,
            Self::NoFolder { .. }
            | Self::NoStore { .. }
            | Self::IsFolder { .. }
            | Self::NotPermitted { .. }
            | Self::NotDurable { .. }
            | Self::NoThread { .. }
            | Self::Other { .. } => Kind::Other,
        }
    }
}

/// No backup was made, and what there was of one is removed.
///
/// There are two exceptions. A file that cannot be removed either stays, and its name ends in
/// `.partial`. And where only the folder could not be synced, the copy is whole and in its place,
/// but its name may not survive a power loss.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is a file in the place of the backup.
    #[error("{}: the file exists, and backups overwrite nothing; name another", path.display())]
    Exists {
        /// The file that exists.
        path: PathBuf,
    },
    /// There is a backup that was begun under this name and not ended: one that is being made, or
    /// one whose process was killed. Which of them, nobody can say.
    #[error(
        "{}: this is left of a backup that was begun before; wait for it if it is still being \
         made, or delete this file if not", path.display()
    )]
    Unfinished {
        /// What there is of it.
        path: PathBuf,
    },
    /// The file could not be created.
    #[error(
        "{}: the file could not be created; name a folder that exists and that the user who runs \
         this program may write", path.display()
    )]
    NotCreated {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The store could not be opened.
    #[error(transparent)]
    NotOpened(OpenError),
    /// The store could not be read.
    #[error("{}: the store could not be read", path.display())]
    Source {
        /// The store's file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The copy could not be written.
    #[error("{}: the copy could not be written; is there space left?", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The copy is damaged, as the store itself must be.
    #[error(
        "{}: the store is damaged ({finding}); keep the backups that there are and put the last \
         whole one in its place", path.display()
    )]
    Damaged {
        /// The store's file.
        path: PathBuf,
        /// What SQLite's check found first.
        finding: String,
    },
}
