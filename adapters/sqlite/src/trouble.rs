//! What the operator is told: why the store cannot work, or that it works again.

use std::fmt;
use std::path::PathBuf;

use vestibule_core::RecordKey;

use crate::error::OpenError;
use crate::kind::Kind;

/// Why the store answers "unavailable", or that it no longer does.
///
/// Each kind is told once, when it begins, and again only after it was over; what is read and what
/// is written, separately. That something else succeeds does not end it: damage is over once what
/// met it succeeds, and a lack of space once a new record fits that is as long. Damaged records are
/// told one by one, up to 16 at a time. As text it says what is wrong and what to do; it holds no
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// Another process holds the lock for longer than was waited.
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// The disk is full, or the file as long as it may be.
    Full {
        /// The store's file.
        path: PathBuf,
    },
    /// The file can no longer be written.
    ReadOnly {
        /// The store's file.
        path: PathBuf,
    },
    /// What is in the file is not what was written.
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// Which record it is, where it is known to be one.
        key: Option<RecordKey>,
        /// What was found.
        detail: String,
    },
    /// The file was moved, deleted or replaced while it was open.
    Moved {
        /// The store's file.
        path: PathBuf,
    },
    /// Something else, such as an error of the disk.
    Other {
        /// The store's file.
        path: PathBuf,
        /// What SQLite or the operating system says.
        detail: String,
    },
    /// All that was told before is over.
    Recovered {
        /// The store's file.
        path: PathBuf,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { path } => write!(
                f,
                "{}: another program has locked the database; end it if it does not end by \
                 itself. Nothing that was answered is lost",
                path.display()
            ),
            Self::Full { path } => write!(
                f,
                "{}: the disk is full, or the file as long as it may be; free space, allow more, \
                 or move the file. Nothing that was answered is lost",
                path.display()
            ),
            Self::ReadOnly { path } => write!(
                f,
                "{}: the file has become read-only; let the user that runs this program write it \
                 and its folder, and look whether the file system was remounted after an error. \
                 Nothing that was answered is lost",
                path.display()
            ),
            Self::Corrupt { path, key, detail } => {
                write!(f, "{}: the database is damaged (", path.display())?;
                if let Some(key) = key {
                    write!(f, "record {}: ", key.as_str())?;
                }
                write!(
                    f,
                    "{detail}); what cannot be read is refused. Check the disk, then stop the \
                     program and put a backup in the file's place"
                )
            }
            Self::Moved { path } => write!(
                f,
                "{}: the file was moved, deleted or replaced while it was open, and nothing is \
                 written any more; put it back, or restart the program to use the file that is \
                 there now",
                path.display()
            ),
            Self::Other { path, detail } => write!(
                f,
                "{}: the database cannot be used ({detail}); look at the disk and at the system's \
                 log. Nothing that was answered is lost",
                path.display()
            ),
            Self::Recovered { path } => {
                write!(f, "{}: the database works again", path.display())
            }
        }
    }
}

/// Something failed.
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    detail: String,
    /// With which record.
    key: Option<RecordKey>,
    /// The file could not even be opened, whatever was wanted of it.
    pub(crate) unopened: bool,
}

impl Fault {
    /// In this crate, in SQLite's bindings, or in the code of whoever was woken with an answer.
    pub(crate) fn panicked() -> Self {
        let detail = "a panic while it was used, whose message says where".to_owned();
        Self { kind: Kind::Other, detail, key: None, unopened: false }
    }

    pub(crate) fn with(self, key: &RecordKey) -> Self {
        Self { key: Some(key.clone()), ..self }
    }

    /// What is told of it.
    pub(crate) fn of(self, path: PathBuf) -> Trouble {
        let Self { kind, detail, key, .. } = self;
        match kind {
            Kind::Locked => Trouble::Locked { path },
            Kind::Full => Trouble::Full { path },
            Kind::ReadOnly => Trouble::ReadOnly { path },
            Kind::Corrupt => Trouble::Corrupt { path, key, detail },
            Kind::Moved => Trouble::Moved { path },
            Kind::Other => Trouble::Other { path, detail },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let (kind, detail) = (Kind::of(&error), error.to_string());
        Self { kind, detail, key: None, unopened: false }
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        Self { kind: error.kind(), detail: error.to_string(), key: None, unopened: true }
    }
}
