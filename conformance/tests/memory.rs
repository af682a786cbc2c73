//! Core's reference store holds to the contract, asked through each of its two traits, and so does
//! a store that could fail and does not.

use std::sync::Arc;

use vestibule_conformance::store::{Blocking, Children, Faulty, Subject, check};
use vestibule_core::{MemoryStore, Timestamp};

struct AsBlocking(Arc<MemoryStore>);

impl Subject for AsBlocking {
    type Store = Arc<MemoryStore>;

    fn fresh() -> Self {
        Self(Arc::default())
    }

    fn open(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.0)
    }

    fn sweep(store: &Arc<MemoryStore>, now: Timestamp) -> bool {
        store.sweep(now);
        true
    }
}

struct AsAsync(Arc<MemoryStore>);

impl Subject for AsAsync {
    type Store = Blocking<Arc<MemoryStore>>;

    fn fresh() -> Self {
        Self(Arc::default())
    }

    fn open(&self) -> Self::Store {
        Blocking::without_a_runtime(Arc::clone(&self.0))
    }

    fn sweep(store: &Self::Store, now: Timestamp) -> bool {
        store.inner().sweep(now);
        true
    }
}

/// As both, one in the other.
struct WithoutFaults(Arc<MemoryStore>);

impl Subject for WithoutFaults {
    type Store = Faulty<Blocking<Faulty<Arc<MemoryStore>>>>;

    fn fresh() -> Self {
        Self(Arc::default())
    }

    fn open(&self) -> Self::Store {
        let store = Faulty::new(Arc::clone(&self.0), []);
        Faulty::new(Blocking::without_a_runtime(store), [])
    }
}

vestibule_conformance::store_contract! { blocking: AsBlocking }

/// The names that the macro uses are its own, whatever else is called so.
mod under_other_names {
    #[allow(unused_imports, reason = "it is there to be in the way")]
    pub(crate) use global_allocator as test;

    pub(crate) type Children = super::AsBlocking;

    pub(crate) mod tests {
        #[allow(unused_imports, reason = "it is there to be in the way")]
        use super::*;

        vestibule_conformance::store_contract! { contract: Children }
    }
}
vestibule_conformance::store_contract! { by_async: AsAsync }
vestibule_conformance::store_contract! { without_faults: WithoutFaults }

/// A clause that is not asked passes: these are all that are not.
#[test]
fn all_is_asked_of_it_but_what_needs_processes() {
    let report = check::<AsBlocking>(&Children::none());
    assert!(report.holds(), "{report}");
    let not_asked: Vec<_> = report.not_asked().map(|(clause, _)| clause).collect();
    assert_eq!(
        not_asked,
        [
            "no_update_is_lost_between_processes",
            "what_is_done_is_seen_by_other_processes",
            "what_is_done_survives_the_kill_of_its_process"
        ]
    );
}
