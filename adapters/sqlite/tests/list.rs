//! An owner's records, a page at a time, as the store in memory lists them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{OWNER, block_on, key, list, place, put, record, swap};
use vestibule_core::store::{List, Owner, Swap, Swapped};
use vestibule_core::{MemoryStore, Record, drive};

const ANOTHER: Owner = Owner::from_bytes([8; 16]);

/// Five records of the owner's, one of another's, one of nobody's; put in backwards.
fn records() -> Vec<(u32, Record)> {
    let owner_of = |n| match n {
        2 => Some(ANOTHER),
        4 => None,
        _ => Some(OWNER),
    };
    (0..7).rev().map(|n| (n, Record { owner: owner_of(n), ..record(n) })).collect()
}

#[test]
fn a_list_goes_on_where_the_page_before_it_ended() {
    let place = place();
    let store = place.open();
    for (n, record) in records() {
        assert_eq!(put(&store, n, record), Ok(Swapped::Done));
    }
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = list(&store, OWNER, after, 2).unwrap();
        assert!(page.records.len() <= 2);
        found.extend(page.records);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(found, [0, 1, 3, 5, 6].map(|n| (key(n), record(n))));
}

#[test]
fn pages_are_those_of_the_store_in_memory() {
    let place = place();
    let store = place.open();
    let memory = MemoryStore::new();
    for (n, record) in records() {
        put(&store, n, record.clone()).unwrap();
        let put = Swap::new(key(n), None, Some(record));
        drive::blocking::Store::swap(&memory, put).unwrap();
    }
    for owner in [OWNER, ANOTHER, Owner::from_bytes([7; 16])] {
        for after in [None, Some(0), Some(2), Some(5), Some(6), Some(9)].map(|n| n.map(key)) {
            for limit in [0, 1, 2, 4, 5, 6, usize::MAX] {
                let asked = List::new(owner, after.clone(), limit);
                let expected = drive::blocking::Store::list(&memory, asked.clone());
                assert_eq!(list(&store, owner, after.clone(), limit), expected, "{asked:?}");
                assert_eq!(block_on(drive::Store::list(&store, asked)), expected);
            }
        }
    }
}

#[test]
fn a_record_that_changes_hands_is_listed_with_its_new_owner() {
    let place = place();
    let store = place.open();
    swap(&store, 1, None, Some(1));
    let theirs = Record { owner: Some(ANOTHER), ..record(2) };
    let change = Swap::new(key(1), Some(record(1).version), Some(theirs.clone()));
    assert_eq!(drive::blocking::Store::swap(&store, change), Ok(Swapped::Done));
    assert_eq!(list(&store, OWNER, None, 9).unwrap().records, []);
    assert_eq!(list(&store, ANOTHER, None, 9).unwrap().records, [(key(1), theirs)]);
}

#[test]
fn a_swap_may_change_whose_the_record_is() {
    let place = place();
    let store = place.open();
    let mut expected = None;
    for (n, owner) in (1..).zip([Some(OWNER), Some(OWNER), Some(ANOTHER), None, None, Some(OWNER)])
    {
        let next = Record { owner, ..record(n) };
        let asked = Swap::new(key(1), expected, Some(next.clone()));
        assert_eq!(block_on(drive::Store::swap(&store, asked)), Ok(Swapped::Done));
        expected = Some(next.version);
        for asked in [OWNER, ANOTHER] {
            let found = list(&store, asked, None, 9).unwrap().records;
            let its = if owner == Some(asked) { vec![(key(1), next.clone())] } else { vec![] };
            assert_eq!(found, its);
        }
    }
}
