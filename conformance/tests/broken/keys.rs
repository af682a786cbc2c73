//! Keys that lead to another key's record.

use vestibule_core::{List, Load, Page, Record, RecordKey, Swap, Swapped};

use crate::caught;
use crate::world::{Map, Place, Wrong};

caught! {
    capitals_are_folded: Place<Renamed<FOLDED>>,
        by a_hostile_key_is_kept_as_itself_or_refused;
    keys_end_at_nul: Place<Renamed<C_STRING>>,
        by a_hostile_key_is_kept_as_itself_or_refused;
    keys_are_trimmed: Place<Renamed<TRIMMED>>,
        by a_hostile_key_is_kept_as_itself_or_refused;
    sto_14_keys_are_paths: Place<Renamed<PATH>>,
        by a_hostile_key_is_kept_as_itself_or_refused;
    keys_are_unescaped: Place<Renamed<UNESCAPED>>,
        by a_hostile_key_is_kept_as_itself_or_refused;
    sto_10_kinds_share_one_table: Place<Renamed<WITHOUT_KIND>>,
        by keys_of_different_kinds_are_kept_apart;
    keys_are_cut_off: Place<Renamed<CUT_OFF>>,
        by keys_of_64_bytes_are_kept_apart;
    ids_are_numbers: Place<Renamed<NUMBERS>>,
        by keys_that_look_alike_are_kept_apart;
    sto_13_keys_are_patterns: Place<Patterns>,
        by keys_that_look_alike_are_kept_apart;
}

/// A store with names of its own for the keys.
struct Renamed<const NAME: u8>;

const FOLDED: u8 = 0;
const C_STRING: u8 = 1;
const TRIMMED: u8 = 2;
const PATH: u8 = 3;
const UNESCAPED: u8 = 4;
const WITHOUT_KIND: u8 = 5;
const CUT_OFF: u8 = 6;
const NUMBERS: u8 = 7;

fn rename(key: &RecordKey, name: u8) -> RecordKey {
    let key = key.as_str();
    RecordKey::from_stored(match name {
        FOLDED => key.to_lowercase(),
        C_STRING => key.split('\0').next().unwrap().to_owned(),
        TRIMMED => key.trim_end().to_owned(),
        PATH => {
            let mut path = Vec::new();
            for part in key.split('/') {
                match part {
                    "" | "." => {}
                    ".." => drop(path.pop()),
                    _ => path.push(part),
                }
            }
            path.join("/")
        }
        UNESCAPED => key.replace("%61", "a").replace("%2F", "/"),
        WITHOUT_KIND => key.rsplit('/').next().unwrap().to_owned(),
        CUT_OFF => key.chars().take(63).collect(),
        _ => match key.rsplit_once('/') {
            Some((kind, id)) => format!("{kind}/{}", id.trim_start_matches('0')),
            None => key.to_owned(),
        },
    })
}

impl<const NAME: u8> Wrong for Renamed<NAME> {
    fn new() -> Self {
        Self
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        map.load(&Load::fresh(rename(&load.key, NAME)))
    }

    fn swap(&self, map: &Map, swap: Swap) -> Swapped {
        map.swap(Swap::new(rename(&swap.key, NAME), swap.expected, swap.next))
    }

    /// Whatever else: this one is not what they are caught by.
    fn list(&self, _: &Map, _: &List) -> Page {
        Page::default()
    }
}

/// `WHERE key LIKE '…%'`.
struct Patterns;
impl Wrong for Patterns {
    fn new() -> Self {
        Self
    }

    fn load(&self, map: &Map, load: &Load) -> Option<Record> {
        let records = map.lock();
        let mut found =
            records.iter().filter(|(key, _)| key.as_str().starts_with(load.key.as_str()));
        found.next().map(|(_, record)| record.clone())
    }
}
