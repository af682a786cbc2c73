//! Loads are answered on the thread that asks, and trouble on the store's own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::thread;

use support::{Place, begin, key, list, load, place, record, swap};
use vestibule_core::drive;
use vestibule_core::store::{Load, Swapped, Unavailable};
use vestibule_sqlite::{SqliteStore, Trouble};

/// Whether it was told that trouble is over, and the name of the thread that told it.
type Told = Arc<Mutex<Vec<(bool, String)>>>;

/// A store whose next load finds a connection near it, and what it tells.
fn warm(place: &Place) -> (SqliteStore, Told) {
    let told = Told::default();
    let tell = Arc::clone(&told);
    let store = place.open_with(|options| {
        options.loads_at_once = 1;
        options.on_trouble = Arc::new(move |trouble| {
            let over = matches!(trouble, Trouble::Recovered { .. });
            let thread = thread::current().name().unwrap_or_default().to_owned();
            tell.lock().unwrap().push((over, thread));
        });
    });
    assert_eq!(swap(&store, 1, None, Some(1)), Swapped::Done);
    assert_eq!(swap(&store, 2, None, Some(2)), Swapped::Done);
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
    until_it_is_open(&store);
    assert_eq!(at_once(&store, 1), Some(Ok(Some(record(1)))));
    (store, told)
}

/// A connection is opened after a load is answered, and before the next question is.
fn until_it_is_open(store: &SqliteStore) {
    store.count().wait().unwrap();
}

fn at_once(
    store: &SqliteStore,
    n: u32,
) -> Option<Result<Option<vestibule_core::Record>, Unavailable>> {
    begin(pin!(drive::Store::load(store, Load::fresh(key(n)))).as_mut())
}

#[test]
fn what_others_wrote_is_found_at_once() {
    let place = place();
    let (store, _) = warm(&place);
    let theirs = place.open();
    for n in 1..100 {
        assert_eq!(swap(&theirs, 1, Some(n), Some(n + 1)), Swapped::Done);
        assert_eq!(at_once(&store, 1), Some(Ok(Some(record(n + 1)))));
    }
    assert_eq!(swap(&theirs, 1, Some(100), None), Swapped::Done);
    assert_eq!(at_once(&store, 1), Some(Ok(None)));
}

#[test]
fn damage_is_told_on_the_stores_own_thread_and_so_is_its_end() {
    let place = place();
    let (store, told) = warm(&place);
    let another = place.another();
    let sql = "UPDATE record SET version = ? WHERE key = 'grant/00000001'";
    another.execute(sql, [b"short".as_slice()]).unwrap();
    for _ in 0..3 {
        assert_eq!(load(&store, 1), Err(Unavailable));
        assert_eq!(load(&store, 2), Ok(Some(record(2))));
        until_it_is_open(&store);
        assert_eq!(at_once(&store, 2), Some(Ok(Some(record(2)))), "others are as fast as ever");
    }
    another.execute(sql, [record(1).version.as_bytes().as_slice()]).unwrap();
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
    let reads = || "vestibule-reads".to_owned();
    assert_eq!(*told.lock().unwrap(), [(false, reads()), (true, reads())]);
    until_it_is_open(&store);
    assert_eq!(at_once(&store, 1), Some(Ok(Some(record(1)))), "as before");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_moved_away_is_not_read() {
    let place = place();
    let (store, told) = warm(&place);
    let elsewhere = place.folder().join("elsewhere");
    fs::rename(place.file(), &elsewhere).unwrap();
    for _ in 0..3 {
        assert_eq!(load(&store, 1), Err(Unavailable));
    }
    fs::rename(&elsewhere, place.file()).unwrap();
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
    let reads = || "vestibule-reads".to_owned();
    assert_eq!(*told.lock().unwrap(), [(false, reads()), (true, reads())]);
}

#[test]
fn however_many_may_load_at_once_the_store_works() {
    for loads_at_once in [0, 1, usize::MAX] {
        let place = place();
        let store = place.open_with(|options| options.loads_at_once = loads_at_once);
        swap(&store, 0, None, Some(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        assert!(matches!(load(&store, 0), Ok(Some(_))));
                        assert_eq!(load(&store, 1), Ok(None));
                    }
                });
            }
            for n in 0..50 {
                assert_eq!(swap(&store, 0, Some(n), Some(n + 1)), Swapped::Done);
                assert_eq!(load(&store, 0), Ok(Some(record(n + 1))), "what was done is seen");
            }
        });
        assert_eq!(list(&store, support::OWNER, None, 9).unwrap().records.len(), 1);
    }
}
