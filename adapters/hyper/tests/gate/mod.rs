//! A driver whose questions wait at a gate until a test opens it, and an observer that tells the
//! test.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use vestibule_core::drive::{Clock, Driver, Store};
use vestibule_core::{
    Effect, Event, Freshness, HttpCall, Load, MemoryStore, Pause, Purpose, Response, Server, Swap,
    Tick, Unavailable,
};
use vestibule_hyper::{Observer, Options, Outcome, Seen, SystemClock, Vestibule};

/// A flow that has stopped makes a test fail, not hang.
const BOUND: Duration = Duration::from_secs(20);

const ANSWERED: &str = "answered";

/// The driver.
pub(crate) struct Gate {
    pub(crate) store: MemoryStore,
    asked: UnboundedSender<&'static str>,
    shared: Arc<Shared>,
}

struct Shared {
    passes: Semaphore,
    panic_at_load: AtomicBool,
    panic_at_observation: AtomicBool,
    swaps_fail: AtomicBool,
}

/// The test's side.
pub(crate) struct Keeper {
    asked: UnboundedReceiver<&'static str>,
    told: UnboundedReceiver<Told>,
    shared: Arc<Shared>,
}

/// What the observer was told.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) line: String,
    pub(crate) status: StatusCode,
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<&'static str>,
}

pub(crate) fn gate(server: Server, mut options: Options) -> (Vestibule<Gate>, Keeper) {
    let (asked_sender, asked) = unbounded_channel();
    let (told_sender, told) = unbounded_channel();
    let shared = Arc::new(Shared {
        passes: Semaphore::new(0),
        panic_at_load: AtomicBool::new(false),
        panic_at_observation: AtomicBool::new(false),
        swaps_fail: AtomicBool::new(false),
    });
    options.observer = Arc::new(Teller {
        asked: asked_sender.clone(),
        told: told_sender,
        shared: Arc::clone(&shared),
    });
    let driver =
        Gate { store: MemoryStore::new(), asked: asked_sender, shared: Arc::clone(&shared) };
    (Vestibule::with_options(server, driver, options), Keeper { asked, told, shared })
}

impl Keeper {
    /// Lets every question pass from now on.
    pub(crate) fn open(&self) {
        self.shared.passes.close();
    }

    /// Lets every question pass until it is shut.
    pub(crate) fn open_for_now(&self) {
        self.shared.passes.add_permits(1);
    }

    pub(crate) fn shut(&self) {
        self.shared.shut();
    }

    /// Lets every question pass until a request is answered, though no swap is done. Among the
    /// questions stands then that it was [`ANSWERED`].
    pub(crate) fn open_without_swaps_until_answered(&self) {
        self.shared.swaps_fail.store(true, Ordering::SeqCst);
        self.open_for_now();
    }

    /// Whatever was asked or told until now.
    pub(crate) fn forget(&mut self) {
        while self.asked.try_recv().is_ok() {}
        while self.told.try_recv().is_ok() {}
    }

    pub(crate) fn panic_at_the_next_load(&self) {
        self.shared.panic_at_load.store(true, Ordering::SeqCst);
    }

    pub(crate) fn panic_at_the_next_observation(&self) {
        self.shared.panic_at_observation.store(true, Ordering::SeqCst);
    }

    /// Waits until these questions have been asked, in this order.
    pub(crate) async fn expect(&mut self, questions: &[&str]) {
        for question in questions {
            let asked = timeout(BOUND, self.asked.recv()).await;
            assert_eq!(asked, Ok(Some(*question)));
        }
    }

    /// Waits until a request has been answered to which the gate was open until then.
    pub(crate) async fn expect_answered(&mut self) {
        while timeout(BOUND, self.asked.recv()).await.unwrap().unwrap() != ANSWERED {}
    }

    pub(crate) fn expect_silence(&mut self) {
        assert!(self.asked.try_recv().is_err());
    }

    /// Waits until the observer has been told of a request.
    pub(crate) async fn told(&mut self) -> Told {
        timeout(BOUND, self.told.recv()).await.unwrap().unwrap()
    }
}

impl Shared {
    fn shut(&self) {
        assert_eq!(self.passes.forget_permits(1), 1, "it was not open for now");
    }
}

impl Gate {
    /// Says that it was asked, and waits for the gate.
    async fn ask(&self, question: &'static str) {
        let _ = self.asked.send(question);
        // An error is an open gate.
        let _ = self.shared.passes.acquire().await;
    }
}

impl Driver for Gate {
    fn tick(&self) -> Tick {
        SystemClock.tick()
    }

    /// A provider that knows everybody.
    async fn http(&self, call: HttpCall) -> <HttpCall as Effect>::Answer {
        self.ask("http").await;
        let body = if call.purpose == Purpose::ExchangeCode {
            r#"{"access_token":"theirs","token_type":"Bearer"}"#
        } else {
            r#"{"sub":"1"}"#
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        Ok(Response::new(StatusCode::OK, headers, Bytes::from_static(body.as_bytes())))
    }

    async fn load(&self, load: Load) -> <Load as Effect>::Answer {
        // What a cache may answer is no question that a test waits for.
        if load.freshness != Freshness::Fresh {
            return Store::load(&self.store, load).await;
        }
        self.ask("load").await;
        assert!(!self.shared.panic_at_load.swap(false, Ordering::SeqCst), "as planned");
        Store::load(&self.store, load).await
    }

    async fn swap(&self, swap: Swap) -> <Swap as Effect>::Answer {
        self.ask("swap").await;
        if self.shared.swaps_fail.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        Store::swap(&self.store, swap).await
    }

    async fn pause(&self, _: Pause) {}
}

struct Teller {
    asked: UnboundedSender<&'static str>,
    told: UnboundedSender<Told>,
    shared: Arc<Shared>,
}

impl Observer for Teller {
    fn observe(&self, seen: &Seen<'_>) {
        assert!(!self.shared.panic_at_observation.swap(false, Ordering::SeqCst), "as planned");
        if self.shared.swaps_fail.swap(false, Ordering::SeqCst) {
            self.shared.shut();
            let _ = self.asked.send(ANSWERED);
        }
        let id = seen.request_id.map(ToString::to_string).unwrap_or_default();
        let _ = self.told.send(Told {
            line: format!("{} {} {id}", seen.method, seen.path).trim_end().to_owned(),
            status: seen.status,
            outcome: seen.outcome,
            events: seen.events.iter().map(Event::name).collect(),
        });
    }
}
