//! Names of files. Alone in its process, for it changes the folder that names begin from.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::env;

use support::{load, place, record, swap};
use vestibule_core::store::Swapped;
use vestibule_sqlite::SqliteStore;

#[test]
fn no_name_means_anything_special() {
    let place = place();
    for name in [":memory:", "file:x?mode=memory", "vestibule.db"] {
        env::set_current_dir(place.folder()).unwrap();
        let store = SqliteStore::open(name).unwrap();
        assert_eq!(swap(&store, 1, None, Some(1)), Swapped::Done);
        drop(store);
        assert!(place.folder().join(name).is_file());
        let store = SqliteStore::open(name).unwrap();
        // A name means the same file for as long as the store is open.
        env::set_current_dir("/").unwrap();
        assert_eq!(load(&store, 1), Ok(Some(record(1))), "{name}");
        assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
        store.backup(place.folder().join(format!("copy of {name}"))).unwrap();
    }
}
