//! Compare-and-swap, alone and among many.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::pin::pin;
use std::thread;
use std::time::Duration;

use support::{begin, block_on, key, load, place, record, swap, try_swap, version};
use vestibule_core::drive;
use vestibule_core::store::{Load, Swap, Swapped, Unavailable};

/// Longer than any test machine is slow.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn only_the_expected_version_is_swapped() {
    let place = place();
    let store = place.open();
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Conflict, "nothing is there");
    assert_eq!(swap(&store, 1, Some(1), None), Swapped::Conflict, "nothing is there");
    assert_eq!(swap(&store, 1, None, None), Swapped::Done, "nothing is there, as expected");
    assert_eq!(swap(&store, 1, None, Some(1)), Swapped::Done);
    assert_eq!(swap(&store, 1, None, Some(2)), Swapped::Conflict, "something is there");
    assert_eq!(swap(&store, 1, None, None), Swapped::Conflict, "something is there");
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    assert_eq!(swap(&store, 1, Some(1), Some(3)), Swapped::Conflict, "another version is there");
    assert_eq!(swap(&store, 1, Some(1), None), Swapped::Conflict, "another version is there");
    assert_eq!(load(&store, 1), Ok(Some(record(2))));
    assert_eq!(swap(&store, 1, Some(2), None), Swapped::Done);
    assert_eq!(load(&store, 1), Ok(None));
    assert_eq!(store.count().wait(), Ok(0));
}

#[test]
fn swaps_that_wait_are_one_transaction() {
    const SWAPS: u32 = 200;
    let place = place();
    let store = place.open_with(|options| options.busy_timeout = LONG);
    let lock = place.another();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = |n| drive::Store::swap(&store, Swap::new(key(n), None, Some(record(n))));
    let mut waiting: Vec<_> = (0..SWAPS).map(|n| Box::pin(asked(n))).collect();
    for swap in &mut waiting {
        assert!(begin(swap.as_mut()).is_none(), "nothing is answered before its commit");
    }
    lock.execute_batch("COMMIT").unwrap();
    for swap in waiting {
        assert_eq!(block_on(swap), Ok(Swapped::Done));
    }
    assert_eq!(store.stats().swaps, u64::from(SWAPS));
    // What the writer had taken when it met the lock, and the rest.
    assert!(store.stats().transactions <= 2, "{:?}", store.stats());
    assert_eq!(store.count().wait(), Ok(u64::from(SWAPS)));
}

#[test]
fn one_more_than_may_wait_is_unavailable_at_once() {
    let place = place();
    let store = place.open_with(|options| {
        options.waiting_at_most = 3;
        options.busy_timeout = LONG;
    });
    let lock = place.another();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = |n| drive::Store::swap(&store, Swap::new(key(n), None, Some(record(n))));
    // A transaction's worth is with the writer at most, and three wait.
    let mut waiting: Vec<_> = (0..260).map(|n| Box::pin(asked(n))).collect();
    let answers: Vec<_> = waiting.iter_mut().map(|swap| begin(swap.as_mut())).collect();
    assert!(answers.iter().all(|answer| matches!(answer, None | Some(Err(Unavailable)))));
    assert!(answers.iter().any(Option::is_some), "one did not get in");
    lock.execute_batch("COMMIT").unwrap();
    for (n, (swap, answer)) in (0..).zip(waiting.into_iter().zip(answers)) {
        let expected = if answer.is_none() { Some(record(n)) } else { None };
        if answer.is_none() {
            assert_eq!(block_on(swap), Ok(Swapped::Done));
        }
        assert_eq!(load(&store, n), Ok(expected));
    }
}

#[test]
fn of_many_that_swap_one_version_one_is_done() {
    const THREADS: u32 = 8;
    const ROUNDS: u32 = 20;
    let place = place();
    let store = place.open();
    swap(&store, 0, None, Some(0));
    let done = |thread: u32| {
        let mut done = 0;
        let mut mine = 1 + thread * 10_000;
        while done < ROUNDS {
            let found = load(&store, 0).unwrap().unwrap().version;
            let next = Some(record(mine));
            let asked = Swap::new(key(0), Some(found), next);
            match drive::blocking::Store::swap(&store, asked).unwrap() {
                Swapped::Done => done += 1,
                // Whatever was put there meanwhile is seen by the next load.
                Swapped::Conflict => assert_ne!(load(&store, 0).unwrap().unwrap().version, found),
            }
            mine += 1;
        }
        done
    };
    let done = &done;
    let sum: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || done(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(sum, THREADS * ROUNDS);
}

#[test]
fn no_swap_of_many_threads_is_lost() {
    const THREADS: u32 = 16;
    const EACH: u32 = 25;
    let place = place();
    let store = place.open();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                for n in thread * EACH..(thread + 1) * EACH {
                    assert_eq!(swap(&store, n, None, Some(n)), Swapped::Done);
                    assert_eq!(load(&store, n), Ok(Some(record(n))), "what was done is seen");
                }
            });
        }
    });
    assert_eq!(store.count().wait(), Ok(u64::from(THREADS * EACH)));
    drop(store);
    let store = place.open();
    for n in 0..THREADS * EACH {
        assert_eq!(load(&store, n), Ok(Some(record(n))));
    }
}

#[test]
fn async_and_blocking_code_share_one_store() {
    let place = place();
    let store = place.open();
    let put = Swap::new(key(1), None, Some(record(1)));
    assert_eq!(block_on(drive::Store::swap(&store, put)), Ok(Swapped::Done));
    assert_eq!(load(&store, 1), Ok(Some(record(1))));
    assert_eq!(swap(&store, 1, Some(1), Some(2)), Swapped::Done);
    let loaded = block_on(drive::Store::load(&store, Load::fresh(key(1))));
    assert_eq!(loaded, Ok(Some(record(2))));
    assert_eq!(block_on(store.count()), Ok(1));
}

#[test]
fn a_swap_whose_future_is_dropped_is_done_all_the_same() {
    let place = place();
    let store = place.open();
    {
        let asked = Swap::new(key(1), None, Some(record(1)));
        let _ = begin(pin!(drive::Store::swap(&store, asked)).as_mut());
    }
    // Queued behind it, so answered after it.
    assert_eq!(try_swap(&store, 2, None, Some(2)), Ok(Swapped::Done));
    assert_eq!(load(&store, 1).unwrap().unwrap().version, version(1));
}

#[test]
fn however_many_may_wait_the_store_works() {
    for waiting_at_most in [0, usize::MAX] {
        let place = place();
        let store = place.open_with(|options| options.waiting_at_most = waiting_at_most);
        assert_eq!(swap(&store, 1, None, Some(1)), Swapped::Done);
        assert_eq!(load(&store, 1), Ok(Some(record(1))));
    }
}

#[test]
fn what_is_queued_when_the_store_is_dropped_is_done() {
    let place = place();
    let store = place.open();
    for n in 0..50 {
        let asked = Swap::new(key(n), None, Some(record(n)));
        let _ = begin(pin!(drive::Store::swap(&store, asked)).as_mut());
    }
    drop(store);
    assert_eq!(place.open().count().wait(), Ok(50));
}
