//! Load a grant, decide, swap: the one way in which records move.

use std::sync::Arc;

use crate::cutoff::{self, Questions};
use crate::grant::{Abandoned, Grant};
use crate::ids::GrantId;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Load, Record, Swap, Swapped, Version};
use crate::swap::{Patience, Written, swap};
use crate::tick::Tick;

/// What was decided on seeing a grant.
#[expect(clippy::large_enum_variant, reason = "it lives for one call; a box would cost more")]
pub(crate) enum Decision<T> {
    /// Leave the record as it is.
    Keep(T),
    /// Put this in its place; the outcome holds once that is done.
    Write(Grant, T),
}

impl<T> Decision<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Decision<U> {
        match self {
            Self::Keep(outcome) => Decision::Keep(change(outcome)),
            Self::Write(grant, outcome) => Decision::Write(grant, change(outcome)),
        }
    }
}

/// What became of a transaction, and what it took out of the record.
pub(crate) struct Transacted<T> {
    pub(crate) outcome: Result<T, Undone<T>>,
    /// The upstream tokens of a grant that this very transaction has ended: whoever drives it has
    /// them ended too.
    pub(crate) abandoned: Option<Abandoned>,
}

impl<T> Transacted<Option<T>> {
    /// `None`: nothing was decided yet.
    pub(crate) fn decided(self) -> Option<Transacted<T>> {
        let outcome = match self.outcome {
            Ok(outcome) => Ok(outcome?),
            Err(Undone { refusal, decided }) => Err(Undone { refusal, decided: decided.flatten() }),
        };
        Some(Transacted { outcome, abandoned: self.abandoned })
    }
}

/// A transaction that did not happen, or of which nobody knows whether it did.
pub(crate) struct Undone<T> {
    pub(crate) refusal: Refusal,
    /// What would have been the outcome: a replay that cannot be written down was seen all the
    /// same.
    pub(crate) decided: Option<T>,
}

impl<T> Undone<T> {
    fn new(refusal: Refusal, decided: T) -> Self {
        Self { refusal, decided: Some(decided) }
    }
}

impl<T> From<Refusal> for Undone<T> {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, decided: None }
    }
}

/// Sees a grant (or that there is none) and decides. Asked again, afresh, after each conflict: an
/// old decision is never swapped onto a new state.
pub(crate) type Decide<T> =
    dyn Fn(Option<Grant>, &mut Tick) -> Step<Decision<T>> + Send + Sync + 'static;

/// Moves a grant. One that a cutoff has ended is seen as the tombstone that it becomes here, so that
/// no grant type can forget to ask.
///
/// # Errors
/// [`Refusal::StoreUnavailable`], [`Refusal::Contention`] after four rounds,
/// [`Refusal::CorruptRecord`], [`Refusal::CorruptCutoff`].
pub(crate) fn transact<T: Send + Sync + 'static>(
    setup: &Setup,
    id: GrantId,
    tick: &mut Tick,
    decide: impl Fn(Option<Grant>, &mut Tick) -> Step<Decision<T>> + Send + Sync + 'static,
) -> Step<Transacted<T>> {
    let patience = Patience::from(tick.now);
    let decide = Arc::new(decide);
    let setup = setup.clone();
    Round { setup, id, decide, patience, cut_off: false, abandoned: None }.load(tick)
}

/// Ends a grant whoever asks; whether it was alive.
pub(crate) fn end(setup: &Setup, id: GrantId, tick: &mut Tick) -> Step<Transacted<bool>> {
    transact(setup, id, tick, |grant, tick| {
        Step::Done(match grant {
            None | Some(Grant::Revoked(_)) => Decision::Keep(false),
            Some(grant) => Decision::Write(Grant::Revoked(grant.end(tick.now)), true),
        })
    })
}

/// One try: load, decide, swap.
struct Round<T: 'static> {
    setup: Setup,
    id: GrantId,
    decide: Arc<Decide<T>>,
    patience: Patience,
    /// Whether the tombstone that will be found was just written for a cutoff.
    cut_off: bool,
    /// What was in its place.
    abandoned: Option<Abandoned>,
}

