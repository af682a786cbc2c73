//! What the tests of the store have in common.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses some of it")]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use rusqlite::Connection;
use vestibule_core::drive::blocking::Store;
use vestibule_core::store::{List, Load, Owner, Page, Swap, Swapped, Version};
use vestibule_core::{Record, RecordKey, Timestamp, Unavailable};
use vestibule_sqlite::{Options, SqliteStore, Trouble};

/// A folder with a store's file in it; both go away with it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

pub(crate) fn place() -> Place {
    Place { folder: tempfile::tempdir().unwrap() }
}

impl Place {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("vestibule.db")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(self.file()).unwrap()
    }

    pub(crate) fn open_with(&self, change: impl FnOnce(&mut Options)) -> SqliteStore {
        let mut options = Options::default();
        change(&mut options);
        SqliteStore::open_with(self.file(), options).unwrap()
    }

    /// The file as another process has it.
    pub(crate) fn another(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

/// Hears what the store has to say of itself.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Trouble>>>);

impl Heard {
    pub(crate) fn listen(&self, options: &mut Options) {
        let heard = Arc::clone(&self.0);
        options.on_trouble = Arc::new(move |trouble| heard.lock().unwrap().push(trouble.clone()));
    }

    /// The names of what was heard so far.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let name = |trouble: &Trouble| match trouble {
            Trouble::Locked { .. } => "locked",
            Trouble::Full { .. } => "full",
            Trouble::ReadOnly { .. } => "read-only",
            Trouble::Corrupt { .. } => "corrupt",
            Trouble::Moved { .. } => "moved",
            Trouble::Other { .. } => "other",
            Trouble::Recovered { .. } => "recovered",
            _ => "unknown",
        };
        self.0.lock().unwrap().iter().map(name).collect()
    }

    /// The keys of the damaged records that were heard of.
    pub(crate) fn keys(&self) -> Vec<RecordKey> {
        let key = |trouble: &Trouble| {
            if let Trouble::Corrupt { key, .. } = trouble { key.clone() } else { None }
        };
        self.0.lock().unwrap().iter().filter_map(key).collect()
    }

    pub(crate) fn last(&self) -> Option<Trouble> {
        self.0.lock().unwrap().last().cloned()
    }
}

pub(crate) fn key(n: u32) -> RecordKey {
    RecordKey::from_stored(format!("grant/{n:08x}"))
}

pub(crate) fn version(n: u32) -> Version {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Version::from_bytes(bytes)
}

pub(crate) const OWNER: Owner = Owner::from_bytes([9; 16]);

pub(crate) fn record(n: u32) -> Record {
    Record {
        version: version(n),
        owner: Some(OWNER),
        expires_at: Timestamp::from_seconds(1000),
        bytes: format!("sealed {n}").into_bytes().into(),
    }
}

pub(crate) fn long(n: u32) -> Record {
    Record { bytes: vec![n as u8; Record::MAX_BYTES].into(), ..record(n) }
}

pub(crate) fn swap(
    store: &SqliteStore,
    n: u32,
    expected: Option<u32>,
    next: Option<u32>,
) -> Swapped {
    try_swap(store, n, expected, next).unwrap()
}

pub(crate) fn try_swap(
    store: &SqliteStore,
    n: u32,
    expected: Option<u32>,
    next: Option<u32>,
) -> Result<Swapped, Unavailable> {
    Store::swap(store, Swap::new(key(n), expected.map(version), next.map(record)))
}

pub(crate) fn put(store: &SqliteStore, n: u32, record: Record) -> Result<Swapped, Unavailable> {
    Store::swap(store, Swap::new(key(n), None, Some(record)))
}

pub(crate) fn load(store: &SqliteStore, n: u32) -> Result<Option<Record>, Unavailable> {
    Store::load(store, Load::fresh(key(n)))
}

pub(crate) fn list(
    store: &SqliteStore,
    owner: Owner,
    after: Option<RecordKey>,
    limit: usize,
) -> Result<Page, Unavailable> {
    Store::list(store, List::new(owner, after, limit))
}

/// The smallest of runtimes.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Lets a future begin, which queues what it asks, and says whether it has ended already.
pub(crate) fn begin<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
