//! Stores that forget too early.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{SystemTime, UNIX_EPOCH};

use vestibule_core::{Load, Record, RecordKey, Swap, Swapped, Timestamp};

use crate::caught;
use crate::world::{Map, Place, Wrong, wait_until};

caught! {
    sto_09_what_has_expired_is_not_loaded: Place<JudgesExpiry>,
        by a_record_is_kept_while_it_may_be_needed_after_its_expiry;
    sto_09_what_has_expired_may_be_created_again: Place<OverwritesExpired>,
        by a_record_is_kept_while_it_may_be_needed_after_its_expiry;
    sto_09_a_sweep_at_expiry: Place<SweepsAfter<0>>,
        by a_sweep_keeps_what_expired_less_than_120_seconds_ago;
    sto_09_a_sweep_a_second_too_early: Place<SweepsAfter<119>>,
        by a_sweep_keeps_what_expired_less_than_120_seconds_ago;
    sto_09_a_sweep_that_overflows: Place<SweepOverflows>,
        by a_sweep_keeps_what_expired_less_than_120_seconds_ago;
    a_sweep_that_looks_and_then_deletes: Place<SweepsWhatItSaw>,
        by a_sweep_never_takes_a_record_that_was_prolonged;
}

fn has_expired(record: &Record) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    record.expires_at.has_passed(Timestamp::from_seconds(now))
}

struct JudgesExpiry;
impl Wrong for JudgesExpiry {
    fn new() -> Self {
        Self
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        map.load(load).filter(|record| !has_expired(record))
    }
}

struct OverwritesExpired;
impl Wrong for OverwritesExpired {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if swap.expected.is_none() {
            map.lock().retain(|key, record| *key != swap.key || !has_expired(record));
        }
        map.swap(swap)
    }
}

struct SweepsAfter<const SECONDS: u64>;
impl<const SECONDS: u64> Wrong for SweepsAfter<SECONDS> {
    fn new() -> Self {
        Self
    }

    fn sweep(map: &Map, now: Timestamp) {
        map.lock().retain(|_, record| record.expires_at.seconds() + SECONDS > now.seconds());
    }
}

/// `expires_at + 120 > now`, in 64 bits with a sign.
struct SweepOverflows;
impl Wrong for SweepOverflows {
    fn new() -> Self {
        Self
    }

    fn sweep(map: &Map, now: Timestamp) {
        let signed = |time: Timestamp| time.seconds() as i64;
        map.lock().retain(|_, record| signed(record.expires_at).wrapping_add(120) > signed(now));
    }
}

/// In between, somebody prolongs what was seen.
struct SweepsWhatItSaw;
impl Wrong for SweepsWhatItSaw {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if swap.expected.is_some() {
            wait_until(|| map.here.load(SeqCst) > 0);
        }
        map.swap(swap)
    }

    fn sweep(map: &Map, now: Timestamp) {
        let is_dead = |record: &Record| record.expires_at.seconds() + 120 <= now.seconds();
        let records = map.lock().clone();
        let dead: Vec<RecordKey> =
            records.into_iter().filter(|(_, record)| is_dead(record)).map(|(key, _)| key).collect();
        let swaps = map.swaps.load(SeqCst);
        map.here.store(1, SeqCst);
        wait_until(|| map.swaps.load(SeqCst) > swaps);
        for key in dead {
            map.lock().remove(&key);
        }
    }
}
