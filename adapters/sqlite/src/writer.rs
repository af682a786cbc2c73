//! The thread that writes: whatever waits is one transaction, and one sync of the disk for all.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use vestibule_core::{Swap, Swapped};

use crate::answer::Reply;
use crate::cache::Cache;
use crate::kind::Kind;
use crate::place::Place;
use crate::queue::{Queue, Work};
use crate::report::{About, Doing, Reporter};
use crate::row;
use crate::settings::Settings;
use crate::sweep::Sweep;
use crate::trouble::Fault;

/// Sweeping is for times when nothing waits. Where there are no such times, a stretch is swept
/// after this many transactions, or the file would grow for ever.
const BATCHES_PER_STRETCH: u32 = 16;

/// What the store has written since it was opened.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) swaps: AtomicU64,
    pub(crate) transactions: AtomicU64,
}

pub(crate) struct Writer {
    pub(crate) place: Place,
    /// `None`: there was trouble, and the next work begins with a new one.
    pub(crate) connection: Option<Connection>,
    pub(crate) queue: Queue,
    pub(crate) cache: Arc<Cache>,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) written: Arc<Written>,
}

impl Writer {
    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let mut sweeps = VecDeque::new();
        let mut batches = 0;
        loop {
            // A sweep that is not done when the store is closed is answered "unavailable".
            let Some(taken) = self.queue.take(sweeps.is_empty()) else { return };
            let mut batch = Vec::new();
            let mut settings = Vec::new();
            for work in taken {
                match work {
                    Work::Swap(swap, reply) => batch.push((swap, reply)),
                    Work::Sweep(now, reply) => sweeps.push_back(Sweep::new(now, reply)),
                    Work::Settings(reply) => settings.push(reply),
                }
            }
            for reply in settings {
                self.guarded(|writer| writer.settings(reply));
            }
            batches += 1;
            if batch.is_empty() || batches % BATCHES_PER_STRETCH == 0 {
                self.guarded(|writer| writer.sweep(&mut sweeps));
            }
            if !batch.is_empty() {
                let swaps = batch.len();
                self.guarded(|writer| writer.swap(batch));
                self.queue.ended(swaps);
            }
        }
    }

    /// Whatever it is that panics, the others are answered.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.connection = None;
            self.reporter.failed(Doing::Writing, Fault::panicked(), About::File);
        }
    }

    /// Does all of the batch in one transaction. A swap that cannot be done is taken out of it, and
    /// the others are done without it, in their order: what frees space must not fail for what
    /// needs some.
    fn swap(&mut self, mut batch: Vec<(Swap, Reply<Swapped>)>) {
        // Each round takes one out.
        while let Some((fault, at)) = self.try_swap(&mut batch) {
            let one = at.filter(|at| fault.kind.may_be_one_swaps() && *at < batch.len());
            if let Some(at) = one {
                let (swap, reply) = batch.remove(at);
                let about = match &swap.next {
                    Some(record) if fault.kind == Kind::Full => About::Space(record.bytes.len()),
                    _ => About::Record(swap.key),
                };
                self.reporter.failed(Doing::Writing, fault, about);
                drop(reply);
            } else {
                let needed = batch.iter().filter_map(|(swap, _)| new(swap)).min();
                let about = needed.map_or(About::File, About::Space);
                self.reporter.failed(Doing::Writing, fault, about);
                // Their replies are dropped, which answers "unavailable".
                return;
            }
        }
    }

    /// Does all of the batch and answers it, or does nothing and says what failed.
    fn try_swap(&mut self, batch: &mut Vec<(Swap, Reply<Swapped>)>) -> Option<At<Fault>> {
        if batch.is_empty() {
            return None;
        }
        let swapped = self.with_connection(|connection| transact(connection, batch));
        // Also after a failure, which means that nobody knows.
        for (swap, _) in &*batch {
            self.cache.swapped(&swap.key);
        }
        let swapped = match swapped {
            Ok(swapped) => swapped,
            Err(failed) => return Some(failed),
        };
        self.written.transactions.fetch_add(1, Ordering::Relaxed);
        self.written.swaps.fetch_add(batch.len() as u64, Ordering::Relaxed);
        self.reporter.worked(Doing::Writing, |other| match other {
            About::Record(key) => batch.iter().any(|(swap, _)| swap.key == *key),
            About::Space(_) => {
                let done = batch.iter().zip(&swapped).filter(|(_, it)| **it == Swapped::Done);
                let there = done.filter_map(|((swap, _), _)| new(swap)).max();
                there.is_some_and(|there| About::Space(there).proves(other))
            }
            About::File | About::List(_) | About::Lists | About::Count | About::Sweep => {
                About::File.proves(other)
            }
        });
        for ((_, reply), swapped) in batch.drain(..).zip(swapped) {
            self.guarded(|_| reply.give(Ok(swapped)));
        }
        None
    }

    fn sweep(&mut self, sweeps: &mut VecDeque<Sweep>) {
        // One that panics is not there any more.
        let Some(mut sweep) = sweeps.pop_front() else { return };
        match self.with_connection(|connection| sweep.stretch(connection).map_err(nowhere)) {
            Ok(false) => sweeps.push_front(sweep),
            Ok(true) => {
                self.reporter.worked(Doing::Writing, |other| About::Sweep.proves(other));
                sweep.done();
            }
            Err((fault, _)) => self.reporter.failed(Doing::Writing, fault, About::Sweep),
        }
    }

    fn settings(&mut self, reply: Reply<Settings>) {
        match self.with_connection(|connection| Settings::of(connection).map_err(nowhere)) {
            Ok(settings) => reply.give(Ok(settings)),
            Err((fault, _)) => self.reporter.failed(Doing::Writing, fault, About::File),
        }
    }

    /// Does `work` with the connection, or with a new one after trouble that may have spoiled it.
    fn with_connection<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, At<rusqlite::Error>>,
    ) -> Result<T, At<Fault>> {
        self.place.still_there().map_err(|error| (Fault::from(error), None))?;
        let connection = self.connection.take().map_or_else(|| self.place.writing(), Ok);
        let connection = connection.map_err(|error| (Fault::from(error), None))?;
        let done = work(&connection).map_err(|(error, at)| (Fault::from(error), at));
        let mut spoiled = matches!(&done, Err((fault, _)) if fault.kind.spoils_the_connection());
        if !connection.is_autocommit() {
            // SQLite has not done so by itself. What cannot be rolled back is dropped.
            spoiled |= connection.execute_batch("ROLLBACK").is_err();
        }
        if !spoiled {
            self.connection = Some(connection);
        }
        done
    }
}

