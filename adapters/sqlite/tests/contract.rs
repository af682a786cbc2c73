//! The store holds to the contract, threads, processes and kills included, asked through each of its
//! two traits.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use vestibule_conformance::store::{Blocking, Folder, Subject};
use vestibule_core::Timestamp;
use vestibule_sqlite::{Options, SqliteStore};

/// The store in a folder of its own. On a busy machine four of them may wait for each other longer
/// than a request would.
fn open(folder: &Folder) -> SqliteStore {
    let mut options = Options::default();
    options.busy_timeout = Duration::from_secs(60);
    SqliteStore::open_with(folder.path().join("vestibule.db"), options).unwrap()
}

/// For code without async.
struct AsBlocking(Folder);

impl Subject for AsBlocking {
    type Store = SqliteStore;

    fn fresh() -> Self {
        Self(Folder::new().unwrap())
    }

    fn open(&self) -> SqliteStore {
        open(&self.0)
    }

    fn address(&self) -> Option<String> {
        self.0.path().to_str().map(str::to_owned)
    }

    fn at(address: &str) -> Option<Self> {
        Some(Self(Folder::at(address)))
    }

    fn sweep(store: &SqliteStore, now: Timestamp) -> bool {
        store.sweep(now).wait().is_ok()
    }
}

/// For async code, on no runtime at all.
struct AsAsync(Folder);

impl Subject for AsAsync {
    type Store = Blocking<SqliteStore>;

    fn fresh() -> Self {
        Self(Folder::new().unwrap())
    }

    fn open(&self) -> Blocking<SqliteStore> {
        Blocking::without_a_runtime(open(&self.0))
    }

    fn address(&self) -> Option<String> {
        self.0.path().to_str().map(str::to_owned)
    }

    fn at(address: &str) -> Option<Self> {
        Some(Self(Folder::at(address)))
    }

    fn sweep(store: &Blocking<SqliteStore>, now: Timestamp) -> bool {
        store.inner().sweep(now).wait().is_ok()
    }
}

vestibule_conformance::store_contract! { as_blocking: AsBlocking, all }
vestibule_conformance::store_contract! { as_async: AsAsync, all }
