//! How a connection is used: what runs for it, what its client has not taken yet, and since when
//! nothing happens on it.

mod held;

pub(crate) use held::{Handler, Untaken};

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::limits::Limits;

/// How a connection is used.
pub(crate) struct Usage {
    state: Mutex<State>,
    times: Times,
    /// Told when a connection begins to rest.
    rested: Arc<Notify>,
}

/// What of the [`Limits`] a connection has its time by.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    head: Duration,
    idle: Duration,
}

impl From<&Limits> for Times {
    fn from(limits: &Limits) -> Self {
        Self { head: limits.head_deadline, idle: limits.idle_deadline }
    }
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
    answers: Vec<(u64, Instant)>,
    next_answer: u64,
    /// The connection shall give its place to another.
    shown_out: bool,
    closing: Option<Closing>,
    /// When the connection is looked at next by itself; `None`: only when it is woken.
    looked_at: Option<Instant>,
    /// Who looks. It is woken only for what cannot wait until then: almost every request moves the
    /// time further away, and would cost another round of the connection's task.
    watcher: Option<Waker>,
}

/// What closes waits for what still runs, and for what begins within the grace.
#[derive(Clone, Copy)]
struct Closing {
    since: Instant,
    grace: Duration,
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
    pub(crate) fn begun(times: Times, rested: Arc<Notify>) -> Arc<Self> {
        let state = State {
            asked: false,
            multiplexed: false,
            handlers: 0,
            idle_since: Instant::now(),
            head_since: None,
            answers: Vec::new(),
            next_answer: 0,
            shown_out: false,
            closing: None,
            looked_at: None,
            watcher: None,
        };
        Arc::new(Self { state: Mutex::new(state), times, rested })
    }

    /// Done when the connection has had its time.
    pub(crate) async fn spent(&self) -> Spent {
        self.due().await;
        self.state().why()
    }

    /// From now on the connection is closing; see [`Usage::given_up`].
    pub(crate) fn closes(&self, grace: Duration) {
        self.state().closing = Some(Closing { since: Instant::now(), grace });
    }

    /// Done when a connection that closes has had its grace: nothing was worked at for so long.
    pub(crate) async fn given_up(&self) {
        self.due().await;
    }

    /// Bytes have come.
    pub(crate) fn heard(&self) {
        let mut state = self.state();
        let between = state.asked && state.handlers == 0 && !state.multiplexed;
        if between && state.head_since.is_none() {
            // Nobody is woken: who reads is the connection's task, which looks afterwards.
            state.head_since = Some(Instant::now());
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
            self.moved(&state);
        }
        rests
    }

    /// Whether it was asked to, and has not been used since.
    pub(crate) fn is_shown_out(&self) -> bool {
        self.state().shown_out
    }

    /// Done when it is time. Whatever polls it is woken when the time has come nearer.
    async fn due(&self) {
        self.state().looked_at = None;
        let mut timer = pin!(sleep_until(Instant::now()));
        poll_fn(|context| {
            let mut state = self.state();
            if !state.watcher.as_ref().is_some_and(|watcher| watcher.will_wake(context.waker())) {
                state.watcher = Some(context.waker().clone());
            }
            loop {
                if let Some(due) = state.comes_nearer(self.times) {
                    if due <= Instant::now() {
                        return Poll::Ready(());
                    }
                    timer.as_mut().reset(due);
                    state.looked_at = Some(due);
                }
                if state.looked_at.is_none() || timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                state.looked_at = None;
            }
        })
        .await;
    }

    /// After something has changed.
    fn moved(&self, state: &State) {
        if let (Some(watcher), Some(_)) = (&state.watcher, state.comes_nearer(self.times)) {
            watcher.wake_by_ref();
        }
    }

