//! The loop that answers a flow's questions, written once for async and once for blocking code.
//!
//! ```
//! # use vestibule_core::{Reply, Step, drive::{Driver, drive}};
//! # async fn answer(driver: &impl Driver, step: Step<Reply>) -> Reply {
//! drive(driver, step).await
//! # }
//! ```
//!
//! A [`Driver`] answers every kind of question. Most people compose one, with [`Composite`], from a
//! [`Clock`], a [`Transport`], a [`Store`] and a [`Mapper`]; each of the four is a trait of its own
//! so that each can be somebody else's. [`blocking`] holds the same for code without async.

pub mod blocking;

use std::future::Future;

use crate::effect::{Effect, HttpCall, Pause, Unreachable};
use crate::mapper::{MapFailure, MapUser, Mapped};
use crate::reply::Response;
use crate::step::Step;
use crate::store::{List, Load, Page, Record, Swap, Swapped, Unavailable};
use crate::tick::Tick;

/// Answers the questions of a flow.
///
/// A kind of question that is added later comes with a default that answers "unavailable", so that
/// implementers compile on and fail closed.
pub trait Driver: Send + Sync {
    /// The time now and 32 fresh random bytes.
    fn tick(&self) -> Tick;

    /// Sends an HTTP request; see [`Transport::http`].
    fn http(&self, call: HttpCall) -> impl Future<Output = <HttpCall as Effect>::Answer> + Send;

    /// Loads a record; see [`Store::load`].
    fn load(&self, load: Load) -> impl Future<Output = <Load as Effect>::Answer> + Send;

    /// Compares and swaps a record; see [`Store::swap`].
    fn swap(&self, swap: Swap) -> impl Future<Output = <Swap as Effect>::Answer> + Send;

    /// Lists an owner's records; see [`Store::list`].
    fn list(&self, list: List) -> impl Future<Output = <List as Effect>::Answer> + Send {
        let _ = list;
        async { Err(Unavailable) }
    }

    /// Asks the application about a person; see [`Mapper::map_user`].
    fn map_user(&self, map: MapUser) -> impl Future<Output = <MapUser as Effect>::Answer> + Send {
        let _ = map;
        async { Err(MapFailure::Unavailable) }
    }

    /// Waits, at most as long as asked.
    fn pause(&self, pause: Pause) -> impl Future<Output = ()> + Send;
}

/// Answers each question of `step` with `driver` until the flow is done.
pub async fn drive<T: 'static>(driver: &impl Driver, mut step: Step<T>) -> T {
    loop {
        step = match step {
            Step::Done(value) => return value,
            Step::Http(pending) => {
                let (call, waiting) = pending.split();
                let answer = driver.http(call).await;
                waiting.resume(answer, driver.tick())
            }
            Step::Load(pending) => {
                let (load, waiting) = pending.split();
                let answer = driver.load(load).await;
                waiting.resume(answer, driver.tick())
            }
            Step::Swap(pending) => {
                let (swap, waiting) = pending.split();
                let answer = driver.swap(swap).await;
                waiting.resume(answer, driver.tick())
            }
            Step::List(pending) => {
                let (list, waiting) = pending.split();
                let answer = driver.list(list).await;
                waiting.resume(answer, driver.tick())
            }
            Step::MapUser(pending) => {
                let (map, waiting) = pending.split();
                let answer = driver.map_user(map).await;
                waiting.resume(answer, driver.tick())
            }
            Step::Pause(pending) => {
                let (pause, waiting) = pending.split();
                driver.pause(pause).await;
                waiting.resume((), driver.tick())
            }
        };
    }
}

/// Sends HTTP requests.
///
/// The contract: redirects are not followed, a POST is never sent twice, proxies of the environment
/// are ignored, TLS errors are errors, and the call's cap, deadline and reach hold for the whole
/// call. A transport that follows a redirect sends client secrets and codes to wherever a provider
/// points; one that resolves a name a second time, after [`Reach::permits`](crate::Reach::permits)
/// judged what it resolved to, connects to wherever a stranger points. The crate
/// `vestibule-conformance` makes a test of each clause.
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole response.
    ///
    /// # Errors
    /// [`Unreachable`] where no complete response came back within the call's limits.
    fn http(&self, call: HttpCall) -> impl Future<Output = Result<Response, Unreachable>> + Send;
}

/// Keeps records, as [the storage contract](crate::store) says.
pub trait Store: Send + Sync {
    /// The record under a key, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say.
    fn load(&self, load: Load) -> impl Future<Output = Result<Option<Record>, Unavailable>> + Send;

    /// Compare-and-swap.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say whether the write happened.
    fn swap(&self, swap: Swap) -> impl Future<Output = Result<Swapped, Unavailable>> + Send;

    /// An owner's records, a page at a time.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say, or cannot list.
    fn list(&self, list: List) -> impl Future<Output = Result<Page, Unavailable>> + Send {
        let _ = list;
        async { Err(Unavailable) }
    }
}

/// The application's token mapper. Asked only where [`Config::map_users`](crate::Config::map_users)
/// says so.
pub trait Mapper: Send + Sync {
    /// What the person's token shall say.
    ///
    /// # Errors
    /// [`MapFailure::Denied`] refuses the person, [`MapFailure::Unavailable`] asks the client to
    /// come again.
    fn map_user(&self, map: MapUser) -> impl Future<Output = Result<Mapped, MapFailure>> + Send;
}

/// No mapper: answers "unavailable", which is never asked unless the configuration asks for a
/// mapper.
impl Mapper for () {
    async fn map_user(&self, _: MapUser) -> Result<Mapped, MapFailure> {
        Err(MapFailure::Unavailable)
    }
}

/// Time and randomness for the async loop.
pub trait Clock: Send + Sync {
    /// The time now and 32 fresh bytes of a cryptographic random source.
    fn tick(&self) -> Tick;

    /// Waits, at most as long as asked.
    fn pause(&self, pause: Pause) -> impl Future<Output = ()> + Send;
}

/// A [`Driver`] of four parts.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a driver is put together from its parts")]
pub struct Composite<C, T, S, M = ()> {
    /// Time and randomness.
    pub clock: C,
    /// HTTP.
    pub transport: T,
    /// Records.
    pub store: S,
    /// The application's mapper; `()` for none.
    pub mapper: M,
}

impl<C: Clock, T: Transport, S: Store, M: Mapper> Driver for Composite<C, T, S, M> {
    fn tick(&self) -> Tick {
        self.clock.tick()
    }

    async fn http(&self, call: HttpCall) -> <HttpCall as Effect>::Answer {
        self.transport.http(call).await
    }

    async fn load(&self, load: Load) -> <Load as Effect>::Answer {
        self.store.load(load).await
    }

    async fn swap(&self, swap: Swap) -> <Swap as Effect>::Answer {
        self.store.swap(swap).await
    }

    async fn list(&self, list: List) -> <List as Effect>::Answer {
        self.store.list(list).await
    }

    async fn map_user(&self, map: MapUser) -> <MapUser as Effect>::Answer {
        self.mapper.map_user(map).await
    }

    async fn pause(&self, pause: Pause) {
        self.clock.pause(pause).await;
    }
}

/// Whatever is shared can be used where it is shared.
macro_rules! shared {
    ($($pointer:ty),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer {
            async fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
                (**self).load(load).await
            }
            async fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
                (**self).swap(swap).await
            }
            async fn list(&self, list: List) -> Result<Page, Unavailable> {
                (**self).list(list).await
            }
        }
    )*};
}
shared!(&S, std::sync::Arc<S>);
