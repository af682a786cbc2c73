//! Versions that are not compared as they should be, and swaps that come twice.

use vestibule_core::{Record, Swap, Swapped};

use crate::caught;
use crate::world::{Map, Place, Wrong};

caught! {
    aba_where_bytes_are_compared: Place<ComparesBytes>,
        by a_version_that_is_gone_does_not_match_a_record_of_equal_bytes;
    half_of_a_version_is_compared: Place<ComparesHalf>,
        by versions_are_compared_to_the_last_bit;
    versions_are_compared_as_text: Place<ComparesText>,
        by versions_are_compared_to_the_last_bit;
    versions_are_taken_to_grow: Place<TakesVersionsToGrow>,
        by versions_are_compared_to_the_last_bit;
    a_swap_is_repeated_with_success: Place<Idempotent>,
        by a_swap_that_is_asked_for_again_conflicts_with_itself;
    an_old_version_still_matches: Place<MatchesOldVersions>,
        by a_late_duplicate_never_undoes_a_newer_write;
    a_deleted_record_is_brought_back: Place<MatchesWhatIsGone>,
        by a_late_duplicate_never_undoes_a_newer_write;
}

/// Does a swap where `matches` says so of what is there, and of what was.
fn swap_if(
    map: &Map,
    swap: Swap,
    matches: impl FnOnce(Option<&Record>, &[Option<Record>], &Swap) -> bool,
) -> Swapped {
    let mut records = map.lock();
    let before = map.before.lock().unwrap().get(&swap.key).cloned().unwrap_or_default();
    if !matches(records.get(&swap.key), &before, &swap) {
        return Swapped::Conflict;
    }
    map.put(&mut records, swap.key, swap.next);
    Swapped::Done
}

/// Looks up what the expected version was, and compares everything else.
struct ComparesBytes;
impl Wrong for ComparesBytes {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        swap_if(map, swap, |there, before, swap| {
            let had = |record: &&Record| Some(record.version) == swap.expected;
            let expected = there.into_iter().chain(before.iter().flatten()).find(had);
            there.map(|record| &record.bytes) == expected.map(|record| &record.bytes)
        })
    }
}

struct ComparesHalf;
impl Wrong for ComparesHalf {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        swap_if(map, swap, |there, _, swap| {
            there.map(|record| &record.version.as_bytes()[..8])
                == swap.expected.as_ref().map(|version| &version.as_bytes()[..8])
        })
    }
}

/// As text, in a collation that does not mind capitals.
struct ComparesText;
impl Wrong for ComparesText {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        swap_if(map, swap, |there, _, swap| {
            let text = |bytes: &[u8; 16]| String::from_utf8_lossy(bytes).to_lowercase();
            there.map(|record| text(record.version.as_bytes()))
                == swap.expected.map(|version| text(version.as_bytes()))
        })
    }
}

struct TakesVersionsToGrow;
impl Wrong for TakesVersionsToGrow {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        swap_if(map, swap, |there, _, swap| {
            let version = |record: &Record| *record.version.as_bytes();
            there.map(version) == swap.expected.map(|version| *version.as_bytes())
                && swap
                    .next
                    .as_ref()
                    .map(version)
                    .is_none_or(|next| Some(next) > there.map(version))
        })
    }
}

/// What is there already need not be put there.
struct Idempotent;
impl Wrong for Idempotent {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if map.lock().get(&swap.key) == swap.next.as_ref() {
            return Swapped::Done;
        }
        map.swap(swap)
    }
}

struct MatchesOldVersions;
impl Wrong for MatchesOldVersions {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        swap_if(map, swap, |there, before, swap| {
            let mut all = there.into_iter().chain(before.iter().flatten());
            match swap.expected {
                None => there.is_none(),
                Some(expected) => all.any(|record| record.version == expected),
            }
        })
    }
}

/// A swap of what is no longer there puts it there.
struct MatchesWhatIsGone;
impl Wrong for MatchesWhatIsGone {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        swap_if(map, swap, |there, _, swap| {
            there.is_none() || there.map(|record| record.version) == swap.expected
        })
    }
}
