//! A swap whose outcome is known: how every record is written.

use std::time::Duration;

use crate::effect::Pause;
use crate::refusal::Refusal;
use crate::step::{Step, ask};
use crate::store::{Load, Swap, Swapped};
use crate::tick::{Tick, Timestamp};

/// What became of it, and how much patience is left.
pub(crate) type Written = Result<(Swapped, Patience), Refusal>;

/// Asks for a swap until it is known what became of it.
///
/// After "unavailable" the write may have happened, or may still happen. So the record is loaded:
/// our version is there, or the expected one still is (then the very same swap is asked for again,
/// which is harmless if the first one arrives late), or somebody else's, which is a conflict.
pub(crate) fn swap(swap_: Swap, patience: Patience, tick: &mut Tick) -> Step<Written> {
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
pub(crate) struct Patience {
    rounds_left: u8,
    pauses_left: u8,
    until: Timestamp,
    /// Whether a swap of this flow had an unknown outcome.
    doubts: bool,
}

impl Patience {
    pub(crate) fn from(now: Timestamp) -> Self {
        let until = now.after(Duration::from_secs(5));
        Self { rounds_left: 3, pauses_left: 8, until, doubts: false }
    }

    /// The outcome of the next round's swap is known again.
    pub(crate) fn another_round(self) -> Option<Self> {
        Some(Self { rounds_left: self.rounds_left.checked_sub(1)?, doubts: false, ..self })
    }

    /// 20 ms, doubled each time.
    pub(crate) fn pause(self, now: Timestamp) -> Option<(Pause, Self)> {
        if self.until.has_passed(now) {
            return None;
        }
        let pauses_left = self.pauses_left.checked_sub(1)?;
        let at_most = Duration::from_millis(20 << (8 - self.pauses_left));
        Some((Pause { at_most }, Self { pauses_left, doubts: true, ..self }))
    }
}
