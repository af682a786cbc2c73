//! Whoever is answered is woken on the store's threads, and may do there as it likes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::any::Any;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use support::{load, place, record, swap};
use vestibule_core::store::Swapped;
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
    let asks: [fn(&Waker, &SqliteStore) -> Box<dyn Any>; 2] = [
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
