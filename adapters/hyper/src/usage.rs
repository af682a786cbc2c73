//! How a connection is used: what runs for it, what its client has not taken yet, and since when
//! nothing happens on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Version;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::limits::Limits;

/// How a connection is used.
pub(crate) struct Usage {
    state: Mutex<State>,
    /// Something may now be due that was not.
    changed: Notify,
    /// Told when a connection begins to rest.
    rested: Arc<Notify>,
}

struct State {
    /// Whether anything was ever asked.
    asked: bool,
    /// Requests run beside each other: HTTP/2.
    multiplexed: bool,
    handlers: usize,
    /// When the last of them ended, or the connection began.
    idle_since: Instant,
    /// When the head began that is not whole yet; HTTP/1.1 only.
    head_since: Option<Instant>,
    /// Answers that were made and are not taken yet, in the order of their making, and when that
    /// was.
    answers: BTreeMap<u64, Instant>,
    next_answer: u64,
    /// The connection shall give its place to another.
    shown_out: bool,
    /// When the connection began to close, and from when on nothing new is waited for.
    closing: Option<(Instant, Option<Instant>)>,
}

/// Why a connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// Nobody waits for anything on it.
    Unasked,
    /// It was idle for too long, or an answer on it was not taken.
    Idle,
}

impl Usage {
    /// Of a connection on which nothing was asked yet; `rested` is told when it begins to rest.
    pub(crate) fn begun(rested: Arc<Notify>) -> Arc<Self> {
        let state = State {
            asked: false,
            multiplexed: false,
            handlers: 0,
            idle_since: Instant::now(),
            head_since: None,
            answers: BTreeMap::new(),
            next_answer: 0,
            shown_out: false,
            closing: None,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Notify::new(), rested })
    }

    /// Done when the connection has had its time.
    pub(crate) async fn spent(&self, limits: &Limits) -> Spent {
        self.due(|state| state.spent_at(limits)).await;
        self.state().why()
    }

    /// From now on the connection is closing: what still runs is waited for, and so is what begins
    /// within the grace.
    pub(crate) fn closes(&self, grace: Duration) {
        let now = Instant::now();
        self.state().closing = Some((now, now.checked_add(grace)));
    }

    /// Done when a connection that closes has had its grace: nothing was worked at for so long.
    pub(crate) async fn given_up(&self, grace: Duration) {
        self.due(|state| state.given_up_at(grace)).await;
    }

    /// Bytes have come.
    pub(crate) fn heard(&self) {
        let mut state = self.state();
        let between = state.asked && state.handlers == 0 && !state.multiplexed;
        if between && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
            self.changed.notify_one();
        }
    }

    /// Whether nobody waits for anything on this connection: whether something was ever asked, and
    /// since when nothing is.
    pub(crate) fn rests(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        state.rests().then_some((state.asked, state.idle_since))
    }

    /// Asks a resting connection to give its place to another: it does so unless it is used by
    /// then. Whether it rests still; one that has begun to work meanwhile is left alone.
    pub(crate) fn show_out(&self) -> bool {
        let mut state = self.state();
        let rests = state.rests();
        if rests {
            state.shown_out = true;
            self.changed.notify_one();
        }
        rests
    }

    /// Whether it was asked to, and has not been used since.
    pub(crate) fn is_shown_out(&self) -> bool {
        self.state().shown_out
    }

    /// Done when it is time, as `at` sees it; what changes meanwhile is looked at.
    async fn due(&self, at: impl Fn(&State) -> Option<Instant>) {
        loop {
            let at = at(&self.state());
            match at {
                Some(at) if at <= Instant::now() => return,
                Some(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// After something has ended.
    fn ended(&self, state: &State) {
        self.changed.notify_one();
        if state.rests() {
            self.rested.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn rests(&self) -> bool {
        self.handlers == 0 && self.answers.is_empty()
    }

    /// `None`: at no time, or at one so far away that it cannot be told.
    fn spent_at(&self, limits: &Limits) -> Option<Instant> {
        if self.shown_out {
            return Some(self.idle_since);
        }
        let oldest = self.answers.values().next();
        let untaken = oldest.and_then(|made| made.checked_add(limits.idle_deadline));
        let unasked = match (self.handlers, self.asked, self.head_since) {
            (1.., _, _) => None,
            (0, false, _) => self.idle_since.checked_add(limits.head_deadline),
            (0, true, Some(begun)) => begun.checked_add(limits.head_deadline),
            (0, true, None) => self.idle_since.checked_add(limits.idle_deadline),
        };
        [untaken, unasked].into_iter().flatten().min()
    }

    fn why(&self) -> Spent {
        let no_head = !self.asked || self.head_since.is_some();
        if self.rests() && (self.shown_out || no_head) { Spent::Unasked } else { Spent::Idle }
    }

    fn given_up_at(&self, grace: Duration) -> Option<Instant> {
        if self.shown_out {
            return Some(self.idle_since);
        }
        // With HTTP/1.1, a handler behind an answer that is not taken does not run.
        let works = self.handlers > 0 && (self.multiplexed || self.answers.is_empty());
        let (began, _) = self.closing?;
        if works { None } else { began.max(self.idle_since).checked_add(grace) }
    }
}

/// A handler that runs, until this is dropped.
pub(crate) struct Handler(Arc<Usage>);

impl Handler {
    /// `None` where the connection has been closing for so long that this one is not waited for: a
    /// client that goes on asking would keep it open for ever.
    pub(crate) fn begun(usage: &Arc<Usage>, version: Version) -> Option<Self> {
        let mut state = usage.state();
        let until = state.closing.and_then(|(_, until)| until);
        if until.is_some_and(|until| until <= Instant::now()) {
            return None;
        }
        state.handlers += 1;
        state.asked = true;
        state.multiplexed = version == Version::HTTP_2;
        state.head_since = None;
        if std::mem::take(&mut state.shown_out) {
            // Whoever waits for its place must look for another.
            usage.rested.notify_one();
        }
        Some(Self(Arc::clone(usage)))
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.handlers -= 1;
        state.idle_since = Instant::now();
        self.0.ended(&state);
    }
}

/// An answer that was made and is not taken yet, until this is dropped.
pub(crate) struct Untaken {
    usage: Arc<Usage>,
    number: u64,
}

impl Untaken {
    pub(crate) fn made(usage: &Arc<Usage>) -> Self {
        let mut state = usage.state();
        let number = state.next_answer;
        state.next_answer += 1;
        state.answers.insert(number, Instant::now());
        usage.changed.notify_one();
        Self { usage: Arc::clone(usage), number }
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        let mut state = self.usage.state();
        state.answers.remove(&self.number);
        self.usage.ended(&state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage() -> Arc<Usage> {
        Usage::begun(Arc::new(Notify::new()))
    }

    #[test]
    fn a_connection_that_is_asked_something_is_not_shown_out() {
        let usage = usage();
        let handler = Handler::begun(&usage, Version::HTTP_11);
        assert!(!usage.show_out() && !usage.is_shown_out());
        drop(handler);
        assert!(usage.show_out() && usage.is_shown_out());
    }

    #[test]
    fn an_answer_that_is_not_taken_keeps_its_connection() {
        let usage = usage();
        let answer = Untaken::made(&usage);
        assert!(!usage.show_out());
        drop(answer);
        assert!(usage.show_out());
    }
}
