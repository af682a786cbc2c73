//! Where the server is now, and how much it has answered.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Town {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// `None`: it was killed and is not back.
    address: Option<String>,
    /// Of the server that answers now.
    answered: usize,
    over: bool,
}

impl Town {
    pub(crate) fn new(address: &str) -> Self {
        let state = State { address: Some(address.to_owned()), answered: 0, over: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits until there is a server.
    pub(crate) fn address(&self) -> String {
        self.wait_while(|state| state.address.is_none()).address.clone().unwrap()
    }

    /// Waits until there is another server than the one that did not answer.
    pub(crate) fn leave(&self, address: &str) {
        let mut state = self.lock();
        if state.address.as_deref() == Some(address) {
            state.address = None;
        }
    }

    pub(crate) fn answered(&self) {
        self.lock().answered += 1;
        self.changed.notify_all();
    }

    /// Waits until this server has given so many answers.
    pub(crate) fn wait_for(&self, answers: usize) {
        drop(self.wait_while(|state| state.answered < answers));
    }

    pub(crate) fn moved_to(&self, address: &str) {
        let mut state = self.lock();
        (state.address, state.answered) = (Some(address.to_owned()), 0);
        self.changed.notify_all();
    }

    pub(crate) fn end(&self) {
        self.lock().over = true;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.lock().over
    }

    fn wait_while(&self, condition: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let condition = |state: &mut State| condition(state);
        let (state, waited) =
            self.changed.wait_timeout_while(self.lock(), PATIENCE, condition).unwrap();
        assert!(!waited.timed_out(), "nothing happens any more");
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}
