use std::time::Duration;

use vestibule_core::Timestamp;
use vestibule_core::drive::blocking;

/// A store under test: one place where it keeps its data, and how to open it there.
///
/// A value is one place: a folder, a database, a schema, a map. Dropping it may remove what is
/// kept there; each clause makes a fresh one for itself. What cannot be opened panics: that is a
/// failed test.
pub trait Subject: Sized + Sync {
    /// One handle on the data, as one instance of Vestibule would hold it. An async store is
    /// wrapped in [`Blocking`](super::Blocking). It borrows nothing: a thread that hangs in it is
    /// left behind.
    type Store: blocking::Store + Send + Sync + 'static;

    /// How many records a store is filled with to see whether it forgets some.
    const MANY: usize = 2_000;

    /// How long a [`List`](vestibule_core::List) of this store may lag. The contract allows five
    /// seconds; a store that promises more can be held to it.
    const LIST_LAG: Duration = Duration::from_secs(5);

    /// A fresh place, with nothing in it.
    fn fresh() -> Self;

    /// Opens the store at this place, as another instance would: the more of its own a handle has
    /// (connections, caches), the more the clauses find. Several are open at the same time; a store
    /// that can be open only once hands out clones of one handle.
    fn open(&self) -> Self::Store;

    /// The place as text, from which another process finds it with [`Subject::at`]. `None` where
    /// the data ends with the process: clauses about processes are then not asked.
    fn address(&self) -> Option<String> {
        None
    }

    /// The place at an address. Asked for in other processes and never dropped there, so that the
    /// place stays.
    fn at(address: &str) -> Option<Self> {
        let _ = address;
        None
    }

    /// Forgets what may be forgotten at a time, as the store does by itself now and then. `false`
    /// where that cannot be asked for: clauses about sweeping are then not asked.
    fn sweep(store: &Self::Store, now: Timestamp) -> bool {
        let _ = (store, now);
        false
    }
}
