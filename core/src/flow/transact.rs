//! Load a grant, decide, swap: the one way in which records move.

use std::sync::Arc;
use std::time::Duration;

use crate::effect::Pause;
use crate::grant::Grant;
use crate::ids::GrantId;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Load, Record, Swap, Swapped, Version};
use crate::tick::{Tick, Timestamp};

/// What was decided on seeing a grant.
#[expect(clippy::large_enum_variant, reason = "it lives for one call; a box would cost more")]
pub(super) enum Decision<T> {
    /// Leave the record as it is.
    Keep(T),
    /// Put this in its place; the outcome holds once that is done.
    Write(Grant, T),
}

/// A transaction that did not happen, or of which nobody knows whether it did.
pub(super) struct Undone<T> {
    pub(super) refusal: Refusal,
    /// What would have been the outcome: a replay that cannot be written down was seen all the
    /// same.
    pub(super) decided: Option<T>,
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
pub(super) type Decide<T> =
    dyn Fn(Option<Grant>, &mut Tick) -> Step<Decision<T>> + Send + Sync + 'static;

/// Moves a grant.
///
/// # Errors
/// [`Refusal::StoreUnavailable`], [`Refusal::Contention`] after four rounds,
/// [`Refusal::CorruptRecord`].
pub(super) fn transact<T: Send + Sync + 'static>(
    setup: &Setup,
    id: GrantId,
    tick: &mut Tick,
    decide: impl Fn(Option<Grant>, &mut Tick) -> Step<Decision<T>> + Send + Sync + 'static,
) -> Step<Result<T, Undone<T>>> {
    let patience = Patience::from(tick.now);
    round(setup.clone(), id, Arc::new(decide), patience, tick)
}

fn round<T: Send + Sync + 'static>(
    setup: Setup,
    id: GrantId,
    decide: Arc<Decide<T>>,
    patience: Patience,
    tick: &mut Tick,
) -> Step<Result<T, Undone<T>>> {
    ask(Load::fresh(id.record_key())).then(tick, move |answer, tick| {
        let Ok(found) = answer else {
            return Step::Done(Err(Refusal::StoreUnavailable.into()));
        };
        let grant = match &found {
            None => None,
            Some(record) => match Grant::from_record(setup.keys(), id, record) {
                Ok(grant) => Some(grant),
                Err(_) => return Step::Done(Err(Refusal::CorruptRecord.into())),
            },
        };
        let expected = found.map(|record| record.version);
        decide(grant, tick).then(tick, move |decision, tick| {
            let (next, outcome) = match decision {
                Decision::Keep(outcome) => return Step::Done(Ok(outcome)),
                Decision::Write(next, outcome) => (next, outcome),
            };
            write(&setup, expected, next, patience, tick).then(tick, move |written, tick| {
                match written {
                    Ok((Swapped::Done, _)) => Step::Done(Ok(outcome)),
                    Ok((Swapped::Conflict, patience)) => match patience.another_round() {
                        Some(patience) => round(setup, id, decide, patience, tick),
                        None => Step::Done(Err(Undone::new(Refusal::Contention, outcome))),
                    },
                    Err(refusal) => Step::Done(Err(Undone::new(refusal, outcome))),
                }
            })
        })
    })
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

type Written = Result<(Swapped, Patience), Refusal>;

fn write(
    setup: &Setup,
    expected: Option<Version>,
    grant: Grant,
    patience: Patience,
    tick: &mut Tick,
) -> Step<Written> {
    let key = grant.id().record_key();
    let version = Version::from_bytes(tick.entropy.draw("record version"));
    let record = grant.into_record(setup.keys(), version);
    if record.bytes.len() > Record::MAX_BYTES {
        return Step::Done(Err(Refusal::GrantTooLarge));
    }
    swap(Swap::new(key, expected, Some(record)), patience, tick)
}

/// Asks for a swap until it is known what became of it.
///
/// After "unavailable" the write may have happened, or may still happen. So the record is loaded:
/// our version is there, or the expected one still is (then the very same swap is asked for again,
/// which is harmless if the first one arrives late), or somebody else's, which is a conflict.
fn swap(swap_: Swap, patience: Patience, tick: &mut Tick) -> Step<Written> {
    ask(swap_.clone()).then(tick, move |answer, tick| match answer {
        Ok(swapped) => settle(swapped, swap_, patience, tick),
        Err(_) => look(swap_, patience, tick),
    })
}

/// A conflict after an unknown outcome can be with our own write.
fn settle(swapped: Swapped, swap_: Swap, patience: Patience, tick: &mut Tick) -> Step<Written> {
    match swapped {
        Swapped::Conflict if patience.doubts => look(swap_, patience, tick),
        Swapped::Conflict | Swapped::Done => Step::Done(Ok((swapped, patience))),
    }
}

fn look(swap_: Swap, patience: Patience, tick: &mut Tick) -> Step<Written> {
    let Some((pause, patience)) = patience.pause(tick.now) else {
        return Step::Done(Err(Refusal::StoreUnavailable));
    };
    ask(pause).then(tick, move |(), tick| {
        ask(Load::fresh(swap_.key.clone())).then(tick, move |answer, tick| {
            let Ok(found) = answer else {
                return look(swap_, patience, tick);
            };
            let found = found.map(|record| record.version);
            let ours = swap_.next.as_ref().map(|record| record.version);
            if found == ours {
                Step::Done(Ok((Swapped::Done, patience)))
            } else if found == swap_.expected {
                swap(swap_, patience, tick)
            } else {
                Step::Done(Ok((Swapped::Conflict, patience)))
            }
        })
    })
}

/// How long a flow goes on trying: at most 4 rounds, 8 pauses and 5 seconds.
#[derive(Clone, Copy)]
struct Patience {
    rounds_left: u8,
    pauses_left: u8,
    until: Timestamp,
    /// Whether a swap of this flow had an unknown outcome.
    doubts: bool,
}

impl Patience {
    fn from(now: Timestamp) -> Self {
        let until = now.after(Duration::from_secs(5));
        Self { rounds_left: 3, pauses_left: 8, until, doubts: false }
    }

    /// The outcome of the next round's swap is known again.
    fn another_round(self) -> Option<Self> {
        Some(Self { rounds_left: self.rounds_left.checked_sub(1)?, doubts: false, ..self })
    }

    /// 20 ms, doubled each time.
    fn pause(self, now: Timestamp) -> Option<(Pause, Self)> {
        if self.until.has_passed(now) {
            return None;
        }
        let pauses_left = self.pauses_left.checked_sub(1)?;
        let at_most = Duration::from_millis(20 << (8 - self.pauses_left));
        Some((Pause { at_most }, Self { pauses_left, doubts: true, ..self }))
    }
}