/// What failed, and at which swap of the batch, if at one of them.
type At<E> = (E, Option<usize>);

fn nowhere<E>(error: E) -> At<E> {
    (error, None)
}

/// How long the record is that this adds, if it adds one.
fn new(swap: &Swap) -> Option<usize> {
    swap.next.as_ref().filter(|_| swap.expected.is_none()).map(|record| record.bytes.len())
}

/// All of the batch, or none of it.
fn transact(
    connection: &Connection,
    batch: &[(Swap, Reply<Swapped>)],
) -> Result<Vec<Swapped>, At<rusqlite::Error>> {
    let run = |sql| connection.prepare_cached(sql)?.execute([]);
    // IMMEDIATE: the lock is waited for here, where nothing has been read that could grow old.
    run("BEGIN IMMEDIATE").map_err(nowhere)?;
    let mut swapped = Vec::with_capacity(batch.len());
    for (at, (swap, _)) in batch.iter().enumerate() {
        swapped.push(row::swap(connection, swap).map_err(|error| (error, Some(at)))?);
    }
    run("COMMIT").map_err(nowhere)?;
    Ok(swapped)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc::sync_channel;

    use vestibule_core::{Record, RecordKey, Timestamp, Unavailable, Version};

    use super::*;
    use crate::answer::{Answer, pair};
    use crate::options::Options;

    /// The writer of a store whose batches are made by hand.
    fn writer(folder: &Path, max_bytes: Option<u64>) -> Writer {
        let options = Options { max_bytes, ..Options::default() };
        let (place, connection) = Place::prepare(&folder.join("vestibule.db"), &options).unwrap();
        Writer {
            reporter: Reporter::new(place.path(), options.on_trouble),
            place,
            connection: Some(connection),
            queue: Queue::new(sync_channel(1).1),
            cache: Arc::new(Cache::new()),
            written: Arc::default(),
        }
    }

    fn key(n: u8) -> RecordKey {
        RecordKey::from_stored(format!("grant/{n:02x}"))
    }

    fn version(n: u8) -> Version {
        Version::from_bytes([n; 16])
    }

    fn record(n: u8, length: usize) -> Record {
        let expires_at = Timestamp::from_seconds(1000);
        Record { version: version(n), owner: None, expires_at, bytes: vec![n; length].into() }
    }

    /// What becomes of swaps that are in one batch.
    fn batch<const N: usize>(
        writer: &mut Writer,
        swaps: [Swap; N],
    ) -> [Result<Swapped, Unavailable>; N] {
        let mut batch = Vec::new();
        let answers = swaps.map(|swap| {
            let (reply, answer) = pair();
            batch.push((swap, reply));
            answer
        });
        writer.swap(batch);
        answers.map(Answer::wait)
    }

    const DONE: Result<Swapped, Unavailable> = Ok(Swapped::Done);

    #[test]
    fn a_swap_that_does_not_fit_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), Some(128 * 1024));
        let insert = |n| Swap::new(key(n), None, Some(record(n, Record::MAX_BYTES)));
        let full = (0..9).find(|&n| batch(&mut writer, [insert(n)]) != [DONE]).unwrap();
        let before = writer.written.transactions.load(Ordering::Relaxed);
        let answers = batch(
            &mut writer,
            [
                insert(full),
                Swap::new(key(0), Some(version(0)), Some(record(10, 10))),
                insert(full + 1),
                Swap::new(key(1), Some(version(1)), None),
                // In their order: it is there no more.
                Swap::new(key(1), Some(version(1)), None),
                Swap::new(key(0), Some(version(10)), Some(record(11, 10))),
            ],
        );
        let refused = Err(Unavailable);
        // Where the first did not fit, the second has freed enough for the third.
        let conflict = Ok(Swapped::Conflict);
        assert_eq!(answers, [refused, DONE, DONE, DONE, conflict, DONE]);
        assert_eq!(writer.written.transactions.load(Ordering::Relaxed), before + 1);
        let there = |writer: &Writer, n| {
            row::load(writer.connection.as_ref().unwrap(), &key(n)).unwrap().is_some()
        };
        assert!(there(&writer, 0) && there(&writer, full + 1));
        assert!(!there(&writer, full) && !there(&writer, 1), "what was refused is not done");
    }

    #[test]
    fn a_swap_on_a_damaged_page_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = writer(folder.path(), None);
        let insert = |n| Swap::new(key(n), None, Some(record(n, 20_000)));
        assert_eq!(batch(&mut first, [insert(1), insert(2), insert(3)]), [DONE; 3]);
        drop(first);
        let file = folder.path().join("vestibule.db");
        let mut bytes = fs::read(&file).unwrap();
        // A page that one of the records goes on in begins with the number of the next.
        let page = bytes.chunks_mut(4096).find(|page| page.iter().skip(4).all(|byte| *byte == 2));
        page.unwrap().iter_mut().take(4).for_each(|byte| *byte = 0xFF);
        fs::write(&file, bytes).unwrap();
        let mut second = writer(folder.path(), None);
        let delete = |n| Swap::new(key(n), Some(version(n)), None);
        let answers = batch(&mut second, [delete(1), delete(2), delete(3)]);
        assert_eq!(answers, [DONE, Err(Unavailable), DONE]);
    }
}
