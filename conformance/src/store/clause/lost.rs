//! Questions that are asked twice, because an answer was lost.

use vestibule_core::Swapped;

use crate::store::ask::{Ask, hold, key, sample};
use crate::store::{Children, Subject, Verdict};

/// A swap that was done, and whose answer was lost, is asked for again: a conflict, and the record
/// that it put there still is.
///
/// If not: core, which asks again and then looks whether the record is its own, takes its own write
/// for somebody else's: a person who did nothing wrong is signed out.
///
/// # Errors
/// If it does not hold.
pub fn a_swap_that_is_asked_for_again_conflicts_with_itself<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let key = key("grant", 0);
    let (one, two) = (sample(1, 0), sample(2, 0));
    for (expected, next) in [(None, Some(&one)), (Some(&one), Some(&two)), (Some(&two), None)] {
        store.put(&key, expected, next)?;
        for _ in 0..2 {
            let again = store.try_swap(&key, expected, next)?;
            hold!(
                again == Swapped::Conflict,
                "the swap of {expected:?} for {next:?}, asked for again, was done"
            );
            store.is(&key, next)?;
        }
    }
    Ok(())
}

/// Swaps that were done long ago arrive once more, after others have written: the newer record
/// stays.
///
/// If not: a network that repeats a packet undoes a revocation.
///
/// # Errors
/// If it does not hold.
pub fn a_late_duplicate_never_undoes_a_newer_write<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let (store, other) = (subject.open(), subject.open());
    let key = key("grant", 0);
    let records: Vec<_> = (0..6).map(|number| sample(number, 0)).collect();
    let swaps: Vec<_> =
        (0..6).map(|at: usize| (at.checked_sub(1).map(|at| &records[at]), &records[at])).collect();
    for (at, (expected, next)) in swaps.iter().enumerate() {
        store.put(&key, *expected, Some(next))?;
        for (expected, next) in &swaps[..at] {
            let late = other.try_swap(&key, *expected, Some(next))?;
            hold!(late == Swapped::Conflict, "a duplicate of the swap for {next:?} was done");
        }
        store.is(&key, Some(next))?;
    }
    let last = swaps.last().map(|(_, record)| *record);
    store.put(&key, last, None)?;
    for (expected, next) in &swaps[1..] {
        let late = other.try_swap(&key, *expected, Some(next))?;
        hold!(late == Swapped::Conflict, "a duplicate brought back {next:?}, which was deleted");
    }
    store.is(&key, None)
}