impl<T: Send + Sync + 'static> Round<T> {
    fn load(self, tick: &mut Tick) -> Step<Transacted<T>> {
        ask(Load::fresh(self.id.record_key())).then(tick, move |answer, tick| {
            let Ok(found) = answer else {
                return self.done(Err(Refusal::StoreUnavailable.into()));
            };
            let Some(record) = found else {
                return self.decide(None, None, tick);
            };
            match Grant::from_record(self.setup.keys(), self.id, &record) {
                Ok(grant) => self.hold_against_cutoffs(record.version, grant, tick),
                Err(_) => self.done(Err(Refusal::CorruptRecord.into())),
            }
        })
    }

    fn hold_against_cutoffs(
        self,
        version: Version,
        grant: Grant,
        tick: &mut Tick,
    ) -> Step<Transacted<T>> {
        let Some(allowed) = grant.allowed() else {
            let tombstone = grant.cut_off_now(self.cut_off);
            return self.decide(Some(version), Some(tombstone), tick);
        };
        let cutoffs = Questions::of_grant(&self.setup, allowed, cutoff::SEEN_WITHIN);
        // It is moved at every question.
        let grant = Box::new(grant);
        cutoffs.answer(&self.setup, tick).then(tick, move |over, tick| match over {
            Ok(false) => self.decide(Some(version), Some(*grant), tick),
            Ok(true) => self.end(version, *grant, tick),
            Err(refusal) => self.done(Err(refusal.into())),
        })
    }

    /// The tombstone first; the next round decides on seeing it.
    fn end(self, version: Version, grant: Grant, tick: &mut Tick) -> Step<Transacted<T>> {
        let mut tombstone = Grant::Revoked(grant.end(tick.now));
        let abandoned = tombstone.abandoned();
        write(&self.setup, Some(version), tombstone, self.patience, tick).then(
            tick,
            move |written, tick| match written {
                Ok((swapped, patience)) => {
                    let cut_off = swapped == Swapped::Done;
                    let abandoned = abandoned.filter(|_| cut_off);
                    let round = Self { cut_off, abandoned, ..self };
                    round.again(patience, None, tick)
                }
                Err(refusal) => self.done(Err(refusal.into())),
            },
        )
    }

    fn decide(
        self,
        expected: Option<Version>,
        grant: Option<Grant>,
        tick: &mut Tick,
    ) -> Step<Transacted<T>> {
        (self.decide)(grant, tick).then(tick, move |decision, tick| {
            let (mut next, outcome) = match decision {
                Decision::Keep(outcome) => return self.done(Ok(outcome)),
                Decision::Write(next, outcome) => (next, outcome),
            };
            let abandoned = next.abandoned();
            let writing = write(&self.setup, expected, next, self.patience, tick);
            writing.then(tick, move |written, tick| match written {
                Ok((Swapped::Done, _)) => {
                    Step::Done(Transacted { outcome: Ok(outcome), abandoned })
                }
                Ok((Swapped::Conflict, patience)) => self.again(patience, Some(outcome), tick),
                Err(refusal) => self.done(Err(Undone::new(refusal, outcome))),
            })
        })
    }

    /// Another round; `decided` is what the last one came to.
    fn again(self, patience: Patience, decided: Option<T>, tick: &mut Tick) -> Step<Transacted<T>> {
        match patience.another_round() {
            Some(patience) => Self { patience, ..self }.load(tick),
            None => self.done(Err(Undone { refusal: Refusal::Contention, decided })),
        }
    }

    fn done(self, outcome: Result<T, Undone<T>>) -> Step<Transacted<T>> {
        Step::Done(Transacted { outcome, abandoned: self.abandoned })
    }
}

/// Writes a grant's first record.
pub(super) fn create(
    setup: &Setup,
    grant: Grant,
    tick: &mut Tick,
) -> Step<Result<Swapped, Refusal>> {
    let patience = Patience::from(tick.now);
    write(setup, None, grant, patience, tick)
        .then(tick, |written, _| Step::Done(written.map(|(swapped, _)| swapped)))
}

fn write(
    setup: &Setup,
    expected: Option<Version>,
    grant: Grant,
    patience: Patience,
    tick: &mut Tick,
) -> Step<Written> {
    let key = grant.id().record_key();
    let version = Version::from_bytes(tick.entropy.draw("record version"));
    let record = grant.into_record(setup.keys(), &key, version);
    if record.bytes.len() > Record::MAX_BYTES {
        return Step::Done(Err(Refusal::GrantTooLarge));
    }
    swap(Swap::new(key, expected, Some(record)), patience, tick)
}
