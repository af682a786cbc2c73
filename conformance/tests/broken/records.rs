//! Records that come back changed, or not at all.

use bytes::Bytes;
use vestibule_core::{Load, Owner, Record, Swap, Swapped, Timestamp};

use crate::caught;
use crate::world::{Map, Place, Wrong};

caught! {
    large_records_are_cut_off: Place<Changed<CUT_OFF>>,
        by a_record_of_the_largest_size_comes_back_whole;
    bytes_are_text: Place<Changed<TEXT>>,
        by a_record_comes_back_as_it_was_written;
    no_owner_is_the_owner_zero: Place<Changed<ZERO_OWNER>>,
        by a_record_comes_back_as_it_was_written;
    expiry_is_in_32_bits: Place<Changed<SHORT_EXPIRY>>,
        by a_record_comes_back_as_it_was_written;
    expiry_is_in_floating_point: Place<Changed<FLOAT_EXPIRY>>,
        by a_record_comes_back_as_it_was_written;
    nothing_is_null: Place<EmptyIsAbsent>,
        by a_record_comes_back_as_it_was_written;
    a_replaced_record_keeps_its_owner: Place<KeepsOwner>,
        by a_record_comes_back_as_it_was_written;
    it_forgets_when_there_are_many: Place<EvictsMany>,
        by nothing_is_forgotten_for_being_many;
    it_forgets_when_there_is_much: Place<EvictsLarge>,
        by nothing_is_forgotten_for_being_large;
}

struct Changed<const HOW: u8>;

const CUT_OFF: u8 = 0;
const TEXT: u8 = 1;
const ZERO_OWNER: u8 = 2;
const SHORT_EXPIRY: u8 = 3;
const FLOAT_EXPIRY: u8 = 4;

fn change(record: Record, how: u8) -> Record {
    let seconds = record.expires_at.seconds();
    match how {
        CUT_OFF => {
            let length = record.bytes.len().min(Record::MAX_BYTES - 1);
            Record { bytes: record.bytes.slice(..length), ..record }
        }
        TEXT => {
            let text = String::from_utf8_lossy(&record.bytes).into_owned();
            Record { bytes: Bytes::from(text), ..record }
        }
        ZERO_OWNER => Record { owner: record.owner.or(Some(Owner::from_bytes([0; 16]))), ..record },
        SHORT_EXPIRY => {
            Record { expires_at: Timestamp::from_seconds(seconds & 0xFFFF_FFFF), ..record }
        }
        _ => Record { expires_at: Timestamp::from_seconds(seconds as f64 as u64), ..record },
    }
}

impl<const HOW: u8> Wrong for Changed<HOW> {
    fn new() -> Self {
        Self
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        map.load(load).map(|record| change(record, HOW))
    }
}

struct EmptyIsAbsent;
impl Wrong for EmptyIsAbsent {
    fn new() -> Self {
        Self
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        map.load(load).filter(|record| !record.bytes.is_empty())
    }
}

/// `UPDATE … SET version, expires_at, bytes`.
struct KeepsOwner;
impl Wrong for KeepsOwner {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, mut swap: Swap) -> Swapped {
        let there = map.load(&Load::fresh(swap.key.clone()));
        if let (Some(there), Some(next)) = (there, &mut swap.next) {
            next.owner = there.owner;
        }
        map.swap(swap)
    }
}

struct EvictsMany;
impl Wrong for EvictsMany {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if map.lock().len() >= 1_999 {
            map.lock().pop_first();
        }
        map.swap(swap)
    }
}

struct EvictsLarge;
impl Wrong for EvictsLarge {
    fn new() -> Self {
        Self
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        if map.lock().values().map(|record| record.bytes.len()).sum::<usize>() > 4_000_000 {
            map.lock().pop_first();
        }
        map.swap(swap)
    }
}
