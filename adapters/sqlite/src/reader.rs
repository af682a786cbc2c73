//! The thread that reads, beside the one that writes: neither waits for the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use vestibule_core::{List, Page, Record, RecordKey, Timestamp};

use crate::answer::Reply;
use crate::cache::{Cache, Ticket};
use crate::near::Near;
use crate::place::Place;
use crate::report::{About, Doing, Reporter};
use crate::row;
use crate::trouble::Fault;

pub(crate) enum Question {
    Load {
        key: RecordKey,
        /// With it, the answer may be kept for others.
        ticket: Option<Ticket>,
        /// What has failed already, near the one who asks.
        fault: Option<Fault>,
        reply: Reply<Option<Record>>,
    },
    List(List, Reply<Page>),
    Expired(Timestamp, usize, Reply<Vec<(RecordKey, Record)>>),
    Count(Reply<u64>),
}

/// Reads what takes long, and the records that are not found [near](Near) who asks for them.
pub(crate) struct Reader {
    pub(crate) place: Place,
    /// `None`: there was trouble, and the next question begins with a new one.
    pub(crate) connection: Option<Connection>,
    pub(crate) questions: Receiver<Question>,
    pub(crate) near: Arc<Near>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) reporter: Arc<Reporter>,
}

impl Reader {
    /// Answers until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while let Ok(question) = self.questions.recv() {
            // Whatever it was that panicked, the others are answered.
            if catch_unwind(AssertUnwindSafe(|| self.answer(question))).is_err() {
                self.connection = None;
                self.reporter.failed(Doing::Reading, Fault::panicked(), About::File);
            }
        }
    }

    /// A reply that is dropped answers "unavailable".
    fn answer(&mut self, question: Question) {
        match question {
            Question::Load { key, ticket, fault, reply } => {
                let about = About::Record(key.clone());
                if let Some(fault) = fault {
                    // Also where it succeeds now: a disk that fails now and then is failing.
                    self.reporter.failed(Doing::Reading, fault, about.clone());
                }
                let Some(record) = self.read(about, |file| Ok(row::load(file, &key)?)) else {
                    return;
                };
                if let Some(ticket) = ticket {
                    self.cache.put(&ticket, key, record.clone());
                }
                reply.give(Ok(record));
                // There was none for this load, as there will be for the next.
                self.near.open_one();
            }
            Question::List(list, reply) => {
                let about = About::List(list.clone());
                if let Some(page) = self.read(about, |file| row::list(file, &list)) {
                    reply.give(Ok(page));
                }
            }
            Question::Expired(now, limit, reply) => {
                let expired = |file: &Connection| Ok(row::expired(file, now, limit)?);
                if let Some(records) = self.read(About::Count, expired) {
                    reply.give(Ok(records));
                }
            }
            Question::Count(reply) => {
                if let Some(count) = self.read(About::Count, |file| Ok(row::count(file)?)) {
                    reply.give(Ok(count));
                }
            }
        }
    }

    /// What was read, or nothing and the operator told.
    fn read<T>(
        &mut self,
        about: About,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Option<T> {
        match self.with_connection(read) {
            Ok(answer) => {
                self.reporter.worked(Doing::Reading, |other| about.proves(other));
                Some(answer)
            }
            Err(fault) => {
                self.reporter.failed(Doing::Reading, fault, about);
                None
            }
        }
    }

    /// Reads with the connection, or with a new one after trouble that may have spoiled it.
    fn with_connection<T>(
        &mut self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // What others write to a file that took its place would never be seen.
        self.place.still_there()?;
        let connection = self.connection.take().map_or_else(|| self.place.reading(), Ok)?;
        let answer = read(&connection);
        let spoiled = matches!(&answer, Err(fault) if fault.kind.spoils_the_connection());
        if !spoiled {
            self.connection = Some(connection);
        }
        answer
    }
}

/// What the cache says about `key`, or the right to tell it.
pub(crate) fn look_up(
    cache: &Cache,
    key: &RecordKey,
    age: Duration,
) -> Result<Option<Record>, Ticket> {
    let now = Instant::now();
    cache.find(key, age, now).ok_or_else(|| cache.ticket(key, now))
}
