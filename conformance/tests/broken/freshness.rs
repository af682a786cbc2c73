//! Loads that see what is not there.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use vestibule_core::{Freshness, Load, Record, RecordKey, Swap, Swapped};

use crate::caught;
use crate::world::{Map, Place, Wrong, wait_until};

caught! {
    sto_05_a_fresh_load_is_answered_from_a_cache: Place<Cache<true>>,
        by what_is_done_is_seen_by_every_fresh_load;
    sto_05_every_other_load_asks_a_replica_that_lags: Place<Replica>,
        by a_fresh_load_never_goes_back_in_time;
    a_cache_knows_no_age: Place<Cache<false>>,
        by a_load_that_may_be_old_is_not_older;
    a_cache_minds_the_age_of_zero_only: Place<CacheOfOldThings>,
        by a_load_that_may_be_old_is_not_older;
    a_cache_has_one_slot: Place<OneSlot>,
        by a_load_that_may_be_old_is_not_older;
    a_cache_stamps_its_entries_when_the_read_has_ended: Place<OvertakenCache<false>>,
        by a_load_that_may_be_old_is_not_older_for_being_overtaken;
    a_cache_takes_an_overtaken_read_for_new: Place<OvertakenCache<true>>,
        by a_load_that_may_be_old_is_not_older_for_being_overtaken;
    a_record_is_written_in_two_parts: Place<TwoParts>,
        by a_load_never_sees_parts_of_two_writes;
}

/// Keeps what a handle has loaded; `FRESH`: and answers everything from it.
struct Cache<const FRESH: bool>(Mutex<BTreeMap<RecordKey, Option<Record>>>);
impl<const FRESH: bool> Wrong for Cache<FRESH> {
    fn new() -> Self {
        Self(Mutex::default())
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        let mut cache = self.0.lock().unwrap();
        if FRESH || load.freshness != Freshness::Fresh {
            let cached = cache.entry(load.key.clone());
            return cached.or_insert_with(|| map.load(load)).clone();
        }
        map.load(load)
    }
}

struct CacheOfOldThings(Cache<false>);
impl Wrong for CacheOfOldThings {
    fn new() -> Self {
        Self(Wrong::new())
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        if load.freshness == Freshness::AtMost(Duration::ZERO) {
            return map.load(load);
        }
        self.0.load(map, load)
    }
}

/// Of what may be old, keeps the last, whichever it was.
struct OneSlot(Mutex<Option<Record>>);
impl Wrong for OneSlot {
    fn new() -> Self {
        Self(Mutex::default())
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        if load.freshness == Freshness::Fresh {
            return map.load(load);
        }
        let mut slot = self.0.lock().unwrap();
        if slot.is_none() {
            *slot = map.load(load);
        }
        slot.clone()
    }
}

/// A cache that minds ages. A load that has read goes into it when two writes were done since: its
/// record under the time at which it came, or, `NEWEST`, under the latest that is there.
struct OvertakenCache<const NEWEST: bool> {
    kept: Mutex<BTreeMap<RecordKey, (Instant, Option<Record>)>>,
    overtaken: AtomicBool,
}
impl<const NEWEST: bool> Wrong for OvertakenCache<NEWEST> {
    fn new() -> Self {
        Self { kept: Mutex::default(), overtaken: AtomicBool::new(false) }
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        let Freshness::AtMost(age) = load.freshness else {
            return map.load(load);
        };
        if let Some((at, kept)) = self.kept.lock().unwrap().get(&load.key)
            && at.elapsed() < age
        {
            return kept.clone();
        }
        let (mut at, swaps) = (Instant::now(), map.swaps.load(SeqCst));
        let found = map.load(load);
        // One at a time: the others are those that overtake it.
        if !self.overtaken.swap(true, SeqCst) {
            wait_until(|| map.swaps.load(SeqCst) >= swaps + 2);
            self.overtaken.store(false, SeqCst);
        }
        let mut kept = self.kept.lock().unwrap();
        at = match kept.get(&load.key) {
            _ if !NEWEST => Instant::now(),
            Some((newest, _)) => at.max(*newest),
            None => at,
        };
        kept.insert(load.key.clone(), (at, found.clone()));
        found
    }
}

/// One write behind.
struct Replica;
impl Wrong for Replica {
    fn new() -> Self {
        Self
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        if map.loads.load(SeqCst).is_multiple_of(2) {
            return map.load(load);
        }
        map.before
            .lock()
            .unwrap()
            .get(&load.key)
            .and_then(|before| before.last().cloned().flatten())
    }
}

/// First all but the bytes, then the bytes; in between, somebody looks.
struct TwoParts;
impl Wrong for TwoParts {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        let there = map.load(&Load::fresh(swap.key.clone()));
        if let (Some(there), Some(next)) = (&there, &swap.next)
            && swap.expected == Some(there.version)
        {
            let half = Record { bytes: there.bytes.clone(), ..next.clone() };
            map.put(&mut map.lock(), swap.key.clone(), Some(half));
            // Two readers are at it: the third load from here began after the first part was there.
            let loads = map.loads.load(SeqCst);
            // Once is enough.
            let was_seen = || map.loads.load(SeqCst) >= loads + 3;
            wait_until(|| was_seen() || map.here.load(SeqCst) > 0);
            map.here.fetch_add(u64::from(was_seen()), SeqCst);
            return map.swap(Swap::new(swap.key, Some(next.version), swap.next));
        }
        map.swap(swap)
    }
}
