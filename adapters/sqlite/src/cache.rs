//! What was loaded a short while ago, for those who may know it a short while late.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vestibule_core::{Record, RecordKey};

/// Entries, half of them in each generation.
const ENTRIES: usize = 4096;
/// Bytes of records, half of them in each generation.
const BYTES: usize = 16 * 1024 * 1024;
/// Keys share one of this many counters of swaps.
const COUNTERS: usize = 1024;

/// Bounded, and bounded without bookkeeping: entries go into a young generation; once that is half
/// of all there may be, it becomes the old one, and the old one goes.
///
/// A load that began before a swap and ends after it must not bring the old record back. So each
/// load takes a [`Ticket`] before it reads, each swap makes the tickets of its key worthless once
/// it is committed and before it is answered, and only a ticket that is worth something puts an
/// entry in.
pub(crate) struct Cache {
    state: Mutex<State>,
    hasher: RandomState,
}

struct State {
    young: Generation,
    old: Generation,
    /// How many swaps there were, by hash of the key.
    swaps: Vec<u64>,
}

#[derive(Default)]
struct Generation {
    entries: HashMap<RecordKey, Entry>,
    bytes: usize,
}

#[derive(Clone)]
struct Entry {
    /// When the load began: the record is at least as new.
    loaded: Instant,
    record: Option<Record>,
}

/// The right to put what a load found into the cache.
pub(crate) struct Ticket {
    counter: usize,
    swaps: u64,
    began: Instant,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let state = State {
            young: Generation::default(),
            old: Generation::default(),
            swaps: vec![0; COUNTERS],
        };
        Self { state: Mutex::new(state), hasher: RandomState::new() }
    }

    /// What was under the key at a time less than `age` before `now`. `Some(None)`: nothing was.
    pub(crate) fn find(
        &self,
        key: &RecordKey,
        age: Duration,
        now: Instant,
    ) -> Option<Option<Record>> {
        let state = self.lock();
        let entry = state.young.entries.get(key).or_else(|| state.old.entries.get(key))?;
        let young_enough = now.saturating_duration_since(entry.loaded) < age;
        young_enough.then(|| entry.record.clone())
    }

    /// To be taken before the read begins.
    pub(crate) fn ticket(&self, key: &RecordKey, now: Instant) -> Ticket {
        let counter = self.counter(key);
        Ticket { counter, swaps: self.lock().swaps.get(counter).copied().unwrap_or(0), began: now }
    }

    /// Keeps what a load found, unless the key was swapped meanwhile.
    pub(crate) fn put(&self, ticket: &Ticket, key: RecordKey, record: Option<Record>) {
        let mut state = self.lock();
        if state.swaps.get(ticket.counter) != Some(&ticket.swaps) {
            return;
        }
        state.old.remove(&key);
        state.young.insert(key, Entry { loaded: ticket.began, record });
        if state.young.entries.len() >= ENTRIES / 2 || state.young.bytes >= BYTES / 2 {
            state.old = std::mem::take(&mut state.young);
        }
    }

    /// To be called between a swap's commit and its answer.
    pub(crate) fn swapped(&self, key: &RecordKey) {
        let counter = self.counter(key);
        let mut state = self.lock();
        if let Some(swaps) = state.swaps.get_mut(counter) {
            *swaps += 1;
        }
        state.young.remove(key);
        state.old.remove(key);
    }

    fn counter(&self, key: &RecordKey) -> usize {
        (self.hasher.hash_one(key) % COUNTERS as u64) as usize
    }

    // Nothing panics while the lock is held; a poisoned lock still guards a whole cache.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn insert(&mut self, key: RecordKey, entry: Entry) {
        self.remove(&key);
        self.bytes += entry.bytes();
        self.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &RecordKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes();
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.bytes.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use bytes::Bytes;
    use vestibule_core::{Timestamp, Version};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn key(n: usize) -> RecordKey {
        RecordKey::from_stored(format!("cache/{n:08x}"))
    }

    fn record(length: usize) -> Option<Record> {
        Some(Record {
            version: Version::from_bytes([1; 16]),
            owner: None,
            expires_at: Timestamp::from_seconds(1000),
            bytes: vec![0; length].into(),
        })
    }

    fn load(cache: &Cache, n: usize, now: Instant, record: Option<Record>) {
        let ticket = cache.ticket(&key(n), now);
        cache.put(&ticket, key(n), record);
    }

    #[test]
    fn an_entry_is_found_until_it_is_as_old_as_asked() {
        let cache = Cache::new();
        let began = Instant::now();
        load(&cache, 1, began, record(3));
        let almost = began + MINUTE - Duration::from_nanos(1);
        assert_eq!(cache.find(&key(1), MINUTE, almost), Some(record(3)));
        assert_eq!(cache.find(&key(1), MINUTE, began + MINUTE), None);
        assert_eq!(cache.find(&key(1), Duration::ZERO, began), None, "no age at all");
    }

    #[test]
    fn that_nothing_is_there_is_remembered_too() {
        let cache = Cache::new();
        let now = Instant::now();
        assert_eq!(cache.find(&key(1), MINUTE, now), None);
        load(&cache, 1, now, None);
        assert_eq!(cache.find(&key(1), MINUTE, now), Some(None));
    }

    #[test]
    fn a_swap_forgets_its_key_in_both_generations() {
        let cache = Cache::new();
        let now = Instant::now();
        for n in 0..=ENTRIES / 2 {
            load(&cache, n, now, None);
        }
        let last = ENTRIES / 2;
        for n in [0, last] {
            assert_eq!(cache.find(&key(n), MINUTE, now), Some(None));
            cache.swapped(&key(n));
            assert_eq!(cache.find(&key(n), MINUTE, now), None);
        }
    }

    #[test]
    fn a_load_that_was_overtaken_by_a_swap_puts_nothing_in() {
        let cache = Cache::new();
        let now = Instant::now();
        let ticket = cache.ticket(&key(1), now);
        cache.swapped(&key(1));
        cache.put(&ticket, key(1), record(3));
        assert_eq!(cache.find(&key(1), MINUTE, now), None);
    }

    #[test]
    fn there_are_never_more_entries_or_bytes_than_there_may_be() {
        let cache = Cache::new();
        let now = Instant::now();
        for n in 0..3 * ENTRIES {
            load(&cache, n, now, Some(Record { bytes: Bytes::new(), ..record(0).unwrap() }));
            let state = cache.lock();
            assert!(state.young.entries.len() + state.old.entries.len() <= ENTRIES);
        }
        for n in 0..ENTRIES {
            load(&cache, n, now, record(Record::MAX_BYTES));
            let state = cache.lock();
            let counted = |generation: &Generation| {
                let bytes = generation.entries.values().map(Entry::bytes).sum::<usize>();
                assert_eq!(generation.bytes, bytes);
                bytes
            };
            assert!(counted(&state.young) + counted(&state.old) <= BYTES + Record::MAX_BYTES);
        }
    }
}
