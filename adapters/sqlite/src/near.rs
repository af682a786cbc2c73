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

/// How many pages each connection keeps, at most 1 MiB: what leads to all records. SQLite lets go of
/// them whenever another connection has written.
const PAGES_KEPT: i64 = 256;

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
        let set = connection
            .pragma_update(None, "cache_size", PAGES_KEPT)
            .and_then(|()| connection.busy_timeout(Duration::ZERO));
        if set.is_ok() {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn nobody_waits_for_a_connection_or_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::default();
        let (place, _writes) =
            Place::prepare(&folder.path().join("vestibule.db"), &options).unwrap();
        let reporter = Reporter::new(place.path(), options.on_trouble);
        let near = Near::new(place, 1, reporter);
        let key = RecordKey::from_stored("grant/01".to_owned());
        assert_eq!(near.load(&key), None, "no connection is opened here");
        near.open_one();
        assert_eq!(near.load(&key), Some(None));
        let slot = near.connections[0].lock().unwrap();
        assert_eq!(near.load(&key), None, "others have it");
        let timeout = "busy_timeout";
        let connection = slot.as_ref().unwrap();
        let timeout = connection.pragma_query_value(None, timeout, |row| row.get::<_, i64>(0));
        assert_eq!(timeout, Ok(0));
        drop(slot);
        assert_eq!(near.load(&key), Some(None));
        near.close();
        assert_eq!(near.load(&key), None);
    }
}
