//! Telling the operator, once, that the store cannot work, and that it works again.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vestibule_core::RecordKey;

use crate::error::OpenError;
use crate::kind::Kind;

/// Who is told.
pub(crate) type OnTrouble = Arc<dyn Fn(&Trouble) + Send + Sync>;

/// Why the store answers "unavailable", or that it no longer does.
///
/// It is told when it begins and when it turns into another kind, not with each request, and
/// separately for what is read and what is written. As text it says what is wrong and what to do;
/// it holds no secret.
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
    /// What failed before has succeeded.
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
            Self::Corrupt { path, detail } => write!(
                f,
                "{}: the database is damaged ({detail}); what cannot be read is refused. Check \
                 the disk, then stop the program and put a backup in the file's place",
                path.display()
            ),
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
}

impl Fault {
    /// In this crate, in SQLite's bindings, or in the code of whoever was woken with an answer.
    pub(crate) fn panicked() -> Self {
        let detail = "a panic while it was used, whose message says where".to_owned();
        Self { kind: Kind::Other, detail }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self { kind: Kind::of(&error), detail: error.to_string() }
    }
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        Self { kind: error.kind(), detail: error.to_string() }
    }
}

/// Who fails and succeeds: reading may work where writing does not.
#[derive(Clone, Copy)]
pub(crate) enum Doing {
    Reading,
    Writing,
}

/// Knows what was told already.
pub(crate) struct Reporter {
    path: PathBuf,
    listener: OnTrouble,
    standing: [Mutex<Option<Standing>>; 2],
}

/// A trouble that was told and is not over.
struct Standing {
    kind: Kind,
    /// A record that could not be read. That others can be says nothing about it.
    key: Option<RecordKey>,
}

impl Reporter {
    pub(crate) fn new(path: &Path, listener: OnTrouble) -> Arc<Self> {
        Arc::new(Self { path: path.to_owned(), listener, standing: Default::default() })
    }

    /// Work failed, with the record under `key` if it was one record's.
    pub(crate) fn failed(&self, doing: Doing, fault: Fault, key: Option<&RecordKey>) {
        let Fault { kind, detail } = fault;
        {
            let mut standing = self.standing(doing);
            if standing.as_ref().is_some_and(|standing| standing.kind == kind) {
                return;
            }
            let key = key.filter(|_| kind == Kind::Corrupt).cloned();
            *standing = Some(Standing { kind, key });
        }
        let path = self.path.clone();
        self.tell(&match kind {
            Kind::Locked => Trouble::Locked { path },
            Kind::Full => Trouble::Full { path },
            Kind::ReadOnly => Trouble::ReadOnly { path },
            Kind::Corrupt => Trouble::Corrupt { path, detail },
            Kind::Moved => Trouble::Moved { path },
            Kind::Other => Trouble::Other { path, detail },
        });
    }

    /// Work succeeded, with the records of which `among` is true.
    pub(crate) fn worked(&self, doing: Doing, among: impl Fn(&RecordKey) -> bool) {
        {
            let mut standing = self.standing(doing);
            let over = match standing.as_ref() {
                None => false,
                Some(Standing { key: None, .. }) => true,
                Some(Standing { key: Some(key), .. }) => among(key),
            };
            if !over {
                return;
            }
            *standing = None;
        }
        self.tell(&Trouble::Recovered { path: self.path.clone() });
    }

    /// No lock is held here: whoever listens may use the store.
    fn tell(&self, trouble: &Trouble) {
        // The panic hook has printed where; the store lives on.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.listener)(trouble)));
    }

    fn standing(&self, doing: Doing) -> MutexGuard<'_, Option<Standing>> {
        let [reading, writing] = &self.standing;
        let standing = match doing {
            Doing::Reading => reading,
            Doing::Writing => writing,
        };
        standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
