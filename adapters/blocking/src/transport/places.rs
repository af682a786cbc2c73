//! How much may go on at a time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many places, and whoever finds none free waits.
pub(super) struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Places {
    pub(super) fn new(free: usize) -> Arc<Self> {
        Arc::new(Self { free: Mutex::new(free), freed: Condvar::new() })
    }

    /// A place, taken until it is dropped; none if none is free within this time.
    pub(super) fn take(self: &Arc<Self>, within: Duration) -> Option<Place> {
        let waited = self.freed.wait_timeout_while(self.free(), within, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(Arc::clone(self)))
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.freed.notify_one();
    }
}
