//! What the store that fails on demand does, and that the clauses and core's way to recover bear
//! it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use vestibule_conformance::store::{Children, Fault, Faulty, Objection, Subject, block_on, clause};
use vestibule_core::drive;
use vestibule_core::drive::blocking::Store;
use vestibule_core::{
    List, Load, MemoryStore, Owner, Page, Record, RecordKey, Swap, Swapped, Timestamp, Unavailable,
    Version,
};

const FAULTS: [Fault; 4] =
    [Fault::None, Fault::Unavailable, Fault::AppliedButUnavailable, Fault::AppliedLater];

fn key() -> RecordKey {
    RecordKey::from_stored("grant/00".to_owned())
}

fn record(number: u8) -> Record {
    Record {
        version: Version::from_bytes([number; 16]),
        owner: Some(Owner::from_bytes([7; 16])),
        expires_at: Timestamp::MAX,
        bytes: vec![number].into(),
    }
}

fn swap(expected: Option<u8>, next: u8) -> Swap {
    Swap::new(key(), expected.map(|number| record(number).version), Some(record(next)))
}

fn there(store: &Faulty<MemoryStore>) -> Option<u8> {
    Store::load(store.inner(), Load::fresh(key())).unwrap().map(|record| record.bytes[0])
}

/// The same questions, through each of the two traits.
type Asks = [(
    fn(&Faulty<MemoryStore>, Swap) -> Result<Swapped, Unavailable>,
    fn(&Faulty<MemoryStore>) -> Result<Option<Record>, Unavailable>,
    fn(&Faulty<MemoryStore>) -> Result<usize, Unavailable>,
); 2];

const ASKS: Asks = [
    (
        |store, swap| Store::swap(store, swap),
        |store| Store::load(store, Load::fresh(key())),
        |store| Ok(Store::list(store, list())?.records.len()),
    ),
    (
        |store, swap| block_on(drive::Store::swap(store, swap)),
        |store| block_on(drive::Store::load(store, Load::fresh(key()))),
        |store| Ok(block_on(drive::Store::list(store, list()))?.records.len()),
    ),
];

fn list() -> List {
    List::new(Owner::from_bytes([7; 16]), None, 10)
}

#[test]
fn each_fault_does_what_its_name_says() {
    for (ask, ..) in ASKS {
        let store = Faulty::new(MemoryStore::new(), FAULTS);
        assert_eq!(ask(&store, swap(None, 1)), Ok(Swapped::Done), "no fault");
        assert_eq!(ask(&store, swap(Some(1), 2)), Err(Unavailable));
        assert_eq!(there(&store), Some(1), "nothing happened");
        assert_eq!(ask(&store, swap(Some(1), 2)), Err(Unavailable));
        assert_eq!(there(&store), Some(2), "it happened");
        assert_eq!(ask(&store, swap(Some(2), 3)), Err(Unavailable));
        assert_eq!(there(&store), Some(2), "it has not happened yet");
        assert_eq!(store.faults_left(), 0);
        assert_eq!(ask(&store, swap(Some(3), 4)), Ok(Swapped::Done), "it happened before");
    }
}

#[test]
fn a_late_write_can_be_let_in_and_may_come_too_late() {
    let store = Faulty::new(MemoryStore::new(), []);
    store.then(Fault::AppliedLater);
    assert_eq!(Store::swap(&store, swap(None, 1)), Err(Unavailable));
    store.arrive();
    assert_eq!(there(&store), Some(1));

    store.then(Fault::AppliedLater);
    assert_eq!(Store::swap(&store, swap(Some(1), 2)), Err(Unavailable));
    assert_eq!(Store::swap(store.inner(), swap(Some(1), 3)), Ok(Swapped::Done));
    block_on(store.arrive_async());
    assert_eq!(there(&store), Some(3), "another one was faster");
}

#[test]
fn what_is_read_comes_back_or_not() {
    for (ask, load, list) in ASKS {
        let store = Faulty::new(MemoryStore::new(), []);
        assert_eq!(ask(&store, swap(None, 1)), Ok(Swapped::Done));
        for fault in FAULTS {
            store.then(fault);
            let found = load(&store);
            store.then(fault);
            let listed = list(&store);
            let is_well = fault == Fault::None;
            assert_eq!(found, if is_well { Ok(Some(record(1))) } else { Err(Unavailable) });
            assert_eq!(listed, if is_well { Ok(1) } else { Err(Unavailable) });
        }
    }
}

