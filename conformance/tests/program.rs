//! The contract from a program instead of a test, which starts itself again for its clauses about
//! processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use vestibule_conformance::store::{Children, Folder, Objection, Subject, check, clause};
use vestibule_core::drive::blocking::Store;
use vestibule_core::{List, Load, Page, Record, Swap, Swapped, Timestamp, Unavailable};

#[path = "../../examples/own_store.rs"]
#[expect(dead_code, reason = "its example is not run here")]
mod own_store;

use own_store::FolderStore;

struct OnDisk(Folder);

impl Subject for OnDisk {
    type Store = FolderStore;

    const MANY: usize = 100;

    fn fresh() -> Self {
        Self(Folder::new().unwrap())
    }

    fn open(&self) -> FolderStore {
        FolderStore::open(self.0.path()).unwrap()
    }

    fn address(&self) -> Option<String> {
        self.0.path().to_str().map(str::to_owned)
    }

    fn at(address: &str) -> Option<Self> {
        Some(Self(Folder::at(address)))
    }

    fn sweep(store: &FolderStore, now: Timestamp) -> bool {
        store.sweep(now).is_ok()
    }
}

/// A store that does nothing but panic, and lists nothing.
struct Panics;

impl Store for Panics {
    fn load(&self, _: Load) -> Result<Option<Record>, Unavailable> {
        Ok(None)
    }

    fn swap(&self, _: Swap) -> Result<Swapped, Unavailable> {
        panic!("on purpose")
    }

    fn list(&self, _: List) -> Result<Page, Unavailable> {
        Err(Unavailable)
    }
}

impl Subject for Panics {
    type Store = Self;

    fn fresh() -> Self {
        Self
    }

    fn open(&self) -> Self {
        Self
    }
}

fn main() {
    let children = Children::of_main();
    let report = check::<OnDisk>(&children);
    assert!(report.holds() && report.not_asked().next().is_none(), "{report}");
    assert_eq!(report.to_string().lines().filter(|line| line.ends_with(": holds")).count(), 34);

    // From here on, a child of the above does not come.
    let aloud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref() != Some(&"on purpose") {
            aloud(panic);
        }
    }));
    let report = check::<Panics>(&children);
    assert!(!report.holds());
    let broken: Vec<_> = report.broken().collect();
    assert!(broken.contains(&("a_conflict_changes_nothing", "panicked: on purpose")), "{report}");
    let lists = clause::a_list_is_in_the_order_of_its_keys::<Panics>(&children);
    assert_eq!(lists, Err(Objection::NotAsked("it cannot list")));
}
