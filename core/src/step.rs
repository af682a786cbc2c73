//! The step machine: a request becomes a chain of questions with a reply at its end.

use std::borrow::Borrow;
use std::fmt;

use crate::effect::{Effect, HttpCall, Pause};
use crate::mapper::MapUser;
use crate::reply::Reply;
use crate::store::{List, Load, Swap};
use crate::tick::Tick;

/// Where a flow stands: done, or waiting for the answer to one question.
///
/// Exhaustive on purpose: a driver must answer every kind of question, and a new kind is a change
/// it has to see. Most people never match on it: [`drive`](crate::drive::drive) does.
///
/// A question is answered with its own kind of answer:
///
/// ```
/// use vestibule_core::{Pending, Load, Step, Reply, Tick};
/// fn right(question: Pending<Load, Reply>, tick: Tick) -> Step<Reply> {
///     let (_load, waiting) = question.split();
///     waiting.resume(Ok(None), tick)
/// }
/// ```
///
/// with no other:
///
/// ```compile_fail,E0308
/// use vestibule_core::{Pending, Load, Step, Reply, Swapped, Tick};
/// fn wrong(question: Pending<Load, Reply>, tick: Tick) -> Step<Reply> {
///     let (_load, waiting) = question.split();
///     waiting.resume(Ok(Swapped::Done), tick) // a Load is answered with a record, not with a Swapped
/// }
/// ```
///
/// and once:
///
/// ```compile_fail,E0382
/// use vestibule_core::{Pending, Pause, Step, Reply, Tick};
/// fn twice(question: Pending<Pause, Reply>, first: Tick, second: Tick) -> Step<Reply> {
///     let (_pause, waiting) = question.split();
///     let _ = waiting.resume((), first);
///     waiting.resume((), second)
/// }
/// ```
#[must_use = "a step does nothing until a driver answers its question"]
#[expect(clippy::exhaustive_enums, reason = "a driver must handle every effect")]
pub enum Step<T: 'static = Reply> {
    /// The flow has ended with this value.
    Done(T),
    /// Send an HTTP request.
    Http(Pending<HttpCall, T>),
    /// Load a record.
    Load(Pending<Load, T>),
    /// Compare and swap a record.
    Swap(Pending<Swap, T>),
    /// List an owner's records.
    List(Pending<List, T>),
    /// Ask the application about a person.
    MapUser(Pending<MapUser, T>),
    /// Wait a moment.
    Pause(Pending<Pause, T>),
}

impl<T: 'static> Step<T> {
    /// Joins a rule that needs I/O with what follows from its finding.
    pub(crate) fn then<U: 'static>(
        self,
        tick: &mut Tick,
        next: impl FnOnce(T, &mut Tick) -> Step<U> + Send + Sync + 'static,
    ) -> Step<U> {
        match self {
            Self::Done(value) => next(value, tick),
            Self::Http(pending) => Step::Http(pending.then(next)),
            Self::Load(pending) => Step::Load(pending.then(next)),
            Self::Swap(pending) => Step::Swap(pending.then(next)),
            Self::List(pending) => Step::List(pending.then(next)),
            Self::MapUser(pending) => Step::MapUser(pending.then(next)),
            Self::Pause(pending) => Step::Pause(pending.then(next)),
        }
    }
}

impl<T: 'static, R: 'static> Step<Result<T, R>> {
    /// The same where what was found may be a reason to stop.
    pub(crate) fn and_then<U: 'static>(
        self,
        tick: &mut Tick,
        next: impl FnOnce(T, &mut Tick) -> Step<Result<U, R>> + Send + Sync + 'static,
    ) -> Step<Result<U, R>> {
        self.then(tick, |found, tick| match found {
            Ok(found) => next(found, tick),
            Err(reason) => Step::Done(Err(reason)),
        })
    }
}

/// Names the question, never what is inside it.
impl<T: 'static> fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(_) => f.write_str("Done"),
            Self::Http(pending) => pending.fmt(f),
            Self::Load(pending) => pending.fmt(f),
            Self::Swap(pending) => pending.fmt(f),
            Self::List(pending) => pending.fmt(f),
            Self::MapUser(pending) => pending.fmt(f),
            Self::Pause(pending) => pending.fmt(f),
        }
    }
}

