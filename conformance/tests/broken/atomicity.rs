//! Swaps that are no compare-and-swap.

use std::sync::atomic::Ordering::SeqCst;

use vestibule_core::{Swap, Swapped};

use crate::caught;
use crate::world::{Map, Place, Wrong, wait_until};

caught! {
    sto_06_creators_that_look_before_they_put: Place<GetThenPut>,
        by of_many_creators_of_a_record_one_succeeds;
    sto_06_swaps_that_look_before_they_put: Place<GetThenPut>,
        by of_many_swaps_from_one_version_one_succeeds;
    sto_06_updates_that_look_before_they_put: Place<GetThenPut>,
        by no_update_is_lost_between_threads;
    the_last_writer_wins: Place<LastWriteWins>,
        by a_swap_is_done_where_the_expected_version_is_and_nowhere_else;
    the_last_writer_wins_over_other_threads: Place<LastWriteWins>,
        by no_update_is_lost_between_threads;
    an_upsert_does_not_mind_what_is_there: Place<Upsert>,
        by a_swap_is_done_where_the_expected_version_is_and_nowhere_else;
    a_delete_does_not_mind_what_is_there: Place<DeletesAnything>,
        by a_swap_is_done_where_the_expected_version_is_and_nowhere_else;
    a_conflict_writes_all_the_same: Place<ConflictWrites>,
        by a_conflict_changes_nothing;
    a_deleted_key_is_spent: Place<DeletedForGood>,
        by a_deleted_record_is_gone_and_may_be_created_again;
    a_deleted_record_is_still_seen: Place<DeletesNothing>,
        by a_deleted_record_is_gone_and_may_be_created_again;
}

/// STO-06: looks, and then puts; in between, another one looks.
struct GetThenPut;
impl Wrong for GetThenPut {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if map.lock().get(&swap.key).map(|record| record.version) != swap.expected {
            return Swapped::Conflict;
        }
        // Two that come together are enough; then nobody waits any more.
        map.here.fetch_add(1, SeqCst);
        wait_until(|| map.here.load(SeqCst) >= 2);
        if map.here.load(SeqCst) < 2 {
            map.here.fetch_sub(1, SeqCst);
        }
        map.put(&mut map.lock(), swap.key, swap.next);
        Swapped::Done
    }
}

struct LastWriteWins;
impl Wrong for LastWriteWins {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        map.put(&mut map.lock(), swap.key, swap.next);
        Swapped::Done
    }
}

/// `INSERT OR REPLACE`.
struct Upsert;
impl Wrong for Upsert {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if swap.expected.is_none() && swap.next.is_some() {
            map.put(&mut map.lock(), swap.key, swap.next);
            return Swapped::Done;
        }
        map.swap(swap)
    }
}

/// `DELETE … WHERE key = ?`.
struct DeletesAnything;
impl Wrong for DeletesAnything {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if swap.next.is_none() {
            map.put(&mut map.lock(), swap.key, None);
            return Swapped::Done;
        }
        map.swap(swap)
    }
}

struct ConflictWrites;
impl Wrong for ConflictWrites {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        let answer = map.swap(swap.clone());
        map.put(&mut map.lock(), swap.key, swap.next);
        answer
    }
}

struct DeletedForGood;
impl Wrong for DeletedForGood {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if swap.expected.is_none() && map.before.lock().unwrap().contains_key(&swap.key) {
            return Swapped::Conflict;
        }
        map.swap(swap)
    }
}

struct DeletesNothing;
impl Wrong for DeletesNothing {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if swap.next.is_none() {
            let found = map.lock().get(&swap.key).map(|record| record.version);
            return if found == swap.expected { Swapped::Done } else { Swapped::Conflict };
        }
        map.swap(swap)
    }
}
