//! How old an answer may be.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::pin::pin;
use std::time::Duration;

use support::{begin, key, load, place, record, swap};
use vestibule_core::store::{Load, Swapped, Unavailable};
use vestibule_core::{Record, Timestamp, drive};
use vestibule_sqlite::SqliteStore;

const HOUR: Duration = Duration::from_secs(3600);

fn at_most(store: &SqliteStore, age: Duration) -> Result<Option<Record>, Unavailable> {
    drive::blocking::Store::load(store, Load::at_most(key(1), age))
}

fn changed() -> Record {
    Record { expires_at: Timestamp::from_seconds(2000), ..record(1) }
}

#[test]
fn an_answer_may_be_as_old_as_asked_and_no_older() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    assert_eq!(at_most(&store, HOUR), Ok(Some(record(1))));
    // By another process, which our cache does not see.
    place.another().execute_batch("UPDATE record SET expires_at = 2000").unwrap();
    assert_eq!(at_most(&store, HOUR), Ok(Some(record(1))), "an old answer will do");
    assert_eq!(load(&store, 1), Ok(Some(changed())), "a fresh one is never from the cache");
    assert_eq!(at_most(&store, Duration::ZERO), Ok(Some(changed())), "too old");
    assert_eq!(at_most(&store, HOUR), Ok(Some(changed())), "the newer answer is kept");
}

#[test]
fn that_there_is_no_record_is_kept_too() {
    let place = place();
    let store = place.open();
    assert_eq!(at_most(&store, HOUR), Ok(None));
    let theirs = place.open();
    swap(&theirs, 1, None, Some(1));
    assert_eq!(at_most(&store, HOUR), Ok(None));
    assert_eq!(at_most(&store, Duration::ZERO), Ok(Some(record(1))));
}

#[test]
fn our_own_swap_is_seen_at_once() {
    let place = place();
    let store = place.open();
    assert_eq!(at_most(&store, HOUR), Ok(None));
    assert_eq!(swap(&store, 1, None, Some(1)), Swapped::Done);
    assert_eq!(at_most(&store, HOUR), Ok(Some(record(1))));
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(at_most(&store, HOUR), Ok(Some(record(2))));
    assert_eq!(swap(&store, 1, Some(2), None), Swapped::Done);
    assert_eq!(at_most(&store, HOUR), Ok(None));
}

#[test]
fn our_own_swap_is_seen_however_many_load_meanwhile() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(0));
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                    at_most(&store, HOUR).unwrap();
                }
            });
        }
        let mut seen = true;
        for n in 0..200 {
            swap(&store, 1, Some(n), Some(n + 1));
            seen &= at_most(&store, HOUR) == Ok(Some(record(n + 1)));
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(seen, "a load that a swap overtook brought the old record back");
    });
}

#[test]
fn what_is_in_the_cache_is_answered_at_once() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    assert_eq!(at_most(&store, HOUR), Ok(Some(record(1))));
    let cached = pin!(drive::Store::load(&store, Load::at_most(key(1), HOUR)));
    assert_eq!(begin(cached), Some(Ok(Some(record(1)))));
}

#[test]
fn what_cannot_be_read_is_not_kept() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    place.another().execute_batch("UPDATE record SET owner = x'00'").unwrap();
    assert_eq!(at_most(&store, HOUR), Err(Unavailable));
    assert_eq!(at_most(&store, HOUR), Err(Unavailable));
}
