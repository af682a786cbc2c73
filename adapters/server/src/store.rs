//! The store that the configuration names, and what becomes of trouble with it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use vestibule_core::drive::{self, Composite};
use vestibule_core::{
    HttpCall, List, Load, MemoryStore, Page, Record, RecordKey, Response, Step, Swap, Swapped,
    Timestamp, Unavailable, Unreachable,
};
use vestibule_hyper::SystemClock;
use vestibule_sqlite::{Options, SqliteStore, Trouble};

use crate::config::StoreUrl;
use crate::say::say;

/// One of the stores that this program has. Its clones are the same store.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Memory(Arc<MemoryStore>),
    Sqlite(SqliteStore),
}

impl Store {
    /// Opens the store of a server; a file that is not there is made.
    pub(crate) fn open(url: &StoreUrl) -> Result<Self, String> {
        match url {
            StoreUrl::Memory => Ok(Self::Memory(Arc::new(MemoryStore::new()))),
            StoreUrl::Sqlite(path) => Ok(Self::Sqlite(open(path, true, log)?)),
        }
    }

    /// Whether grants outlive the process.
    pub(crate) fn is_durable(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Sqlite(_) => true,
        }
    }

    /// Some of what has expired.
    pub(crate) async fn expired(&self, now: Timestamp) -> Vec<(RecordKey, Record)> {
        const AT_ONCE: usize = 100;
        match self {
            Self::Memory(store) => store.expired(now, AT_ONCE),
            Self::Sqlite(store) => store.expired(now, AT_ONCE).await.unwrap_or_default(),
        }
    }

    /// Forgets what has expired; how many records that were.
    pub(crate) async fn sweep(&self, now: Timestamp) -> usize {
        match self {
            Self::Memory(store) => store.sweep(now),
            // Trouble is told by the store itself, and the next sweep will come.
            Self::Sqlite(store) => store.sweep(now).await.unwrap_or_default(),
        }
    }

    /// Drives what needs a store, a clock and nothing else.
    pub(crate) async fn drive<T: 'static>(
        &self,
        step: impl FnOnce(vestibule_core::Tick) -> Step<T>,
    ) -> T {
        let driver =
            Composite { clock: SystemClock, transport: Nowhere, store: self.clone(), mapper: () };
        let step = step(drive::Clock::tick(&driver.clock));
        drive::drive(&driver, step).await
    }
}

/// The file of a store that is used from outside its server. It must be there: one that is made by
/// a slip of the pen would have nothing in it to end.
pub(crate) fn existing(url: &StoreUrl) -> Result<SqliteStore, String> {
    // Who runs a command reads what it says, not a log.
    open(existing_file(url)?, false, |trouble| say(io::stderr(), trouble))
}

/// Where it is.
pub(crate) fn existing_file(url: &StoreUrl) -> Result<&Path, String> {
    match url {
        StoreUrl::Memory => Err("the store is \"memory:\": its grants are in the server's \
            process and end with it; nothing can be done from outside"
            .to_owned()),
        // Where it cannot be said whether it is there, opening it says why.
        StoreUrl::Sqlite(path) if path.try_exists().is_ok_and(|there| !there) => Err(format!(
            "there is no store at {}: `store` in the configuration names it, relative to that \
             file, and `vestibule serve` makes it",
            path.display()
        )),
        StoreUrl::Sqlite(path) => Ok(path),
    }
}

fn open(
    path: &Path,
    create: bool,
    tell: impl Fn(&Trouble) + Send + Sync + 'static,
) -> Result<SqliteStore, String> {
    let mut options = Options::default();
    options.create = create;
    options.on_trouble = Arc::new(tell);
    SqliteStore::open_with(path, options).map_err(|error| error.to_string())
}

/// A line when trouble begins, changes or ends; what requests are answered meanwhile is in their
/// own lines.
fn log(trouble: &Trouble) {
    if let Trouble::Recovered { .. } = trouble {
        tracing::info!(target: "vestibule::store", "{trouble}");
    } else {
        tracing::error!(target: "vestibule::store", "{trouble}");
    }
}

impl drive::Store for Store {
    async fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        match self {
            Self::Memory(store) => drive::Store::load(&**store, load).await,
            Self::Sqlite(store) => drive::Store::load(store, load).await,
        }
    }

    async fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        match self {
            Self::Memory(store) => drive::Store::swap(&**store, swap).await,
            Self::Sqlite(store) => drive::Store::swap(store, swap).await,
        }
    }

    async fn list(&self, list: List) -> Result<Page, Unavailable> {
        match self {
            Self::Memory(store) => drive::Store::list(&**store, list).await,
            Self::Sqlite(store) => drive::Store::list(store, list).await,
        }
    }
}

/// What an operator asks of a store goes nowhere else.
struct Nowhere;

impl drive::Transport for Nowhere {
    async fn http(&self, _: HttpCall) -> Result<Response, Unreachable> {
        Err(Unreachable::NotPermitted)
    }
}
