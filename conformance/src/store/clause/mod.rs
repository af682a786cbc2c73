//! The clauses: one function for each thing that core relies on. Its name says what holds, its
//! documentation what breaks in Vestibule where it does not.
//!
//! [`store_contract!`](crate::store_contract) makes a test of each, [`check`](super::check) asks
//! them all. Two things that the contract allows are no objection: a busy store may answer
//! `Unavailable` while many count, and a list may lag: it is asked again until
//! [`Subject::LIST_LAG`] is over. What was never an owner's may at no time be in it.

mod at_most;
mod durable;
mod expiry;
mod fresh;
mod keys;
mod lists;
mod lost;
mod processes;
mod races;
mod records;
mod swaps;

pub use at_most::*;
pub use durable::*;
pub use expiry::*;
pub use fresh::*;
pub use keys::*;
pub use lists::*;
pub use lost::*;
pub use processes::*;
pub use races::*;
pub use records::*;
pub use swaps::*;

use super::{Children, Subject, Verdict};

/// A clause, asked of one subject.
pub(super) type Clause = fn(&Children) -> Verdict;

/// Every clause with its name.
pub(super) fn all<S: Subject>() -> Vec<(&'static str, Clause)> {
    macro_rules! list {
        ({} $($clause:ident)*) => { vec![$((stringify!($clause), $clause::<S> as Clause)),*] };
    }
    crate::__each_store_clause! { [list] {} }
}

/// Hands the names of all clauses to a macro: the one list of them.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_store_clause {
    ([$($then:tt)*] $with:tt) => {
        $($then)*! {
            $with
            a_swap_is_done_where_the_expected_version_is_and_nowhere_else
            a_conflict_changes_nothing
            a_deleted_record_is_gone_and_may_be_created_again
            versions_are_compared_to_the_last_bit
            a_version_that_is_gone_does_not_match_a_record_of_equal_bytes
            no_update_is_lost_between_threads
            of_many_creators_of_a_record_one_succeeds
            of_many_swaps_from_one_version_one_succeeds
            no_update_is_lost_between_processes
            what_is_done_is_seen_by_every_fresh_load
            what_is_done_is_seen_by_other_processes
            a_fresh_load_never_goes_back_in_time
            a_load_never_sees_parts_of_two_writes
            a_load_that_may_be_old_is_not_older
            a_load_that_may_be_old_is_not_older_for_being_overtaken
            a_swap_that_is_asked_for_again_conflicts_with_itself
            a_late_duplicate_never_undoes_a_newer_write
            a_record_is_kept_while_it_may_be_needed_after_its_expiry
            a_sweep_keeps_what_expired_less_than_120_seconds_ago
            a_sweep_never_takes_a_record_that_was_prolonged
            keys_that_look_alike_are_kept_apart
            keys_of_different_kinds_are_kept_apart
            keys_of_64_bytes_are_kept_apart
            a_hostile_key_is_kept_as_itself_or_refused
            a_record_comes_back_as_it_was_written
            a_record_of_the_largest_size_comes_back_whole
            nothing_is_forgotten_for_being_many
            nothing_is_forgotten_for_being_large
            a_list_holds_the_records_of_its_owner_only
            a_list_is_in_the_order_of_its_keys
            the_pages_of_a_list_make_up_the_whole
            a_list_loses_what_was_deleted_or_changed_hands
            what_is_done_is_there_when_the_store_is_opened_again
            what_is_done_survives_the_kill_of_its_process
        }
    };
}
