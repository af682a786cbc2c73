//! Compare-and-swap, one question at a time.

use vestibule_core::{Record, Swapped, Version};

use crate::store::ask::{Ask, hold, key, sample};
use crate::store::{Children, Subject, Verdict};

/// Nothing or a record may be there; nothing, that record or another may be expected; nothing or a
/// record may come next.
///
/// If not: a code, a rotation or a revocation that lost a race answers as if it had won it.
///
/// # Errors
/// If it does not hold.
pub fn a_swap_is_done_where_the_expected_version_is_and_nowhere_else<S: Subject>(
    _: &Children,
) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let next = sample(3, 0);
    each_case(|number, there, expected, deletes| {
        let key = key("grant", number);
        if let Some(there) = there {
            store.create(&key, there)?;
        }
        let next = (!deletes).then_some(&next);
        let swapped = store.try_swap(&key, expected, next)?;
        let must = if expected == there { Swapped::Done } else { Swapped::Conflict };
        hold!(
            swapped == must,
            "{there:?} is there and {expected:?} is expected: the swap for {next:?} must be \
             {must:?}, and is {swapped:?}"
        );
        if swapped == Swapped::Done { store.is(&key, next) } else { Ok(()) }
    })
}

/// A swap whose expectation is wrong leaves the record as it was: its bytes, its owner, its expiry,
/// and that there is none.
///
/// If not: a redemption that was refused replaces the grant of the one that was not.
///
/// # Errors
/// If it does not hold.
pub fn a_conflict_changes_nothing<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let next = sample(3, 0);
    each_case(|number, there, expected, deletes| {
        if there == expected {
            return Ok(());
        }
        let key = key("grant", number);
        if let Some(there) = there {
            store.create(&key, there)?;
        }
        store.try_swap(&key, expected, (!deletes).then_some(&next))?;
        store.is(&key, there)
    })
}

/// With a number of its own: what is there, what is expected, whether the swap deletes.
fn each_case(
    mut case: impl FnMut(u64, Option<&Record>, Option<&Record>, bool) -> Verdict,
) -> Verdict {
    let (one, other) = (sample(1, 0), sample(2, 0));
    let mut number = 0;
    for there in [None, Some(&one)] {
        for expected in [None, Some(&one), Some(&other)] {
            for deletes in [false, true] {
                number += 1;
                case(number, there, expected, deletes)?;
            }
        }
    }
    Ok(())
}

/// Also twice, and with the owner and expiry of the new record.
///
/// If not: a cache slot that was emptied is never filled again.
///
/// # Errors
/// If it does not hold.
pub fn a_deleted_record_is_gone_and_may_be_created_again<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let key = key("grant", 0);
    for number in 0..3 {
        let record = sample(number, 0);
        store.create(&key, &record)?;
        store.is(&key, Some(&record))?;
        store.put(&key, Some(&record), None)?;
        store.is(&key, None)?;
    }
    Ok(())
}

/// Versions are random: any two of them differ in a bit, and the later one may be the smaller.
///
/// If not: a store that compares a part of the version, or takes it for text or for a number that
/// grows, answers `Done` to a swap of an old state.
///
/// # Errors
/// If it does not hold.
pub fn versions_are_compared_to_the_last_bit<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let key = key("grant", 0);
    let with = |version| Record { version: Version::from_bytes(version), ..sample(0, 0) };
    let mut there: Option<Record> = None;
    for version in [[0xFF; 16], [0x80; 16], [b'a'; 16], [b'A'; 16], [0; 16], [0x7F; 16]] {
        let record = with(version);
        store.put(&key, there.as_ref(), Some(&record))?;
        for at in 0..16 {
            for bit in [0, 5, 7] {
                let mut near = version;
                near[at] ^= 1 << bit;
                let expected = with(near);
                let swapped = store.try_swap(&key, Some(&expected), Some(&sample(1, 0)))?;
                hold!(
                    swapped == Swapped::Conflict,
                    "{:?} was there and {:?} was expected: the swap was done",
                    record.version,
                    expected.version
                );
            }
        }
        store.is(&key, Some(&record))?;
        there = Some(record);
    }
    Ok(())
}

/// A record is deleted, or replaced, and then written again with the same bytes, owner and expiry:
/// all is as before but for the version.
///
/// If not: a flow that was held up for long swaps a state that it has not seen. Between the two, a
/// grant may have ended.
///
/// # Errors
/// If it does not hold.
pub fn a_version_that_is_gone_does_not_match_a_record_of_equal_bytes<S: Subject>(
    _: &Children,
) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let before = sample(1, 0);
    let between = sample(2, 0);
    let after = Record { version: sample(3, 0).version, ..before.clone() };
    for (number, between) in [(0, None), (1, Some(&between))] {
        let key = key("grant", number);
        store.create(&key, &before)?;
        store.put(&key, Some(&before), between)?;
        store.put(&key, between, Some(&after))?;
        for next in [None, Some(&sample(4, 0))] {
            let swapped = store.try_swap(&key, Some(&before), next)?;
            hold!(
                swapped == Swapped::Conflict,
                "a record came back with equal bytes and version {:?}; a swap that expected {:?} \
                 was done",
                after.version,
                before.version
            );
        }
        store.is(&key, Some(&after))?;
    }
    Ok(())
}
