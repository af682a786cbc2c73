//! Loads that are answered on the thread that asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use rusqlite::Connection;
use vestibule_core::{Record, RecordKey};

use crate::kind::Kind;
use crate::place::Place;
use crate::report::{Doing, Reporter};
use crate::row;
use crate::trouble::Fault;

/// How many pages each connection keeps, at most 1 MiB: what leads to all records. SQLite lets go
/// of them whenever another connection has written.
const PAGES_KEPT: i64 = 256;

/// Connections for whoever has the time for a short read.
///
/// To find one record takes SQLite a few microseconds, and to have another thread find it takes
/// several times that. What an asynchronous caller gives up for it is small, but nothing bounds it:
///
/// * The few pages on the way to a record, and where the file is, come from the system's memory, or
///   from the disk where nobody has asked for long. A disk that hangs holds up as many threads as
///   there are connections here.
/// * No lock is waited for, but SQLite itself sleeps where others change the log's index each time
///   that it looks: in rare races for moments, and for less than 10 seconds before it gives up.
///
/// No file is opened and nothing told here. Whatever is not as usual is for the thread that may
/// take its time: see [`Reader`](crate::reader::Reader).
pub(crate) struct Near {
    place: Place,
    /// `None`: none was needed there yet, or trouble has spoiled it.
    connections: Box<[Mutex<Option<Connection>>]>,
    closed: AtomicBool,
    reporter: Arc<Reporter>,
}

impl Near {
    /// At most so many read at once.
    pub(crate) fn new(place: Place, at_once: usize, reporter: Arc<Reporter>) -> Self {
        let connections = (0..at_once).map(|_| Mutex::new(None)).collect();
        let place = place.without_waiting();
        Self { place, connections, closed: AtomicBool::new(false), reporter }
    }

    /// The record under a key, if it can be found here and now. What failed, if it was tried, is
    /// for the thread that reads to tell.
    pub(crate) fn load(&self, key: &RecordKey) -> Result<Option<Record>, Option<Fault>> {
        // Who tells that trouble is over must meet all that could say so.
        if self.reporter.is_in_trouble(Doing::Reading, key) {
            return Err(None);
        }
        let slot = self.connections.iter().find_map(|slot| match slot.try_lock() {
            Ok(slot) => slot.is_some().then_some(slot),
            // Whoever panicked there has taken the connection with it.
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => None,
        });
        let Some(mut slot) = slot else { return Err(None) };
        // What others write to a file that took its place would never be seen.
        self.place.still_there().map_err(|error| Some(Fault::from(error)))?;
        let Some(connection) = slot.take() else { return Err(None) };
        // A panic costs the connection.
        let found = catch_unwind(AssertUnwindSafe(|| row::load(&connection, key)));
        let found = found.map_or_else(|_| Err(Fault::panicked()), |found| Ok(found?));
        if !matches!(&found, Err(fault) if fault.kind.spoils_the_connection()) {
            *slot = Some(connection);
        }
        // That a lock would have to be waited for is no trouble yet.
        found.map_err(|fault| Some(fault).filter(|fault| fault.kind != Kind::Locked))
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
        // Looked at under the slot's lock, which who closes takes after saying so.
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        // Others wait for this thread. What fails here fails for the thread itself, which tells it.
        let Ok(connection) = self.place.reading() else { return };
        if connection.pragma_update(None, "cache_size", PAGES_KEPT).is_ok() {
            *slot = Some(connection);
        }
    }

    /// Before the connection that writes, which is the last to close.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        for slot in &self.connections {
            drop(slot.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::answer::pair;
    use crate::cache::Cache;
    use crate::options::Options;
    use crate::reader::{Question, Reader};
    use crate::trouble::Trouble;

    fn near(folder: &Path, options: &Options) -> Near {
        let (place, _writes) = Place::prepare(&folder.join("vestibule.db"), options).unwrap();
        let reporter = Reporter::new(place.path(), Arc::clone(&options.on_trouble));
        Near::new(place, 1, reporter)
    }

    fn key() -> RecordKey {
        RecordKey::from_stored("grant/01".to_owned())
    }

    #[test]
    fn nobody_waits_for_a_connection_or_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let near = near(folder.path(), &Options::default());
        let elsewhere = || matches!(near.load(&key()), Err(None));
        let here = || matches!(near.load(&key()), Ok(None));
        assert!(elsewhere(), "no connection is opened here");
        near.open_one();
        assert!(here());
        let slot = near.connections[0].lock().unwrap();
        assert!(elsewhere(), "others have it");
        let timeout = "busy_timeout";
        let connection = slot.as_ref().unwrap();
        let timeout = connection.pragma_query_value(None, timeout, |row| row.get::<_, i64>(0));
        assert_eq!(timeout, Ok(0));
        drop(slot);
        assert!(here());
        near.close();
        near.open_one();
        assert!(elsewhere(), "it stays closed");
    }

    #[test]
    fn what_fails_near_and_then_succeeds_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let on_trouble = Arc::new(move |trouble: &Trouble| {
            tell.lock().unwrap().push(matches!(trouble, Trouble::Recovered { .. }));
        });
        let near = Arc::new(near(folder.path(), &Options { on_trouble, ..Options::default() }));
        // It has no table of records.
        *near.connections[0].lock().unwrap() = Some(Connection::open_in_memory().unwrap());
        let fault = near.load(&key()).unwrap_err();
        assert_eq!(fault.as_ref().map(|fault| fault.kind), Some(Kind::Other));
        assert!(told.lock().unwrap().is_empty(), "not here");
        let (ask, questions) = sync_channel(1);
        let (reply, answer) = pair();
        assert!(ask.try_send(Question::Load { key: key(), ticket: None, fault, reply }).is_ok());
        drop(ask);
        let reader = Reader {
            place: near.place.clone(),
            connection: None,
            questions,
            near: Arc::clone(&near),
            cache: Arc::new(Cache::new()),
            reporter: Arc::clone(&near.reporter),
        };
        reader.run();
        assert_eq!(answer.wait(), Ok(None));
        assert_eq!(*told.lock().unwrap(), [false, true]);
        assert!(matches!(near.load(&key()), Ok(None)), "with another connection");
    }
}