/// Asks until it is known what became of a swap, as core does.
fn settle(store: &Faulty<MemoryStore>, swap: &Swap) -> Swapped {
    let mut doubts = false;
    loop {
        match Store::swap(store, swap.clone()) {
            Ok(Swapped::Done) => return Swapped::Done,
            Ok(Swapped::Conflict) if !doubts => return Swapped::Conflict,
            Ok(Swapped::Conflict) | Err(Unavailable) => {}
        }
        doubts = true;
        let found = loop {
            if let Ok(found) = Store::load(store, Load::fresh(key())) {
                break found.map(|record| record.version);
            }
        };
        if found == swap.next.as_ref().map(|record| record.version) {
            return Swapped::Done;
        }
        if found != swap.expected {
            return Swapped::Conflict;
        }
    }
}

#[test]
fn whatever_fails_a_write_that_is_settled_happened_once() {
    for script in 0..FAULTS.len().pow(5) {
        let faults = (0..5).map(|at| FAULTS[script / FAULTS.len().pow(at) % FAULTS.len()]);
        let store = Faulty::new(MemoryStore::new(), faults.clone());
        let name = || faults.clone().collect::<Vec<_>>();
        for (expected, next) in [(None, 1), (Some(1), 2), (Some(2), 3)] {
            assert_eq!(settle(&store, &swap(expected, next)), Swapped::Done, "{:?}", name());
            // Nothing that is still on its way changes it.
            store.arrive();
            assert_eq!(there(&store), Some(next), "{:?}", name());
        }
    }
}

/// Each handle fails now and then.
struct Unsteady(Arc<MemoryStore>);

impl Subject for Unsteady {
    type Store = Faulty<Arc<MemoryStore>>;

    fn fresh() -> Self {
        Self(Arc::default())
    }

    fn open(&self) -> Self::Store {
        let now_and_then = FAULTS.into_iter().cycle().step_by(3);
        Faulty::new(Arc::clone(&self.0), now_and_then.take(20))
    }
}

#[test]
fn a_busy_store_may_say_so_while_threads_count() {
    let verdict = clause::no_update_is_lost_between_threads::<Unsteady>(&Children::none());
    assert_eq!(verdict, Ok(()));
}

#[test]
fn a_store_that_nothing_is_in_the_way_of_must_answer() {
    let verdict = clause::a_conflict_changes_nothing::<Unsteady>(&Children::none());
    assert!(matches!(verdict, Err(Objection::Broken(seen)) if seen.contains("Unavailable")));
}

/// Long keys are refused, and something was put there all the same: the record, or, `HALF`, half of
/// it.
struct KeepsWhatItRefuses<const HALF: bool>(Arc<MemoryStore>);

impl<const HALF: bool> Subject for KeepsWhatItRefuses<HALF> {
    type Store = Self;

    fn fresh() -> Self {
        Self(Arc::default())
    }

    fn open(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<const HALF: bool> Store for KeepsWhatItRefuses<HALF> {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        Store::load(&self.0, load)
    }

    fn swap(&self, mut swap: Swap) -> Result<Swapped, Unavailable> {
        let is_refused = swap.key.as_str().len() > 64 && swap.expected.is_none();
        if let Some(next) = swap.next.as_mut().filter(|_| HALF && is_refused) {
            next.bytes.truncate(next.bytes.len() / 2);
        }
        let swapped = Store::swap(&self.0, swap)?;
        if is_refused { Err(Unavailable) } else { Ok(swapped) }
    }

    fn list(&self, list: List) -> Result<Page, Unavailable> {
        Store::list(&self.0, list)
    }
}

/// "Unavailable" says that nobody knows, so the record may be there: that one, and no other.
#[test]
fn what_was_refused_may_be_there_and_nothing_else() {
    let children = Children::none();
    let whole = clause::a_hostile_key_is_kept_as_itself_or_refused::<KeepsWhatItRefuses<false>>;
    assert_eq!(whole(&children), Ok(()));
    let half = clause::a_hostile_key_is_kept_as_itself_or_refused::<KeepsWhatItRefuses<true>>;
    assert!(matches!(half(&children), Err(Objection::Broken(seen)) if seen.contains("refused")));
}
