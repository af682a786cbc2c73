//! Loads that are answered on the thread that asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::Connection;
use vestibule_core::{Record, RecordKey};

use crate::place::Place;
use crate::report::{Doing, Reporter};
use crate::row;
use crate::trouble::Fault;

/// Connections for whoever has the time for a short read.
///
/// To find one record takes SQLite a few microseconds, and to have another thread find it takes
/// several times that. What an asynchronous caller gives up for it is bounded: no lock is waited
/// for, no file opened and nothing reported here; the few pages on the way to a record come from
/// the system's cache, or each costs one access to the disk where nobody has read it for long.
/// Whatever is not as usual is for the thread that may take its time: see
/// [`Reader`](crate::reader::Reader).
pub(crate) struct Near {
    place: Place,
    /// `None`: none was needed there yet, or trouble has spoiled it.
    connections: Box<[Mutex<Option<Connection>>]>,
    reporter: Arc<Reporter>,
}

impl Near {
    /// At most so many read at once.
    pub(crate) fn new(place: Place, at_once: usize, reporter: Arc<Reporter>) -> Self {
        let connections = (0..at_once).map(|_| Mutex::new(None)).collect();
        Self { place, connections, reporter }
    }

    /// The record under a key, if it can be found without waiting for anybody.
    pub(crate) fn load(&self, key: &RecordKey) -> Option<Option<Record>> {
        // Who tells that trouble is over must meet all of it.
        if self.reporter.has_trouble(Doing::Reading) {
            return None;
        }
        let mut slot = self.connections.iter().find_map(|slot| match slot.try_lock() {
            Ok(slot) => slot.is_some().then_some(slot),
            // Whoever panicked there has taken the connection with it.
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => None,
        })?;
        // What others write to a file that took its place would never be seen.
        self.place.still_there().ok()?;
        let connection = slot.take()?;
        // A panic costs the connection; the thread that reads says what comes of it.
        let found = catch_unwind(AssertUnwindSafe(|| row::load(&connection, key))).ok()?;
        let found = found.map_err(Fault::from);
        if !matches!(&found, Err(fault) if fault.kind.spoils_the_connection()) {
            *slot = Some(connection);
        }
        found.ok()
    }

    /// Opens a connection where there is none, so that the next load need not come to the thread
    /// that calls this.
    pub(crate) fn open_one(&self) {
        let empty = self.connections.iter().find_map(|slot| {
            let slot = match slot.try_lock() {
                Ok(slot) => slot,
                Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            };
            slot.is_none().then_some(slot)
        });
        let Some(mut slot) = empty else { return };
        // What fails here fails for the thread itself, which reports it.
        let Ok(connection) = self.place.reading() else { return };
        if connection.busy_timeout(Duration::ZERO).is_ok() {
            *slot = Some(connection);
        }
    }

    /// Before the connection that writes, which is the last to close.
    pub(crate) fn close(&self) {
        for slot in &self.connections {
            drop(slot.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}
