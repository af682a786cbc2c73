//! Stores that say `Done` too early, or mind their own process only.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use vestibule_conformance::store::{Children, Folder, Objection, Subject, clause};
use vestibule_core::drive::blocking::Store;
use vestibule_core::{Load, Record, RecordKey, Swap, Swapped};

use crate::caught;
use crate::own_store::FolderStore;
use crate::world::{Answer, Map, Place, Wrong};

caught! {
    the_last_write_waits_in_its_handle: Place<LastWriteWaits>,
        by what_is_done_is_there_when_the_store_is_opened_again;
    done_is_answered_before_the_write: OnDisk<WritesLater>,
        by what_is_done_survives_the_kill_of_its_process;
    done_is_answered_before_the_delete: OnDisk<DeletesLater>,
        by what_is_done_survives_the_kill_of_its_process;
    a_kill_leaves_half_a_record: OnDisk<Halves>,
        by what_is_done_survives_the_kill_of_its_process;
    a_lock_holds_in_one_process_only: OnDisk<LockOfOneProcess>,
        by no_update_is_lost_between_processes;
    a_cache_of_a_process_goes_by_its_own_conflicts: OnDisk<CacheOfOneProcess>,
        by what_is_done_is_seen_by_other_processes;
}

vestibule_conformance::store_contract! { right_on_disk: OnDisk<Right>, all }

/// A child that does not come to the clause is not taken for one that held to it.
#[test]
fn a_child_that_goes_elsewhere_is_missed() {
    let lost = Children::of_test(module_path!(), "no_such_test");
    for clause in [
        clause::no_update_is_lost_between_processes::<OnDisk<Right>>,
        clause::what_is_done_is_seen_by_other_processes::<OnDisk<Right>>,
        clause::what_is_done_survives_the_kill_of_its_process::<OnDisk<Right>>,
    ] {
        let verdict = clause(&lost);
        assert!(
            matches!(&verdict, Err(Objection::Broken(seen)) if seen.contains("process ended")),
            "{verdict:?}"
        );
    }
}

/// What one handle has written last, it writes with the next one.
struct LastWriteWaits(Mutex<Option<Swap>>);
impl Wrong for LastWriteWaits {
    fn new() -> Self {
        Self(Mutex::default())
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        match &*self.0.lock().unwrap() {
            Some(swap) if swap.key == load.key => swap.next.clone(),
            _ => map.load(load),
        }
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        let found = self.load(map, &Load::fresh(swap.key.clone())).map(|record| record.version);
        if found != swap.expected {
            return Swapped::Conflict;
        }
        if let Some(last) = self.0.lock().unwrap().replace(swap) {
            map.swap(last);
        }
        Swapped::Done
    }
}

/// The examples' store, with something wrong.
trait WrongOnDisk: Send + Sync + 'static {
    fn open(folder: PathBuf) -> Self;
    fn load(&self, load: Load) -> Answer<Option<Record>>;
    fn swap(&self, swap: Swap) -> Answer<Swapped>;
}

struct OnDisk<W>(Folder, std::marker::PhantomData<W>);

struct Opened<W>(W, FolderStore);

impl<W: WrongOnDisk + Sync> Subject for OnDisk<W> {
    type Store = Opened<W>;

    const MANY: usize = 100;

    fn fresh() -> Self {
        Self(Folder::new().unwrap(), std::marker::PhantomData)
    }

    fn open(&self) -> Opened<W> {
        Opened(W::open(self.0.path().to_owned()), FolderStore::open(self.0.path()).unwrap())
    }

    fn address(&self) -> Option<String> {
        self.0.path().to_str().map(str::to_owned)
    }

    fn at(address: &str) -> Option<Self> {
        Some(Self(Folder::at(address), std::marker::PhantomData))
    }

    fn sweep(store: &Opened<W>, now: vestibule_core::Timestamp) -> bool {
        store.1.sweep(now).is_ok()
    }
}

impl<W: WrongOnDisk> Store for Opened<W> {
    fn load(&self, load: Load) -> Answer<Option<Record>> {
        self.0.load(load)
    }

    fn swap(&self, swap: Swap) -> Answer<Swapped> {
        self.0.swap(swap)
    }

    fn list(&self, list: vestibule_core::List) -> Answer<vestibule_core::Page> {
        self.1.list(list)
    }
}

struct Right(FolderStore);
impl WrongOnDisk for Right {
    fn open(folder: PathBuf) -> Self {
        Self(FolderStore::open(&folder).unwrap())
    }

    fn load(&self, load: Load) -> Answer<Option<Record>> {
        self.0.load(load)
    }

    fn swap(&self, swap: Swap) -> Answer<Swapped> {
        self.0.swap(swap)
    }
}

/// A few writes are collected in memory; `DELETES`: only those that delete.
struct Later<const DELETES: bool> {
    store: FolderStore,
    waiting: Mutex<BTreeMap<RecordKey, Swap>>,
}
type WritesLater = Later<false>;
type DeletesLater = Later<true>;

impl<const DELETES: bool> WrongOnDisk for Later<DELETES> {
    fn open(folder: PathBuf) -> Self {
        Self { store: FolderStore::open(&folder).unwrap(), waiting: Mutex::default() }
    }

