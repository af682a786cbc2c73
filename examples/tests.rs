//! The lessons run to their end.

#[allow(dead_code, reason = "its `main` serves until it is stopped")]
#[path = "actix.rs"]
mod actix;
#[path = "by_hand.rs"]
mod by_hand;
#[allow(dead_code, reason = "its `main` serves until it is stopped")]
#[path = "complete.rs"]
mod complete;
#[path = "lessons/mod.rs"]
mod lessons;
#[expect(dead_code, reason = "its `main` has a port of its own and people of GitHub")]
#[path = "mcp_server.rs"]
mod mcp_server;
mod mcp_server_test;
#[path = "own_store.rs"]
mod own_store;

use own_store::FolderStore;
use vestibule_conformance::store::{Folder, Subject};
use vestibule_core::Timestamp;

#[test]
fn by_hand_signs_a_person_in_refreshes_and_revokes() -> Result<(), Box<dyn std::error::Error>> {
    by_hand::main()
}

#[test]
fn own_store_shows_a_lost_race() -> Result<(), Box<dyn std::error::Error>> {
    own_store::main()
}

/// A folder for a [`FolderStore`].
struct OwnStore(Folder);

#[expect(clippy::expect_used, reason = "a store that cannot be opened is a failed test")]
impl Subject for OwnStore {
    type Store = FolderStore;

    /// Each waits for the disk twice.
    const MANY: usize = 300;

    fn fresh() -> Self {
        Self(Folder::new().expect("a temporary folder"))
    }

    fn open(&self) -> FolderStore {
        FolderStore::open(self.0.path()).expect("the folder")
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

vestibule_conformance::store_contract! { own_store_contract: OwnStore, all }
