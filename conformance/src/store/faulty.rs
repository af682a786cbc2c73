use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vestibule_core::drive;
use vestibule_core::{List, Load, Page, Record, Swap, Swapped, Unavailable};

/// What becomes of one call to a [`Faulty`] store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// All is well.
    None,
    /// Nothing happens, and nobody learns of it.
    Unavailable,
    /// A write happens, and nobody learns of it: its acknowledgement is lost. A read does not come
    /// back.
    AppliedButUnavailable,
    /// A write is still on its way when "unavailable" is answered: it happens just before the next
    /// write, or at [`Faulty::arrive`]. A read does not come back.
    AppliedLater,
}

/// Makes a store fail on demand, blocking or async: for tests of what stands on a store.
///
/// Each call takes the next [`Fault`] of a script; once the script is over, all is well. Nothing is
/// left to chance, so that a failure can be looked at again.
///
/// ```
/// use vestibule_conformance::store::{Fault, Faulty};
/// use vestibule_core::drive::blocking::Store;
/// use vestibule_core::{Load, MemoryStore, RecordKey, Swap, Swapped, Unavailable};
/// # use vestibule_core::{Record, Timestamp, Version};
/// # let record = Record {
/// #     version: Version::from_bytes([1; 16]),
/// #     owner: None,
/// #     expires_at: Timestamp::MAX,
/// #     bytes: "sealed".into(),
/// # };
/// let key = RecordKey::from_stored("grant/00".to_owned());
/// let create = Swap::new(key.clone(), None, Some(record.clone()));
///
/// let store = Faulty::new(MemoryStore::new(), [Fault::AppliedButUnavailable]);
/// assert_eq!(store.swap(create.clone()), Err(Unavailable));
/// // It happened all the same:
/// assert_eq!(store.load(Load::fresh(key)), Ok(Some(record)));
/// assert_eq!(store.swap(create), Ok(Swapped::Conflict));
/// ```
#[derive(Debug, Default)]
pub struct Faulty<S> {
    store: S,
    script: Mutex<VecDeque<Fault>>,
    late: Mutex<VecDeque<Swap>>,
}

impl<S> Faulty<S> {
    /// A store whose next calls meet these faults, in this order.
    pub fn new(store: S, script: impl IntoIterator<Item = Fault>) -> Self {
        Self { store, script: Mutex::new(script.into_iter().collect()), late: Mutex::default() }
    }

    /// Adds a fault to the end of the script.
    pub fn then(&self, fault: Fault) {
        lock(&self.script).push_back(fault);
    }

    /// How many faults of the script are still to come.
    pub fn faults_left(&self) -> usize {
        lock(&self.script).len()
    }

    /// The store itself, which never fails on demand.
    pub fn inner(&self) -> &S {
        &self.store
    }

    fn next(&self) -> Fault {
        lock(&self.script).pop_front().unwrap_or(Fault::None)
    }

    /// One at a time, so that the lock is not held while the store is asked.
    fn next_late(&self) -> Option<Swap> {
        lock(&self.late).pop_front()
    }
}

impl<S: drive::blocking::Store> Faulty<S> {
    /// Lets the writes arrive that are still on their way.
    pub fn arrive(&self) {
        while let Some(swap) = self.next_late() {
            // Nobody waits for its answer any more.
            let _ = self.store.swap(swap);
        }
    }
}

impl<S: drive::Store> Faulty<S> {
    /// The async twin of [`Faulty::arrive`].
    pub async fn arrive_async(&self) {
        while let Some(swap) = self.next_late() {
            let _ = self.store.swap(swap).await;
        }
    }
}

impl<S: drive::blocking::Store> drive::blocking::Store for Faulty<S> {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        match self.next() {
            Fault::None => self.store.load(load),
            Fault::Unavailable | Fault::AppliedButUnavailable | Fault::AppliedLater => {
                Err(Unavailable)
            }
        }
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.arrive();
        match self.next() {
            Fault::None => return self.store.swap(swap),
            Fault::Unavailable => {}
            Fault::AppliedButUnavailable => drop(self.store.swap(swap)),
            Fault::AppliedLater => lock(&self.late).push_back(swap),
        }
        Err(Unavailable)
    }

    fn list(&self, list: List) -> Result<Page, Unavailable> {
        match self.next() {
            Fault::None => self.store.list(list),
            Fault::Unavailable | Fault::AppliedButUnavailable | Fault::AppliedLater => {
                Err(Unavailable)
            }
        }
    }
}

/// What is asked of the store is decided when the call is made, as with the blocking twin.
impl<S: drive::Store> drive::Store for Faulty<S> {
    fn load(&self, load: Load) -> impl Future<Output = Result<Option<Record>, Unavailable>> + Send {
        let fault = self.next();
        async move {
            match fault {
                Fault::None => self.store.load(load).await,
                Fault::Unavailable | Fault::AppliedButUnavailable | Fault::AppliedLater => {
                    Err(Unavailable)
                }
            }
        }
    }

    fn swap(&self, swap: Swap) -> impl Future<Output = Result<Swapped, Unavailable>> + Send {
        let fault = self.next();
        async move {
            self.arrive_async().await;
            match fault {
                Fault::None => return self.store.swap(swap).await,
                Fault::Unavailable => {}
                Fault::AppliedButUnavailable => drop(self.store.swap(swap).await),
                Fault::AppliedLater => lock(&self.late).push_back(swap),
            }
            Err(Unavailable)
        }
    }

    fn list(&self, list: List) -> impl Future<Output = Result<Page, Unavailable>> + Send {
        let fault = self.next();
        async move {
            match fault {
                Fault::None => self.store.list(list).await,
                Fault::Unavailable | Fault::AppliedButUnavailable | Fault::AppliedLater => {
                    Err(Unavailable)
                }
            }
        }
    }
}

/// Nothing panics while a lock is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
