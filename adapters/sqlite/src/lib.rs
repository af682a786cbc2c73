//! Vestibule's embedded store: records in one SQLite file, no server to run.
//!
//! ```no_run
//! use vestibule_sqlite::{Options, SqliteStore};
//!
//! # fn run() -> Result<(), vestibule_sqlite::OpenError> {
//! let mut options = Options::default();
//! options.on_trouble = std::sync::Arc::new(|trouble| eprintln!("{trouble}"));
//! let store = SqliteStore::open_with("vestibule.db", options)?;
//! # Ok(()) }
//! ```
//!
//! [`SqliteStore`] is a [`Store`](vestibule_core::drive::Store) for async code, on any runtime, and
//! a [`blocking::Store`](vestibule_core::drive::blocking::Store) for code without. Both at once is
//! fine, and so are several processes on one file.
//!
//! ```text
//!  swap ──▶ bounded queue ──▶ writer ──▶ BEGIN, all that waited, COMMIT + sync ──▶ answers
//!  load ──▶ cache, if the answer may be old
//!       ├─▶ found at once, on the thread that asks
//!       └─▶ bounded queue ──▶ reader ──▶ answers
//!  list ──▶ bounded queue ──▶ reader ──▶ answers
//!  sweep ─▶ writer, when nothing waits
//! ```
//!
//! One sync of the disk costs a hundred times what a swap costs, so swaps that wait share one. To
//! find a record costs less than to ask another thread for it, so loads are answered where they are
//! asked, as long as no lock need be waited for. A disk that hangs holds up those threads, no more
//! of them than [`Options::loads_at_once`] says, and whoever calls [`SqliteStore::backup`]; nobody
//! else's thread waits for it.
//!
//! What SQLite cannot do is answered with [`Unavailable`](vestibule_core::Unavailable), and
//! [`Options::on_trouble`] is told once why, until it is over. A disk that was full and no longer
//! is, a lock that is released, a file that may be written again: the store works again by itself.
//!
//! The file belongs on a local file system: write-ahead logging shares memory between processes,
//! which no network file system does. Copy it with [`SqliteStore::backup`], not with `cp`, which
//! misses what is still in the log.

mod answer;
mod backup;
mod cache;
mod error;
mod file;
mod kind;
mod migrate;
mod near;
mod options;
mod place;
mod queue;
mod reader;
mod report;
mod row;
mod settings;
mod store;
mod sweep;
mod trouble;
mod writer;

pub use answer::Answer;
pub use error::{BackupError, OpenError};
pub use options::Options;
pub use settings::Settings;
pub use store::{SqliteStore, Stats};
pub use trouble::Trouble;