    fn load(&self, load: Load) -> Answer<Option<Record>> {
        match self.waiting.lock().unwrap().get(&load.key) {
            Some(swap) => Ok(swap.next.clone()),
            None => self.store.load(load),
        }
    }

    fn swap(&self, swap: Swap) -> Answer<Swapped> {
        let found = self.load(Load::fresh(swap.key.clone()))?;
        if found.map(|record| record.version) != swap.expected {
            return Ok(Swapped::Conflict);
        }
        let mut waiting = self.waiting.lock().unwrap();
        if let Some(before) = waiting.remove(&swap.key) {
            self.store.swap(before)?;
        }
        if DELETES && swap.next.is_some() {
            return self.store.swap(swap);
        }
        waiting.insert(swap.key.clone(), swap);
        Ok(Swapped::Done)
    }
}

/// Writes one half of the bytes, and the other with the next record.
struct Halves(FolderStore, Mutex<Option<Swap>>);
impl WrongOnDisk for Halves {
    fn open(folder: PathBuf) -> Self {
        Self(FolderStore::open(&folder).unwrap(), Mutex::default())
    }

    fn load(&self, load: Load) -> Answer<Option<Record>> {
        self.0.load(load)
    }

    fn swap(&self, mut swap: Swap) -> Answer<Swapped> {
        let mut other_half = self.1.lock().unwrap();
        if let Some(other_half) = other_half.take() {
            self.0.swap(other_half)?;
        }
        if let Some(whole) = swap.next.take() {
            let half = whole.bytes.slice(..whole.bytes.len() / 2);
            swap.next = Some(Record { bytes: half, ..whole.clone() });
            *other_half = Some(Swap::new(swap.key.clone(), Some(whole.version), Some(whole)));
        }
        self.0.swap(swap)
    }
}

/// Threads of one process look and put one after the other, those of another at the same time.
struct LockOfOneProcess(FolderStore, PathBuf, Mutex<()>);
impl WrongOnDisk for LockOfOneProcess {
    fn open(folder: PathBuf) -> Self {
        Self(FolderStore::open(&folder).unwrap(), folder, Mutex::default())
    }

    fn load(&self, load: Load) -> Answer<Option<Record>> {
        self.0.load(load)
    }

    fn swap(&self, swap: Swap) -> Answer<Swapped> {
        let _one = self.2.lock().unwrap();
        let found = self.0.load(Load::fresh(swap.key.clone()))?.map(|record| record.version);
        if found != swap.expected {
            return Ok(Swapped::Conflict);
        }
        // Once there are two processes that have looked, nobody waits any more.
        fs::write(self.1.join(format!("here-{}", process::id())), "").unwrap();
        let is_here = |name: &str| name.starts_with("here-");
        let here = || {
            let names = fs::read_dir(&self.1).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_str().is_some_and(is_here)).count()
        };
        let began = Instant::now();
        while here() < 2 && began.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        loop {
            let found = self.0.load(Load::fresh(swap.key.clone()))?.map(|record| record.version);
            if self.0.swap(Swap::new(swap.key.clone(), found, swap.next.clone()))? == Swapped::Done
            {
                return Ok(Swapped::Done);
            }
        }
    }
}

/// All handles of a process have one cache. What was written is put there, and a conflict says that
/// somebody else has written: then it is asked for again.
struct CacheOfOneProcess(FolderStore, PathBuf);

static CACHE: Mutex<BTreeMap<(PathBuf, RecordKey), Option<Record>>> = Mutex::new(BTreeMap::new());

impl WrongOnDisk for CacheOfOneProcess {
    fn open(folder: PathBuf) -> Self {
        Self(FolderStore::open(&folder).unwrap(), folder)
    }

    fn load(&self, load: Load) -> Answer<Option<Record>> {
        let mut cache = CACHE.lock().unwrap();
        let place = (self.1.clone(), load.key.clone());
        if let Some(cached) = cache.get(&place) {
            return Ok(cached.clone());
        }
        let found = self.0.load(load)?;
        cache.insert(place, found.clone());
        Ok(found)
    }

    fn swap(&self, swap: Swap) -> Answer<Swapped> {
        let mut cache = CACHE.lock().unwrap();
        let (place, next) = ((self.1.clone(), swap.key.clone()), swap.next.clone());
        cache.remove(&place);
        let swapped = self.0.swap(swap)?;
        if swapped == Swapped::Done {
            cache.insert(place, next);
        }
        Ok(swapped)
    }
}

/// Nothing but other processes gets it wrong.
#[test]
fn a_cache_of_a_process_is_right_within_it() {
    let none = Children::none();
    for clause in [
        clause::what_is_done_is_seen_by_every_fresh_load::<OnDisk<CacheOfOneProcess>>,
        clause::a_fresh_load_never_goes_back_in_time::<OnDisk<CacheOfOneProcess>>,
        clause::no_update_is_lost_between_threads::<OnDisk<CacheOfOneProcess>>,
    ] {
        assert_eq!(clause(&none), Ok(()));
    }
}