/// A state that is waiting for one answer and knows what to do with it.
///
/// The states of a sign-in implement this where they ask something:
/// [`ExchangingCode`](crate::flow::ExchangingCode) is resumed by the token endpoint's response.
/// Inside [`Step`] the state is erased to [`Next`].
pub trait Resume<E: Effect, T: 'static>: Send + Sync + 'static {
    /// Consumes the state and the answer.
    fn resume(self, answer: E::Answer, tick: &mut Tick) -> Step<T>;
}

/// The erased way on from a question.
pub struct Next<E: Effect, T: 'static>(Box<Continue<E, T>>);

type Continue<E, T> = dyn FnOnce(<E as Effect>::Answer, &mut Tick) -> Step<T> + Send + Sync;

impl<E: Effect, T: 'static> Resume<E, T> for Next<E, T> {
    fn resume(self, answer: E::Answer, tick: &mut Tick) -> Step<T> {
        (self.0)(answer, tick)
    }
}

impl<E: Effect, T: 'static> fmt::Debug for Next<E, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

/// A question together with the only way on from it.
///
/// Neither `Clone` nor `Copy`, and neither is [`Waiting`]: a question that could be answered twice
/// would let one consent, one code or one refresh token be spent in two ways.
pub struct Pending<E: Effect, T: 'static = Reply, S = Next<E, T>> {
    effect: E::Held,
    waiting: Waiting<E, T, S>,
}

impl<E: Effect, T: 'static, S: Resume<E, T>> Pending<E, T, S> {
    pub(crate) fn new(effect: E, state: S) -> Self {
        Self::held(effect.into(), state)
    }

    fn held(effect: E::Held, state: S) -> Self {
        Self { effect, waiting: Waiting { state, answered_by: std::marker::PhantomData } }
    }

    /// Takes the question and its way on apart, so that the question can be moved to whoever
    /// answers it.
    #[must_use = "dropping the way on abandons the flow"]
    pub fn split(self) -> (E, Waiting<E, T, S>) {
        (E::taken(self.effect), self.waiting)
    }

    /// Erases the waiting state, so that the question fits into a [`Step`].
    pub fn erase(self) -> Step<T> {
        let state = self.waiting.state;
        let next = Next(Box::new(move |answer, tick: &mut Tick| state.resume(answer, tick)));
        E::pause(Pending::held(self.effect, next))
    }
}

impl<E: Effect, T: 'static> Pending<E, T> {
    fn then<U: 'static>(
        self,
        next: impl FnOnce(T, &mut Tick) -> Step<U> + Send + Sync + 'static,
    ) -> Pending<E, U> {
        let waiting = self.waiting.state.0;
        Pending::held(
            self.effect,
            Next(Box::new(move |answer, tick: &mut Tick| waiting(answer, tick).then(tick, next))),
        )
    }
}

impl<E: Effect, T: 'static, S> Pending<E, T, S> {
    /// The question, to look at before deciding who answers it.
    pub fn effect(&self) -> &E {
        self.effect.borrow()
    }
}

/// Names the kind of question only.
impl<E: Effect, T: 'static, S> fmt::Debug for Pending<E, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending<{}>", short_name::<E>())
    }
}

/// The way on from a question whose effect has been taken away to be answered.
pub struct Waiting<E: Effect, T: 'static = Reply, S = Next<E, T>> {
    state: S,
    answered_by: std::marker::PhantomData<fn(E) -> T>,
}

impl<E: Effect, T: 'static, S: Resume<E, T>> Waiting<E, T, S> {
    /// Answers the question and goes on to the next step.
    ///
    /// `tick` is the time at which the answer arrived, and 32 fresh random bytes.
    pub fn resume(self, answer: E::Answer, mut tick: Tick) -> Step<T> {
        self.state.resume(answer, &mut tick)
    }
}

impl<E: Effect, T: 'static, S> fmt::Debug for Waiting<E, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting<{}>", short_name::<E>())
    }
}

/// Asks a question and ends with its answer.
pub(crate) fn ask<E: Effect>(effect: E) -> Step<E::Answer> {
    E::pause(Pending::new(effect, Next(Box::new(|answer, _: &mut Tick| Step::Done(answer)))))
}

fn short_name<E>() -> &'static str {
    std::any::type_name::<E>().rsplit("::").next().unwrap_or_default()
}
