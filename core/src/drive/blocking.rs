//! The same loop without async: see [`drive`](super::drive()).

use crate::effect::{Effect, HttpCall, Pause, Unreachable};
use crate::mapper::{MapFailure, MapUser, Mapped};
use crate::reply::Response;
use crate::step::Step;
use crate::store::{List, Load, Page, Record, Swap, Swapped, Unavailable};
use crate::tick::Tick;

/// Answers the questions of a flow; the blocking twin of [`Driver`](super::Driver).
pub trait Driver {
    /// The time now and 32 fresh random bytes.
    fn tick(&self) -> Tick;

    /// Sends an HTTP request; see [`Transport::http`](super::Transport::http).
    fn http(&self, call: HttpCall) -> <HttpCall as Effect>::Answer;

    /// Loads a record; see [`Store::load`](super::Store::load).
    fn load(&self, load: Load) -> <Load as Effect>::Answer;

    /// Compares and swaps a record; see [`Store::swap`](super::Store::swap).
    fn swap(&self, swap: Swap) -> <Swap as Effect>::Answer;

    /// Lists an owner's records; see [`Store::list`](super::Store::list).
    fn list(&self, list: List) -> <List as Effect>::Answer {
        let _ = list;
        Err(Unavailable)
    }

    /// Asks the application about a person; see [`Mapper::map_user`](super::Mapper::map_user).
    fn map_user(&self, map: MapUser) -> <MapUser as Effect>::Answer {
        let _ = map;
        Err(MapFailure::Unavailable)
    }

    /// Waits, at most as long as asked.
    fn pause(&self, pause: Pause);
}

/// Answers each question of `step` with `driver` until the flow is done.
pub fn drive<T: 'static>(driver: &impl Driver, mut step: Step<T>) -> T {
    loop {
        step = match step {
            Step::Done(value) => return value,
            Step::Http(pending) => {
                let (call, waiting) = pending.split();
                waiting.resume(driver.http(call), driver.tick())
            }
            Step::Load(pending) => {
                let (load, waiting) = pending.split();
                waiting.resume(driver.load(load), driver.tick())
            }
            Step::Swap(pending) => {
                let (swap, waiting) = pending.split();
                waiting.resume(driver.swap(swap), driver.tick())
            }
            Step::List(pending) => {
                let (list, waiting) = pending.split();
                waiting.resume(driver.list(list), driver.tick())
            }
            Step::MapUser(pending) => {
                let (map, waiting) = pending.split();
                waiting.resume(driver.map_user(map), driver.tick())
            }
            Step::Pause(pending) => {
                let (pause, waiting) = pending.split();
                driver.pause(pause);
                waiting.resume((), driver.tick())
            }
        };
    }
}

/// Sends HTTP requests; the blocking twin of [`Transport`](super::Transport), with the same
/// contract.
pub trait Transport {
    /// Sends the request and reads the whole response.
    ///
    /// # Errors
    /// [`Unreachable`] where no complete response came back within the call's limits.
    fn http(&self, call: HttpCall) -> Result<Response, Unreachable>;
}

/// Keeps records; the blocking twin of [`Store`](super::Store), with [the same
/// contract](crate::store).
pub trait Store {
    /// The record under a key, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say.
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable>;

    /// Compare-and-swap.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say whether the write happened.
    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable>;

    /// An owner's records, a page at a time.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say, or cannot list.
    fn list(&self, list: List) -> Result<Page, Unavailable> {
        let _ = list;
        Err(Unavailable)
    }
}

/// The application's token mapper; the blocking twin of [`Mapper`](super::Mapper).
pub trait Mapper {
    /// What the person's token shall say.
    ///
    /// # Errors
    /// [`MapFailure::Denied`] refuses the person, [`MapFailure::Unavailable`] asks the client to
    /// come again.
    fn map_user(&self, map: MapUser) -> Result<Mapped, MapFailure>;
}

/// No mapper: answers "unavailable", which is never asked unless the configuration asks for a
/// mapper.
impl Mapper for () {
    fn map_user(&self, _: MapUser) -> Result<Mapped, MapFailure> {
        Err(MapFailure::Unavailable)
    }
}

/// Time and randomness for the blocking loop.
pub trait Clock {
    /// The time now and 32 fresh bytes of a cryptographic random source.
    fn tick(&self) -> Tick;

    /// Waits, at most as long as asked.
    fn pause(&self, pause: Pause);
}

impl<C: Clock, T: Transport, S: Store, M: Mapper> Driver for super::Composite<C, T, S, M> {
    fn tick(&self) -> Tick {
        self.clock.tick()
    }

    fn http(&self, call: HttpCall) -> <HttpCall as Effect>::Answer {
        self.transport.http(call)
    }

    fn load(&self, load: Load) -> <Load as Effect>::Answer {
        self.store.load(load)
    }

    fn swap(&self, swap: Swap) -> <Swap as Effect>::Answer {
        self.store.swap(swap)
    }

    fn list(&self, list: List) -> <List as Effect>::Answer {
        self.store.list(list)
    }

    fn map_user(&self, map: MapUser) -> <MapUser as Effect>::Answer {
        self.mapper.map_user(map)
    }

    fn pause(&self, pause: Pause) {
        self.clock.pause(pause);
    }
}

impl<S: Store + ?Sized> Store for &S {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        (**self).load(load)
    }
    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        (**self).swap(swap)
    }
    fn list(&self, list: List) -> Result<Page, Unavailable> {
        (**self).list(list)
    }
}

impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        (**self).load(load)
    }
    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        (**self).swap(swap)
    }
    fn list(&self, list: List) -> Result<Page, Unavailable> {
        (**self).list(list)
    }
}