    /// After something has ended.
    fn ended(&self, state: &State) {
        self.moved(state);
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

    /// When the connection has had its time, if it is not looked at before.
    fn comes_nearer(&self, times: Times) -> Option<Instant> {
        let due = match self.closing {
            Some(closing) => self.given_up_at(closing),
            None => self.spent_at(times),
        };
        due.filter(|due| self.looked_at.is_none_or(|looked_at| *due < looked_at))
    }

    /// `None`: at no time, or at one so far away that it cannot be told.
    fn spent_at(&self, times: Times) -> Option<Instant> {
        if self.shown_out {
            return Some(self.idle_since);
        }
        let untaken = self.answers.first().and_then(|(_, made)| made.checked_add(times.idle));
        let unasked = match (self.handlers, self.asked, self.head_since) {
            (1.., _, _) => None,
            (0, false, _) => self.idle_since.checked_add(times.head),
            (0, true, Some(begun)) => begun.checked_add(times.head),
            (0, true, None) => self.idle_since.checked_add(times.idle),
        };
        [untaken, unasked].into_iter().flatten().min()
    }

    fn why(&self) -> Spent {
        let no_head = !self.asked || self.head_since.is_some();
        if self.rests() && (self.shown_out || no_head) { Spent::Unasked } else { Spent::Idle }
    }

    fn given_up_at(&self, closing: Closing) -> Option<Instant> {
        if self.shown_out {
            return Some(self.idle_since);
        }
        // With HTTP/1.1, a handler behind an answer that is not taken does not run.
        let works = self.handlers > 0 && (self.multiplexed || self.answers.is_empty());
        let began = closing.since.max(self.idle_since);
        if works { None } else { began.checked_add(closing.grace) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use http::Version;

    use super::*;

    const HEAD: Duration = Duration::from_millis(5);

    fn usage(idle: Duration) -> Arc<Usage> {
        Usage::begun(Times { head: HEAD, idle }, Arc::new(Notify::new()))
    }

    /// How often somebody was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_connection_that_is_asked_something_is_not_shown_out() {
        let usage = usage(HEAD);
        let handler = Handler::begun(&usage, Version::HTTP_11);
        assert!(!usage.show_out() && !usage.is_shown_out());
        drop(handler);
        assert!(usage.show_out() && usage.is_shown_out());
    }

    #[test]
    fn an_answer_that_is_not_taken_keeps_its_connection() {
        let usage = usage(HEAD);
        let answer = Untaken::made(&usage);
        assert!(!usage.show_out());
        drop(answer);
        assert!(usage.show_out());
    }

    #[tokio::test]
    async fn requests_wake_nobody_and_who_shows_out_does() {
        let usage = usage(Duration::from_secs(75));
        let woken = Arc::new(Woken::default());
        let waker = Arc::clone(&woken).into();
        let mut context = Context::from_waker(&waker);
        let mut spent = pin!(usage.spent());
        assert!(spent.as_mut().poll(&mut context).is_pending());
        for _ in 0..3 {
            usage.heard();
            let handler = Handler::begun(&usage, Version::HTTP_2);
            let answer = Untaken::made(&usage);
            drop(handler);
            drop(answer);
        }
        assert_eq!(woken.0.load(Ordering::SeqCst), 0);
        assert!(usage.show_out());
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert_eq!(spent.as_mut().poll(&mut context), Poll::Ready(Spent::Unasked));
    }

    /// The time that was waited for came while a request was being answered, and there was no other
    /// to wait for.
    #[tokio::test]
    async fn a_request_that_took_long_is_followed_by_the_idle_time() {
        let usage = usage(3 * HEAD);
        let handler = Handler::begun(&usage, Version::HTTP_2);
        let spent = tokio::spawn({
            let usage = Arc::clone(&usage);
            async move { usage.spent().await }
        });
        tokio::time::sleep(2 * HEAD).await;
        assert!(!spent.is_finished());
        drop(handler);
        let ended = Instant::now();
        assert_eq!(spent.await.ok(), Some(Spent::Idle));
        assert!(ended.elapsed() >= 3 * HEAD);
    }
}
