//! The thread that writes: whatever waits is one transaction, and one sync of the disk for all.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};

use rusqlite::Connection;
use vestibule_core::{Swap, Swapped, Timestamp};

use crate::answer::Reply;
use crate::cache::Cache;
use crate::place::Place;
use crate::row;
use crate::settings::Settings;
use crate::sweep::Sweep;
use crate::trouble::{Doing, Fault, Reporter};

/// Swaps in one transaction: at most 8 MiB of records, and a wait that nobody notices.
const BATCH: usize = 256;

/// Sweeping is for times when nothing waits. Where there are no such times, a stretch is swept
/// after this many transactions, or the file would grow for ever.
const BATCHES_PER_STRETCH: u32 = 16;

pub(crate) enum Work {
    Swap(Swap, Reply<Swapped>),
    Sweep(Timestamp, Reply<usize>),
    Settings(Reply<Settings>),
}

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
    pub(crate) work: Receiver<Work>,
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
            let Ok(first) = self.next(sweeps.is_empty()) else { return };
            let mut batch = Vec::new();
            let mut settings = Vec::new();
            for work in first.into_iter().chain(self.work.try_iter().take(BATCH - 1)) {
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
                self.guarded(|writer| writer.swap(batch));
            }
        }
    }

    /// What waits longest, if anything does or will; an error once the queue is closed and empty.
    fn next(&self, patient: bool) -> Result<Option<Work>, TryRecvError> {
        if patient {
            return self.work.recv().map(Some).map_err(|_| TryRecvError::Disconnected);
        }
        match self.work.try_recv() {
            Err(TryRecvError::Empty) => Ok(None),
            work => work.map(Some),
        }
    }

    /// Whatever it is that panics, the others are answered.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.connection = None;
            self.reporter.failed(Doing::Writing, Fault::panicked(), None);
        }
    }

    fn swap(&mut self, batch: Vec<(Swap, Reply<Swapped>)>) {
        let swapped = self.with_connection(|connection| transact(connection, &batch));
        // Also after a failure, which means that nobody knows.
        for (swap, _) in &batch {
            self.cache.swapped(&swap.key);
        }
        match swapped {
            Ok(swapped) => {
                self.written.transactions.fetch_add(1, Ordering::Relaxed);
                self.written.swaps.fetch_add(batch.len() as u64, Ordering::Relaxed);
                self.reporter
                    .worked(Doing::Writing, |key| batch.iter().any(|(swap, _)| swap.key == *key));
                for ((_, reply), swapped) in batch.into_iter().zip(swapped) {
                    self.guarded(|_| reply.give(Ok(swapped)));
                }
            }
            Err((fault, at)) => {
                let key = at.and_then(|at| batch.get(at)).map(|(swap, _)| &swap.key);
                self.reporter.failed(Doing::Writing, fault, key);
                // Their replies are dropped, which answers "unavailable".
                drop(batch);
            }
        }
    }

    fn sweep(&mut self, sweeps: &mut VecDeque<Sweep>) {
        // One that panics is not there any more.
        let Some(mut sweep) = sweeps.pop_front() else { return };
        match self.with_connection(|connection| sweep.stretch(connection).map_err(nowhere)) {
            Ok(false) => sweeps.push_front(sweep),
            Ok(true) => sweep.done(),
            Err((fault, _)) => self.reporter.failed(Doing::Writing, fault, None),
        }
    }

    fn settings(&mut self, reply: Reply<Settings>) {
        match self.with_connection(|connection| Settings::of(connection).map_err(nowhere)) {
            Ok(settings) => reply.give(Ok(settings)),
            Err((fault, _)) => self.reporter.failed(Doing::Writing, fault, None),
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
