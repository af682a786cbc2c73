//! What holds a connection: handlers that run, and answers that are not taken yet.

use std::sync::Arc;

use http::Version;
use tokio::time::Instant;

use super::{Closing, Usage};

/// A handler that runs, until this is dropped.
pub(crate) struct Handler(Arc<Usage>);

impl Handler {
    /// `None` where the connection has been closing for so long that this one is not waited for: a
    /// client that goes on asking would keep it open for ever.
    pub(crate) fn begun(usage: &Arc<Usage>, version: Version) -> Option<Self> {
        let mut state = usage.state();
        let until = |closing: Closing| closing.since.checked_add(closing.grace);
        if state.closing.and_then(until).is_some_and(|until| until <= Instant::now()) {
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
        state.answers.push((number, Instant::now()));
        usage.moved(&state);
        Self { usage: Arc::clone(usage), number }
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        let mut state = self.usage.state();
        state.answers.retain(|(number, _)| *number != self.number);
        self.usage.ended(&state);
    }
}
