//! Records are forgotten once they may be, and never before.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{block_on, load, place, put, record, swap};
use vestibule_core::store::Swapped;
use vestibule_core::{Record, Timestamp};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

#[test]
fn sto_09_nothing_is_forgotten_before_120_seconds_after_expiry() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    for now in [0, 119, 120, 1000, 1119] {
        assert_eq!(store.sweep(at(now)).wait(), Ok(0), "at {now}");
        assert_eq!(load(&store, 1), Ok(Some(record(1))));
    }
    assert_eq!(store.expired(at(1119), 9).wait(), Ok(Vec::new()));
    assert_eq!(store.expired(at(1120), 0).wait(), Ok(Vec::new()));
    let expired = store.expired(at(1120), 9).wait().unwrap();
    assert_eq!(expired.into_iter().map(|(_, it)| it).collect::<Vec<_>>(), [record(1)]);
    assert_eq!(store.sweep(at(1120)).wait(), Ok(1));
    assert_eq!(load(&store, 1), Ok(None));
}

#[test]
fn the_beginning_and_the_end_of_time() {
    let place = place();
    let store = place.open();
    let record = |n, expires_at| Record { expires_at, ..record(n) };
    let first = record(1, at(0));
    let last = record(2, Timestamp::MAX);
    assert_eq!(put(&store, 1, first.clone()), Ok(Swapped::Done));
    assert_eq!(put(&store, 2, last.clone()), Ok(Swapped::Done));
    assert_eq!(store.sweep(at(119)).wait(), Ok(0));
    assert_eq!(load(&store, 1), Ok(Some(first)));
    assert_eq!(store.sweep(at(120)).wait(), Ok(1));
    assert_eq!(load(&store, 2), Ok(Some(last)));
}

#[test]
fn a_sweep_reaches_the_whole_table() {
    let place = place();
    let store = place.open();
    let fill = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 4999)
        INSERT INTO record (key, version, owner, expires_at, bytes)
        SELECT format('grant/%08x', n), randomblob(16), NULL, 1000 + n % 2, x'00' FROM n";
    place.another().execute_batch(fill).unwrap();
    assert_eq!(block_on(store.sweep(at(1120))), Ok(2500));
    assert_eq!(store.count().wait(), Ok(2500));
    assert_eq!(load(&store, 4998), Ok(None));
    assert_eq!(load(&store, 4999).unwrap().unwrap().expires_at, at(1001));
    assert_eq!(block_on(store.sweep(at(1121))), Ok(2500));
    assert_eq!(store.count().wait(), Ok(0));
}

#[test]
fn a_record_whose_life_was_prolonged_stays() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    place.another().execute_batch("UPDATE record SET expires_at = 2000").unwrap();
    assert_eq!(store.sweep(at(1120)).wait(), Ok(0));
    assert_eq!(store.sweep(at(2120)).wait(), Ok(1));
}

#[test]
fn swaps_and_sweeps_pass_each_other() {
    let place = place();
    let store = place.open();
    let sweeps: Vec<_> = (0..20).map(|_| store.sweep(at(1119))).collect();
    for n in 0..100 {
        assert_eq!(swap(&store, n, None, Some(n)), Swapped::Done);
    }
    for sweep in sweeps {
        assert_eq!(sweep.wait(), Ok(0));
    }
    assert_eq!(store.count().wait(), Ok(100));
}
