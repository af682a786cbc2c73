//! A bounded queue: whoever finds it full is told so at once, nobody waits to get in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    length: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// Whether to wait where nothing is queued.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    Wait,
    Look,
}

impl<T> Queue<T> {
    pub(crate) fn new(length: usize) -> Self {
        let state = State { waiting: VecDeque::new(), closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), length }
    }

    /// Queues `item`, or drops it where the queue is full or closed: the answer that it carries
    /// then says "unavailable".
    pub(crate) fn put(&self, item: T) {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.length {
            // Whoever waits for an answer is woken without holding up the others.
            drop(state);
            drop(item);
            return;
        }
        state.waiting.push_back(item);
        drop(state);
        self.changed.notify_one();
    }

    /// The first `at_most` items of what is queued; `None`: nothing is queued and nothing will be.
    pub(crate) fn take(&self, at_most: usize, patience: Patience) -> Option<Vec<T>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return None;
            }
            if patience == Patience::Look {
                return Some(Vec::new());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let count = at_most.min(state.waiting.len());
        Some(state.waiting.drain(..count).collect())
    }

    /// Lets nothing more in; what is queued can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    // Nothing panics while the lock is held; a poisoned lock still guards a whole queue.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by a thread that takes from a queue: if the thread ends, whatever the reason, nobody waits
/// for an answer that never comes.
pub(crate) struct Taker<T>(pub(crate) Arc<Queue<T>>);

impl<T> Drop for Taker<T> {
    fn drop(&mut self) {
        self.0.close();
        if std::thread::panicking() {
            drop(self.0.take(usize::MAX, Patience::Look));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_fits_is_dropped_at_once() {
        let queue = Queue::new(2);
        for n in 0..3 {
            queue.put(n);
        }
        assert_eq!(queue.take(9, Patience::Wait), Some(vec![0, 1]));
    }

    #[test]
    fn what_was_queued_is_taken_after_closing() {
        let queue = Queue::new(2);
        queue.put(1);
        queue.close();
        queue.put(2);
        assert_eq!(queue.take(9, Patience::Wait), Some(vec![1]));
        assert_eq!(queue.take(9, Patience::Wait), None);
    }

    #[test]
    fn a_thread_that_panics_leaves_nobody_waiting() {
        let queue = Arc::new(Queue::new(2));
        let (reply, answer) = crate::answer::pair::<()>();
        queue.put(reply);
        let taker = Taker(Arc::clone(&queue));
        let ended = std::thread::spawn(move || {
            let _taker = taker;
            // Without the panic hook's message.
            std::panic::resume_unwind(Box::new(()))
        });
        assert!(ended.join().is_err());
        assert_eq!(answer.wait(), Err(vestibule_core::Unavailable));
    }
}
