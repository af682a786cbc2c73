//! The store as its users hold it.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use vestibule_core::{
    Freshness, List, Load, Page, Record, RecordKey, Swap, Swapped, Timestamp, Unavailable, drive,
};

use crate::answer::{self, Answer, Reply};
use crate::backup;
use crate::cache::Cache;
use crate::error::{BackupError, OpenError};
use crate::near::Near;
use crate::options::Options;
use crate::place::Place;
use crate::queue::{Queue, Work};
use crate::reader::{Question, Reader, look_up};
use crate::report::Reporter;
use crate::settings::Settings;
use crate::writer::{Writer, Written};

/// Keeps records in one SQLite file.
///
/// It holds to [the storage contract](vestibule_core::store): a swap is answered once it is
/// synced to the disk, and where the store cannot say, it says so. Its clones are the same store.
/// Dropping the last one finishes what is queued, closes the file and ends the threads; it blocks
/// until then.
#[derive(Clone)]
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    place: Place,
    cache: Arc<Cache>,
    /// `None`, like the other one, only while the last clone is dropped. Whoever finds a queue full
    /// is told so at once; nobody waits to get in.
    questions: Option<SyncSender<Question>>,
    work: Option<SyncSender<Work>>,
    written: Arc<Written>,
    near: Arc<Near>,
    reader: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, or creates it with mode 0600 in a folder that exists. A file of an older
    /// version is brought up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the file and what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the file and what to do.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let (place, connection) = Place::prepare(path.as_ref(), &options)?;
        let reporter = Reporter::new(place.path(), Arc::clone(&options.on_trouble));
        // The slots are there from the beginning.
        let waiting_at_most = options.waiting_at_most.clamp(1, 65_536);
        let (questions, asked) = sync_channel(waiting_at_most);
        let (work, to_do) = sync_channel(waiting_at_most);
        let at_once = options.loads_at_once.min(16);
        let mut shared = Shared {
            place: place.clone(),
            cache: Arc::new(Cache::new()),
            questions: Some(questions),
            work: Some(work),
            written: Arc::default(),
            near: Arc::new(Near::new(place.clone(), at_once, Arc::clone(&reporter))),
            reader: None,
            writer: None,
        };
        // Whatever fails from here on drops `shared`, which ends the threads that there are.
        let reader = Reader {
            place: place.clone(),
            connection: Some(place.reading()?),
            questions: asked,
            near: Arc::clone(&shared.near),
            cache: Arc::clone(&shared.cache),
            reporter: Arc::clone(&reporter),
        };
        shared.reader = Some(shared.start("vestibule-reads", || reader.run())?);
        let writer = Writer {
            place,
            connection: Some(connection),
            queue: Queue::new(to_do),
            cache: Arc::clone(&shared.cache),
            reporter,
            written: Arc::clone(&shared.written),
        };
        shared.writer = Some(shared.start("vestibule-writes", || writer.run())?);
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Forgets records whose expiry is [`Record::KEPT_AFTER_EXPIRY`] ago; how many. Call it now and
    /// then, such as every 30 seconds: await the answer or wait for it.
    ///
    /// The whole table is walked, 1000 records at a time, while no swap waits.
    pub fn sweep(&self, now: Timestamp) -> Answer<usize> {
        self.shared.work(|reply| Work::Sweep(now, reply))
    }

    /// At most so many of the records that a sweep would forget, for
    /// [`Server::forget`](vestibule_core::Server::forget). The whole table is walked where there are
    /// fewer; rows that cannot be read are left out.
    pub fn expired(&self, now: Timestamp, limit: usize) -> Answer<Vec<(RecordKey, Record)>> {
        self.shared.ask(|reply| Question::Expired(now, limit, reply))
    }

    /// How many records there are, for tests and logs: they are counted one by one.
    pub fn count(&self) -> Answer<u64> {
        self.shared.ask(Question::Count)
    }

    /// How the connection that writes is set, as it says itself.
    pub fn settings(&self) -> Answer<Settings> {
        self.shared.work(Work::Settings)
    }

    /// What was written since the store was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let written = &self.shared.written;
        Stats {
            swaps: written.swaps.load(Ordering::Relaxed),
            transactions: written.transactions.load(Ordering::Relaxed),
        }
    }

    /// Copies the store, as it is at one moment, into a new file with mode 0600, which can be
    /// opened as a store. Others read and write meanwhile. Blocks until the copy is checked and
    /// synced to the disk, which takes seconds for each gigabyte.
    ///
    /// Until then the copy's name ends in `.partial`, and that is all that a backup leaves whose
    /// process is killed: what is under the name that was asked for is a whole backup. Another
    /// backup of that name is refused until what is left is deleted.
    ///
    /// # Errors
    /// [`BackupError`]; nothing was written over, and nothing unfinished has the backup's name.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), BackupError> {
        backup::backup(&self.shared.place, to.as_ref())
    }

    /// The same of a store that need not be open. It is only read: a file that an older version
    /// wrote is copied as it is, such as before it is migrated, and so is a newer one.
    ///
    /// # Errors
    /// [`BackupError`]; nothing was written over, and nothing unfinished has the backup's name.
    pub fn backup_of(path: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), BackupError> {
        backup::backup_of(path.as_ref(), to.as_ref())
    }

    fn begin_load(&self, load: Load) -> Answer<Option<Record>> {
        let Load { key, freshness, .. } = load;
        let mut ticket = None;
        // Any other freshness, of which there may be more one day, is answered from the file.
        if let Freshness::AtMost(age) = freshness {
            match look_up(&self.shared.cache, &key, age) {
                Ok(record) => return Answer::given(Ok(record)),
                Err(its) => ticket = Some(its),
            }
        }
        let record = match self.shared.near.load(&key) {
            Ok(record) => record,
            Err(fault) => {
                return self.shared.ask(|reply| Question::Load { key, ticket, fault, reply });
            }
        };
        if let Some(ticket) = ticket {
            self.shared.cache.put(&ticket, key, record.clone());
        }
        Answer::given(Ok(record))
    }

    fn begin_swap(&self, swap: Swap) -> Answer<Swapped> {
        self.shared.work(|reply| Work::Swap(swap, reply))
    }

    fn begin_list(&self, list: List) -> Answer<Page> {
        self.shared.ask(|reply| Question::List(list, reply))
    }
}

