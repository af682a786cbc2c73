//! What a store may forget, and when.

use std::sync::{Arc, Barrier};
use std::time::{SystemTime, UNIX_EPOCH};

use vestibule_core::{Record, Swapped, Timestamp};

use crate::store::ask::{Ask, FAR, beside, hold, key, sample};
use crate::store::{Children, Objection, Subject, Verdict};

/// A record whose expiry has passed, up to some seconds before it may be forgotten, is loaded,
/// stands in the way of a new one, and is swapped.
///
/// The store does not judge: whether the record is dead is core's to say, by the clock of the
/// request.
///
/// If not: a code that is redeemed a second time is "unknown", where it should have ended its
/// grant; and two nodes whose clocks differ disagree on what was used.
///
/// # Errors
/// If it does not hold.
pub fn a_record_is_kept_while_it_may_be_needed_after_its_expiry<S: Subject>(
    _: &Children,
) -> Verdict {
    let subject = S::fresh();
    let (store, other) = (subject.open(), subject.open());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for ago in [0, 1, 59, 60, 61, 100] {
        let key = key("grant", ago);
        let expired = expiring(0, now - ago);
        store.create(&key, &expired)?;
        store.is(&key, Some(&expired))?;
        other.is(&key, Some(&expired))?;
        let created = other.try_swap(&key, None, Some(&sample(1, 0)))?;
        hold!(
            created == Swapped::Conflict,
            "a record that expired {ago} seconds ago was overwritten by another as if it were gone"
        );
        let next = expiring(2, now - ago);
        store.put(&key, Some(&expired), Some(&next))?;
        other.is(&key, Some(&next))?;
    }
    Ok(())
}

/// A sweep for what is expired comes 0, 1, … 119 seconds after a record's expiry, or long before
/// it: the record stays. What expires at [`Timestamp::MAX`] is never taken.
///
/// If not: as [above](a_record_is_kept_while_it_may_be_needed_after_its_expiry), but only after the
/// store has run for a while.
///
/// # Errors
/// If it does not hold.
pub fn a_sweep_keeps_what_expired_less_than_120_seconds_ago<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let forever = (key("grant", 0), expiring(0, Timestamp::MAX.seconds()));
    // 120 seconds more than this is more than there is.
    let nearly = (key("grant", 1), expiring(1, Timestamp::MAX.seconds() - 60));
    let dying = (key("grant", 2), expiring(2, FAR));
    for (key, record) in [&forever, &nearly, &dying] {
        store.create(key, record)?;
    }
    for now in [0, FAR - 1, FAR, FAR + 1, FAR + 60, FAR + 119] {
        sweep::<S>(&store, now)?;
        for (key, record) in [&forever, &nearly, &dying] {
            store.is(key, Some(record))?;
        }
    }
    // The year 9999, and what comes after.
    for now in [253_402_300_799, Timestamp::MAX.seconds() - 1] {
        sweep::<S>(&store, now)?;
        for (key, record) in [&forever, &nearly] {
            store.is(key, Some(record))?;
        }
    }
    Ok(())
}

/// While a sweep takes what has long expired, a swap puts a record there that has not: if the swap
/// was done, the record stays.
///
/// If not: a sweep that first looks and then deletes takes a grant that was renewed in between.
///
/// # Errors
/// If it does not hold.
pub fn a_sweep_never_takes_a_record_that_was_prolonged<S: Subject>(_: &Children) -> Verdict {
    const ROUNDS: u64 = 20;
    let subject = S::fresh();
    let (store, sweeper) = (subject.open(), Arc::new(subject.open()));
    let (dead, prolonged) = (expiring(0, FAR), expiring(1, 2 * FAR));
    for round in 0..ROUNDS {
        let key = key("grant", round);
        store.create(&key, &dead)?;
        let (barrier, sweeper) = (Arc::new(Barrier::new(2)), Arc::clone(&sweeper));
        let both = Arc::clone(&barrier);
        let swept = beside(move || {
            both.wait();
            sweep::<S>(&sweeper, FAR + 1_000)
        });
        barrier.wait();
        let swapped = store.try_swap(&key, Some(&dead), Some(&prolonged));
        swept.joined()??;
        let swapped = swapped?;
        let must = match swapped {
            Swapped::Done => Some(&prolonged),
            // The sweep was first.
            Swapped::Conflict => None,
        };
        store.is(&key, must)?;
    }
    Ok(())
}

fn expiring(number: u64, expires_at: u64) -> Record {
    Record { expires_at: Timestamp::from_seconds(expires_at), ..sample(number, 0) }
}

fn sweep<S: Subject>(store: &S::Store, now: u64) -> Verdict {
    if S::sweep(store, Timestamp::from_seconds(now)) {
        Ok(())
    } else {
        Err(Objection::NotAsked("it cannot be swept on demand"))
    }
}
