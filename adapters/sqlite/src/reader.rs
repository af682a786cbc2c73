//! The threads that read, beside the one that writes: neither waits for the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use vestibule_core::{List, Page, Record, RecordKey};

use crate::answer::Reply;
use crate::cache::{Cache, Ticket};
use crate::place::Place;
use crate::row;
use crate::trouble::{Doing, Fault, Reporter};

pub(crate) enum Question {
    /// With a ticket, the answer may be kept for others.
    Load(RecordKey, Option<Ticket>, Reply<Option<Record>>),
    List(List, Reply<Page>),
    Count(Reply<u64>),
}

pub(crate) struct Reader {
    pub(crate) place: Place,
    /// `None`: there was trouble, and the next question begins with a new one.
    pub(crate) connection: Option<Connection>,
    pub(crate) questions: Arc<Mutex<Receiver<Question>>>,
    pub(crate) cache: Arc<Cache>,
    pub(crate) reporter: Arc<Reporter>,
}

impl Reader {
    /// Answers until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while let Some(question) = self.next() {
            // Whatever it was that panicked, the others are answered.
            if catch_unwind(AssertUnwindSafe(|| self.answer(question))).is_err() {
                self.connection = None;
                self.reporter.failed(Doing::Reading, Fault::panicked(), None);
            }
        }
    }

    /// One of the readers waits for a question, the others wait for their turn to do so. Nothing
    /// panics meanwhile; a poisoned lock still guards a whole queue.
    fn next(&self) -> Option<Question> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    /// A reply that is dropped answers "unavailable".
    fn answer(&mut self, question: Question) {
        match question {
            Question::Load(key, ticket, reply) => {
                let Some(record) = self.read(Some(&key), |file| row::load(file, &key)) else {
                    return;
                };
                if let Some(ticket) = ticket {
                    self.cache.put(&ticket, key, record.clone());
                }
                reply.give(Ok(record));
            }
            Question::List(list, reply) => {
                if let Some(page) = self.read(None, |file| row::list(file, &list)) {
                    reply.give(Ok(page));
                }
            }
            Question::Count(reply) => {
                if let Some(count) = self.read(None, row::count) {
                    reply.give(Ok(count));
                }
            }
        }
    }

    /// What was read, or nothing and the operator told. `key`: whose record it is.
    fn read<T>(
        &mut self,
        key: Option<&RecordKey>,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let connection = self.connection.take().map_or_else(|| self.place.reading(), Ok);
        let answer = connection.map_err(Fault::from).and_then(|connection| {
            let answer = read(&connection).map_err(Fault::from);
            let spoiled = matches!(&answer, Err(fault) if fault.kind.spoils_the_connection());
            if !spoiled {
                self.connection = Some(connection);
            }
            answer
        });
        match answer {
            Ok(answer) => {
                self.reporter.worked(Doing::Reading, |troubled| key == Some(troubled));
                Some(answer)
            }
            Err(fault) => {
                self.reporter.failed(Doing::Reading, fault, key);
                None
            }
        }
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