impl Shared {
    fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Question) -> Answer<T> {
        let (reply, answer) = answer::pair();
        put(self.questions.as_ref(), question(reply));
        answer
    }

    fn work<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Answer<T> {
        let (reply, answer) = answer::pair();
        put(self.work.as_ref(), work(reply));
        answer
    }

    fn start(
        &self,
        name: &str,
        run: impl FnOnce() + Send + 'static,
    ) -> Result<JoinHandle<()>, OpenError> {
        let started: io::Result<_> = thread::Builder::new().name(name.to_owned()).spawn(run);
        let path = self.place.path().to_owned();
        started.map_err(|source| OpenError::NoThread { path, source })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // What is queued can still be taken, and then the threads end.
        drop(self.questions.take());
        // The writer's connection is the last to close: it moves the log into the file.
        self.reader.take().into_iter().for_each(join);
        self.near.close();
        drop(self.work.take());
        self.writer.take().into_iter().for_each(join);
    }
}

/// Queues `item`, or drops it where the queue is full or nobody takes from it any more: the answer
/// that it carries then says "unavailable".
fn put<T>(queue: Option<&SyncSender<T>>, item: T) {
    if let Some(queue) = queue {
        let _ = queue.try_send(item);
    }
}

fn join(thread: JoinHandle<()>) {
    // A thread that drops the store, while it wakes whoever waited, cannot wait for itself.
    if thread.thread().id() != thread::current().id() {
        // It panicked, which the panic hook has said.
        let _ = thread.join();
    }
}

impl drive::Store for SqliteStore {
    async fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        self.begin_load(load).await
    }

    async fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.begin_swap(swap).await
    }

    async fn list(&self, list: List) -> Result<Page, Unavailable> {
        self.begin_list(list).await
    }
}

impl drive::blocking::Store for SqliteStore {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        self.begin_load(load).wait()
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.begin_swap(swap).wait()
    }

    fn list(&self, list: List) -> Result<Page, Unavailable> {
        self.begin_list(list).wait()
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.shared.place.path()).finish()
    }
}

/// What a store has written since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Swaps that were answered [`Done`](Swapped::Done) or [`Conflict`](Swapped::Conflict).
    pub swaps: u64,
    /// Transactions that they made, each synced to the disk once. Fewer, where swaps waited.
    pub transactions: u64,
}
