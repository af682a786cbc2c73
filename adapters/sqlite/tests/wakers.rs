//! Whoever is answered is woken on the store's threads, and may do there as it likes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::any::Any;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use support::{Heard, block_on, key, load, place, record, swap, try_swap};
use vestibule_core::store::{Swap, Swapped, Unavailable};
use vestibule_core::{Timestamp, drive};
use vestibule_sqlite::{Answer, SqliteStore};

/// Asks until an answer is not there yet, so that `waker` is woken for it, if it is kept.
fn ask<T>(waker: &Waker, question: impl Fn() -> Answer<T>) -> Answer<T> {
    loop {
        let mut answer = question();
        if Pin::new(&mut answer).poll(&mut Context::from_waker(waker)).is_pending() {
            return answer;
        }
    }
}

/// Panics whenever it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        // Without the panic hook's message.
        std::panic::resume_unwind(Box::new(()));
    }
}

#[test]
fn a_waker_that_panics_does_not_stop_the_store() {
    let (place, heard) = (place(), Heard::default());
    let store = place.open_with(|options| {
        options.loads_at_once = 0;
        heard.listen(options);
    });
    let waker = Waker::from(Arc::new(Panics));
    for n in 0..3 {
        let counted = ask(&waker, || store.count());
        let swept = ask(&waker, || store.sweep(Timestamp::from_seconds(0)));
        let settings = ask(&waker, || store.settings());
        assert_eq!(swap(&store, n, None, Some(n)), Swapped::Done);
        assert_eq!(load(&store, n), Ok(Some(record(n))));
        assert!(counted.wait().is_ok() && swept.wait().is_ok() && settings.wait().is_ok());
    }
    let names = heard.names();
    assert!(names.contains(&"other") && names.contains(&"recovered"), "{names:?}");
}

#[test]
fn wakers_that_panic_lose_no_answers_of_one_transaction() {
    for (timeout, expected) in
        [(Duration::from_secs(60), Ok(Swapped::Done)), (Duration::ZERO, Err(Unavailable))]
    {
        let place = place();
        let store = place.open_with(|options| options.busy_timeout = timeout);
        let lock = place.another();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let asked = |n| drive::Store::swap(&store, Swap::new(key(n), None, Some(record(n))));
        let mut waiting: Vec<_> = (0..50).map(|n| Box::pin(asked(n))).collect();
        let waker = Waker::from(Arc::new(Panics));
        waiting
            .retain_mut(|swap| swap.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        if expected.is_err() {
            // Each is answered while the lock is held, and the last one after all others.
            assert_eq!(try_swap(&store, 50, None, Some(50)), expected);
        }
        lock.execute_batch("COMMIT").unwrap();
        assert_eq!(swap(&store, 51, None, Some(51)), Swapped::Done);
        for swap in waiting {
            assert_eq!(block_on(swap), expected);
        }
    }
}

/// An answer that is not there yet.
type Ask = fn(&Waker, &SqliteStore) -> Box<dyn Any>;

/// Drops the store once it is told to, and says so.
struct Drops(Mutex<(Option<SqliteStore>, Receiver<()>)>, Sender<()>);

impl Wake for Drops {
    fn wake(self: Arc<Self>) {
        let mut inner = self.0.lock().unwrap();
        inner.1.recv().unwrap();
        drop(inner.0.take());
        self.1.send(()).unwrap();
    }
}

#[test]
fn the_last_clone_may_be_dropped_on_a_thread_that_answers() {
    let asks: [Ask; 2] = [
        |waker, store| Box::new(ask(waker, || store.count())),
        |waker, store| Box::new(ask(waker, || store.settings())),
    ];
    for ask in asks {
        let place = place();
        let store = place.open();
        assert_eq!(swap(&store, 1, None, Some(1)), Swapped::Done);
        let ((go, told), (drops, dropped)) = (channel(), channel());
        let inner = Mutex::new((Some(store.clone()), told));
        let _answer = ask(&Waker::from(Arc::new(Drops(inner, drops))), &store);
        drop(store);
        go.send(()).unwrap();
        assert_eq!(dropped.recv(), Ok(()), "it does not wait for itself");
        assert_eq!(load(&place.open(), 1), Ok(Some(record(1))));
    }
}
