//! A store that is right, and where it can be made wrong.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use vestibule_conformance::store::Subject;
use vestibule_core::drive::blocking::Store;
use vestibule_core::{List, Load, Page, Record, RecordKey, Swap, Swapped, Timestamp, Unavailable};

pub(crate) type Answer<T> = Result<T, Unavailable>;
pub(crate) type Records = BTreeMap<RecordKey, Record>;

/// What a store does otherwise. Each handle has a value of its own.
pub(crate) trait Wrong: Send + Sync + Sized + 'static {
    fn new() -> Self;

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        map.load(load)
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        map.swap(swap)
    }

    fn list(&self, map: &Map, list: &List) -> Page {
        map.list(list)
    }

    fn sweep(map: &Map, now: Timestamp) {
        map.lock().retain(|_, record| {
            !record.expires_at.after(Record::KEPT_AFTER_EXPIRY).has_passed(now)
        });
    }
}

/// What is kept, and what wrong stores use to be wrong each time.
#[derive(Default)]
pub(crate) struct Map {
    records: Mutex<Records>,
    /// What was there before the last swap of a key.
    pub(crate) before: Mutex<BTreeMap<RecordKey, Vec<Option<Record>>>>,
    pub(crate) loads: AtomicU64,
    pub(crate) swaps: AtomicU64,
    pub(crate) here: AtomicU64,
}

impl Map {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap()
    }

    pub(crate) fn load(&self, load: &Load) -> Option<Record> {
        self.lock().get(&load.key).cloned()
    }

    pub(crate) fn swap(&self, swap: Swap) -> Swapped {
        let mut records = self.lock();
        if records.get(&swap.key).map(|record| record.version) != swap.expected {
            return Swapped::Conflict;
        }
        self.put(&mut records, swap.key, swap.next);
        Swapped::Done
    }

    pub(crate) fn put(&self, records: &mut Records, key: RecordKey, next: Option<Record>) {
        let before = match next {
            Some(next) => records.insert(key.clone(), next),
            None => records.remove(&key),
        };
        self.before.lock().unwrap().entry(key).or_default().push(before);
        self.swaps.fetch_add(1, SeqCst);
    }

    pub(crate) fn list(&self, list: &List) -> Page {
        self.list_if(list, |_, record| record.owner == Some(list.owner))
    }

    pub(crate) fn list_if(
        &self,
        list: &List,
        mut is_listed: impl FnMut(&RecordKey, &Record) -> bool,
    ) -> Page {
        let records = self.lock();
        let after = |key: &RecordKey| list.after.as_ref().is_none_or(|after| key > after);
        let listed = records.iter().filter(|(key, record)| after(key) && is_listed(key, record));
        let mut records: Vec<_> =
            listed.map(|(key, record)| (key.clone(), record.clone())).collect();
        let more = records.len() > list.limit;
        records.truncate(list.limit);
        let next = if more { records.last().map(|(key, _)| key.clone()) } else { None };
        Page { records, next }
    }
}

/// Waits for what the other side of a race does; not forever, for it may not come.
pub(crate) fn wait_until(happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() && began.elapsed() < Duration::from_millis(200) {
        std::thread::yield_now();
    }
}

pub(crate) struct Place<W>(Arc<Map>, PhantomData<W>);

pub(crate) struct Handle<W> {
    map: Arc<Map>,
    wrong: W,
}

impl<W: Wrong> Subject for Place<W> {
    type Store = Handle<W>;

    /// No wrong list is right a moment later.
    const LIST_LAG: Duration = Duration::ZERO;

    fn fresh() -> Self {
        Self(Arc::default(), PhantomData)
    }

    fn open(&self) -> Handle<W> {
        Handle { map: Arc::clone(&self.0), wrong: W::new() }
    }

    fn sweep(store: &Handle<W>, now: Timestamp) -> bool {
        W::sweep(&store.map, now);
        true
    }
}

impl<W: Wrong> Store for Handle<W> {
    fn load(&self, load: Load) -> Answer<Option<Record>> {
        let found = self.wrong.load(&self.map, &load);
        self.map.loads.fetch_add(1, SeqCst);
        Ok(found)
    }

    fn swap(&self, swap: Swap) -> Answer<Swapped> {
        Ok(self.wrong.swap(&self.map, swap))
    }

    fn list(&self, list: List) -> Answer<Page> {
        Ok(self.wrong.list(&self.map, &list))
    }
}
