use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::limits::Limits;
use crate::usage::{Times, Usage};

/// Who is connected, and who has to go when there are too many.
pub(crate) struct House {
    places: Arc<Semaphore>,
    times: Times,
    guests: Mutex<Guests>,
    /// Told when a connection begins to rest, so that it can be shown out.
    rested: Arc<Notify>,
}

#[derive(Default)]
struct Guests {
    usages: HashMap<u64, Arc<Usage>>,
    next: u64,
}

impl House {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let places = usize::try_from(limits.connections).unwrap_or(usize::MAX);
        Arc::new(Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            times: limits.into(),
            guests: Mutex::default(),
            rested: Arc::default(),
        })
    }

    /// A place for a connection. Where none is free, one that rests is shown out; where none rests
    /// either, the first that does will be.
    pub(crate) async fn enter(self: &Arc<Self>) -> Guest {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return self.guest(place);
            }
            self.show_one_out();
            tokio::select! {
                // Nobody closes the semaphore.
                Ok(place) = Arc::clone(&self.places).acquire_owned() => return self.guest(place),
                () = self.rested.notified() => {}
            }
        }
    }

    fn guest(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Guest {
        let usage = Usage::begun(self.times, Arc::clone(&self.rested));
        let mut guests = self.guests();
        let number = guests.next;
        guests.next += 1;
        guests.usages.insert(number, Arc::clone(&usage));
        Guest { house: Arc::clone(self), number, usage, _place: place }
    }

    /// First those who have never asked anything, then those who have; among these, whoever has
    /// rested longest. So silence keeps no place from anybody, and a proxy's connections go last.
    fn show_one_out(&self) {
        let guests = self.guests();
        if guests.usages.values().any(|usage| usage.is_shown_out()) {
            return;
        }
        loop {
            let resting = guests.usages.values().filter_map(|usage| Some((usage.rests()?, usage)));
            match resting.min_by_key(|(rests, _)| *rests) {
                // It may have been asked something since it was looked at.
                Some((_, usage)) if !usage.show_out() => {}
                Some(_) | None => return,
            }
        }
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        // Nothing that holds it can panic.
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that has a place, until this is dropped.
pub(crate) struct Guest {
    house: Arc<House>,
    number: u64,
    pub(crate) usage: Arc<Usage>,
    /// Given back after the drop below.
    _place: OwnedSemaphorePermit,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.house.guests().usages.remove(&self.number);
    }
}
