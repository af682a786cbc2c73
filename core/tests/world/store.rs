//! A store that can be copied, so that a race can be run again from the same moment, and that fails
//! on demand.

use std::collections::BTreeMap;

use vestibule_core::{Freshness, List, Load, Page, Record, RecordKey, Swap, Swapped, Unavailable};

#[derive(Clone, Default)]
pub struct Store {
    records: BTreeMap<RecordKey, Record>,
    /// A write that is still on its way; it arrives before the next one.
    late: Option<Swap>,
    /// What becomes of the next calls, in their order; afterwards all is well.
    pub faults: Vec<Fault>,
    /// Fresh ones.
    pub loads: usize,
    pub swaps: usize,
    /// Whether what may come from a cache cannot be had: cutoffs.
    pub cache_is_away: bool,
    /// How many calls went wrong so far.
    pub met: usize,
}

/// What can become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// A write happens, and nobody learns of it; a load does not come back.
    AppliedButUnavailable,
    /// Nothing happens, and nobody learns of it.
    Unavailable,
    /// The write happens later, just before the next one, and nobody learns of it.
    AppliedLater,
}

impl Store {
    pub fn load(&mut self, load: &Load) -> Result<Option<Record>, Unavailable> {
        if load.freshness != Freshness::Fresh {
            if self.cache_is_away {
                self.met += 1;
                return Err(Unavailable);
            }
            return Ok(self.records.get(&load.key).cloned());
        }
        self.loads += 1;
        match self.next_fault() {
            Fault::None => Ok(self.records.get(&load.key).cloned()),
            Fault::Unavailable | Fault::AppliedButUnavailable | Fault::AppliedLater => {
                Err(Unavailable)
            }
        }
    }

    pub fn swap(&mut self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.swaps += 1;
        self.arrive();
        match self.next_fault() {
            Fault::None => Ok(self.apply(swap)),
            Fault::AppliedButUnavailable => {
                self.apply(swap);
                Err(Unavailable)
            }
            Fault::Unavailable => Err(Unavailable),
            Fault::AppliedLater => {
                self.late = Some(swap);
                Err(Unavailable)
            }
        }
    }

    pub fn list(&mut self, list: &List) -> Result<Page, Unavailable> {
        if self.next_fault() != Fault::None {
            return Err(Unavailable);
        }
        let after = |key: &RecordKey| list.after.as_ref().is_none_or(|after| key > after);
        let mut records: Vec<_> = self
            .records
            .iter()
            .filter(|(key, record)| record.owner == Some(list.owner) && after(key))
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect();
        let more = records.len() > list.limit;
        records.truncate(list.limit);
        let next = records.last().filter(|_| more).map(|(key, _)| key.clone());
        Ok(Page { records, next })
    }

    fn apply(&mut self, swap: Swap) -> Swapped {
        let found = self.records.get(&swap.key).map(|record| record.version);
        if found != swap.expected {
            return Swapped::Conflict;
        }
        match swap.next {
            Some(next) => self.records.insert(swap.key, next),
            None => self.records.remove(&swap.key),
        };
        Swapped::Done
    }

    fn next_fault(&mut self) -> Fault {
        let fault = if self.faults.is_empty() { Fault::None } else { self.faults.remove(0) };
        self.met += usize::from(fault != Fault::None);
        fault
    }

    /// Whether a write is still on its way.
    pub fn has_late(&self) -> bool {
        self.late.is_some()
    }

    /// Lets it arrive.
    pub fn arrive(&mut self) {
        if let Some(late) = self.late.take() {
            self.apply(late);
        }
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn only_record(&self) -> (&RecordKey, &Record) {
        assert_eq!(self.records.len(), 1);
        self.records.iter().next().unwrap()
    }

    /// Puts something else in place of a record's bytes.
    pub fn corrupt(&mut self) {
        for record in self.records.values_mut() {
            record.bytes = bytes::Bytes::from_static(b"not a grant");
        }
    }

    /// Everything that is there.
    pub fn records(&self) -> impl Iterator<Item = (&RecordKey, &Record)> {
        self.records.iter()
    }

    /// Puts a record there, whatever is there.
    pub fn put(&mut self, key: RecordKey, record: Record) {
        self.records.insert(key, record);
    }

    /// Puts something else in place of the bytes of each record of a kind.
    pub fn corrupt_kind(&mut self, kind: &str) {
        for (key, record) in &mut self.records {
            if key.as_str().starts_with(kind) {
                record.bytes = bytes::Bytes::from_static(b"not a record");
            }
        }
    }

    /// Forgets what a store may forget at a time.
    pub fn sweep(&mut self, now: u64) {
        self.records.retain(|_, record| record.expires_at.seconds() + 120 > now);
    }
}
