//! The reference store: a map in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::drive;
use crate::store::{List, Load, Page, Record, RecordKey, Swap, Swapped, Unavailable};
use crate::tick::Timestamp;

/// Keeps records in memory, for development, tests and servers whose grants may end with the
/// process.
///
/// It holds to [the storage contract](crate::store) but for durability: what it keeps is lost when
/// the process ends. It never forgets for lack of memory; [`MemoryStore::sweep`] forgets what has
/// expired and should be called now and then.
pub struct MemoryStore {
    shards: [Mutex<HashMap<RecordKey, Record>>; SHARDS],
}

/// So that threads seldom wait for each other, and a sweep holds up a sixteenth of the keys at a
/// time.
const SHARDS: usize = 16;

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// At most so many of the records that a sweep would forget, for
    /// [`Server::forget`](crate::Server::forget).
    #[must_use]
    pub fn expired(&self, now: Timestamp, limit: usize) -> Vec<(RecordKey, Record)> {
        let mut expired = Vec::new();
        for shard in &self.shards {
            let records = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let dead = records.iter().filter(|(_, record)| is_dead(record, now));
            let dead = dead.map(|(key, record)| (key.clone(), record.clone()));
            expired.extend(dead.take(limit - expired.len()));
        }
        expired
    }

    /// Forgets records whose expiry is [`Record::KEPT_AFTER_EXPIRY`] ago; how many.
    pub fn sweep(&self, now: Timestamp) -> usize {
        let sweep_shard = |shard: &Mutex<HashMap<RecordKey, Record>>| {
            let mut records = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let before = records.len();
            records.retain(|_, record| !is_dead(record, now));
            before - records.len()
        };
        self.shards.iter().map(sweep_shard).sum()
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let len = |shard: &Mutex<HashMap<_, _>>| {
            shard.lock().unwrap_or_else(PoisonError::into_inner).len()
        };
        self.shards.iter().map(len).sum()
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn in_shard<T>(
        &self,
        key: &RecordKey,
        act: impl FnOnce(&mut HashMap<RecordKey, Record>) -> T,
    ) -> T {
        // Keys end in a hexadecimal digit of a MAC, each as likely as the others.
        let last = key.as_str().chars().last().and_then(|digit| digit.to_digit(16));
        let shard = &self.shards[last.unwrap_or_default() as usize % SHARDS];
        // Nothing panics while the lock is held; a poisoned lock still guards a whole map.
        act(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a record may be forgotten.
fn is_dead(record: &Record, now: Timestamp) -> bool {
    record.expires_at.after(Record::KEPT_AFTER_EXPIRY).has_passed(now)
}

impl drive::blocking::Store for MemoryStore {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        Ok(self.in_shard(&load.key, |records| records.get(&load.key).cloned()))
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        let Swap { key, expected, next } = swap;
        let entry_of = key.clone();
        Ok(self.in_shard(&key, move |records| {
            let entry = records.entry(entry_of);
            let found = match &entry {
                Entry::Occupied(entry) => Some(entry.get().version),
                Entry::Vacant(_) => None,
            };
            if found != expected {
                return Swapped::Conflict;
            }
            match (entry, next) {
                (Entry::Occupied(mut entry), Some(next)) => drop(entry.insert(next)),
                (Entry::Occupied(entry), None) => drop(entry.remove()),
                (Entry::Vacant(entry), Some(next)) => drop(entry.insert(next)),
                (Entry::Vacant(_), None) => {}
            }
            Swapped::Done
        }))
    }

    fn list(&self, list: List) -> Result<Page, Unavailable> {
        let mut records: Vec<(RecordKey, Record)> = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let owned = shard.iter().filter(|(key, record)| {
                record.owner == Some(list.owner)
                    && list.after.as_ref().is_none_or(|after| *key > after)
            });
            records.extend(owned.map(|(key, record)| (key.clone(), record.clone())));
        }
        records.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let more = records.len() > list.limit;
        records.truncate(list.limit);
        let next = if more { records.last().map(|(key, _)| key.clone()) } else { None };
        Ok(Page { records, next })
    }
}

impl drive::Store for MemoryStore {
    async fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        drive::blocking::Store::load(self, load)
    }

    async fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        drive::blocking::Store::swap(self, swap)
    }

    async fn list(&self, list: List) -> Result<Page, Unavailable> {
        drive::blocking::Store::list(self, list)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("records", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::drive::blocking::Store;
    use crate::store::{Owner, Version};

    fn record(version: u8) -> Record {
        Record {
            version: Version::from_bytes([version; 16]),
            owner: Some(Owner::from_bytes([9; 16])),
            expires_at: Timestamp::from_seconds(1000),
            bytes: Bytes::from_static(b"sealed"),
        }
    }

    fn swap(store: &MemoryStore, expected: Option<u8>, next: Option<u8>) -> Swapped {
        let key = RecordKey::new("grant", &[1]);
        let expected = expected.map(|n| Version::from_bytes([n; 16]));
        Store::swap(store, Swap { key, expected, next: next.map(record) }).unwrap()
    }

    #[test]
    fn only_the_expected_version_is_swapped() {
        let store = MemoryStore::new();
        assert_eq!(swap(&store, Some(1), Some(2)), Swapped::Conflict, "nothing is there");
        assert_eq!(swap(&store, None, Some(1)), Swapped::Done);
        assert_eq!(swap(&store, None, Some(2)), Swapped::Conflict, "something is there");
        assert_eq!(swap(&store, Some(1), Some(2)), Swapped::Done);
        assert_eq!(swap(&store, Some(1), Some(3)), Swapped::Conflict, "another version is there");
        assert_eq!(swap(&store, Some(2), None), Swapped::Done);
        assert!(store.is_empty());
    }

    #[test]
    fn sto_09_nothing_is_forgotten_before_120_seconds_after_expiry() {
        let store = MemoryStore::new();
        let _ = swap(&store, None, Some(1));
        assert_eq!(store.sweep(Timestamp::from_seconds(1119)), 0);
        assert!(store.expired(Timestamp::from_seconds(1119), 9).is_empty());
        assert_eq!(store.expired(Timestamp::from_seconds(1120), 9).len(), 1);
        assert_eq!(store.expired(Timestamp::from_seconds(1120), 0).len(), 0);
        assert_eq!(store.sweep(Timestamp::from_seconds(1120)), 1);
    }

    #[test]
    fn a_list_goes_on_where_the_page_before_it_ended() {
        let store = MemoryStore::new();
        for n in 0..5 {
            let key = RecordKey::new("grant", &[n]);
            let _ = Store::swap(&store, Swap { key, expected: None, next: Some(record(n)) });
        }
        let mut after = None;
        let mut found = Vec::new();
        loop {
            let list = List { owner: Owner::from_bytes([9; 16]), after, limit: 2 };
            let page = Store::list(&store, list).unwrap();
            found.extend(page.records.into_iter().map(|(key, _)| key.as_str().to_owned()));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, ["grant/00", "grant/01", "grant/02", "grant/03", "grant/04"]);
    }
}
