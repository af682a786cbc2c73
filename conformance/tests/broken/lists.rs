//! Lists that have what they should not, or lack what they should have.

use vestibule_core::{List, Owner, Page, Record, RecordKey};

use crate::caught;
use crate::world::{Map, Place, Wrong};

caught! {
    everybody_is_listed: Place<Listed<EVERYBODY>>,
        by a_list_holds_the_records_of_its_owner_only;
    half_of_the_owner_is_compared: Place<Listed<HALF>>,
        by a_list_holds_the_records_of_its_owner_only;
    what_has_no_owner_is_listed_too: Place<Listed<NOBODY>>,
        by a_list_holds_the_records_of_its_owner_only;
    the_last_to_be_written_comes_first: Place<Listed<BACKWARDS>>,
        by a_list_is_in_the_order_of_its_keys;
    a_collation_orders_the_keys: Place<Listed<COLLATED>>,
        by a_list_is_in_the_order_of_its_keys;
    a_page_begins_with_the_last_one: Place<Listed<INCLUSIVE>>,
        by a_list_is_in_the_order_of_its_keys;
    a_full_page_is_taken_for_the_last: Place<Listed<NO_NEXT>>,
        by the_pages_of_a_list_make_up_the_whole;
    a_page_is_one_too_long: Place<Listed<TOO_LONG>>,
        by the_pages_of_a_list_make_up_the_whole;
    the_limit_counts_what_is_not_listed: Place<Listed<LIMIT_FIRST>>,
        by the_pages_of_a_list_make_up_the_whole;
    pages_never_end: Place<Listed<ENDLESS>>,
        by the_pages_of_a_list_make_up_the_whole;
    the_first_owner_stays: Place<Listed<FIRST_OWNER>>,
        by a_list_loses_what_was_deleted_or_changed_hands;
    what_was_deleted_is_listed: Place<Listed<DELETED>>,
        by a_list_loses_what_was_deleted_or_changed_hands;
}

struct Listed<const HOW: u8>;

const EVERYBODY: u8 = 0;
const HALF: u8 = 1;
const NOBODY: u8 = 2;
const BACKWARDS: u8 = 3;
const COLLATED: u8 = 4;
const INCLUSIVE: u8 = 5;
const NO_NEXT: u8 = 6;
const TOO_LONG: u8 = 7;
const LIMIT_FIRST: u8 = 8;
const ENDLESS: u8 = 9;
const FIRST_OWNER: u8 = 10;
const DELETED: u8 = 11;

impl<const HOW: u8> Wrong for Listed<HOW> {
    fn new() -> Self {
        Self
    }

    fn list(&self, map: &Map, list: &List) -> Page {
        let is_own = |record: &Record| record.owner == Some(list.owner);
        match HOW {
            EVERYBODY => map.list_if(list, |_, _| true),
            HALF => {
                let half = |owner: Owner| owner.as_bytes()[..8].to_vec();
                map.list_if(list, |_, record| record.owner.map(half) == Some(half(list.owner)))
            }
            NOBODY => map.list_if(list, |_, record| record.owner.is_none() || is_own(record)),
            BACKWARDS => {
                let mut page = map.list(list);
                page.records.reverse();
                page
            }
            COLLATED => {
                let mut page = map.list(list);
                let letters = |key: &RecordKey| key.as_str().replace(['/', '-'], "");
                page.records.sort_by_key(|(key, _)| letters(key));
                page
            }
            INCLUSIVE => {
                let mut page = map.list(list);
                let last = list
                    .after
                    .as_ref()
                    .and_then(|after| Some((after.clone(), map.lock().get(after)?.clone())));
                if let Some(last) = last.filter(|(_, record)| is_own(record)) {
                    page.records.insert(0, last);
                    page.records.truncate(list.limit);
                }
                page
            }
            NO_NEXT => Page { next: None, ..map.list(list) },
            TOO_LONG => {
                map.list(&List::new(list.owner, list.after.clone(), list.limit.saturating_add(1)))
            }
            LIMIT_FIRST => {
                let mut seen = 0;
                map.list_if(list, |_, record| {
                    seen += 1;
                    seen <= list.limit && is_own(record)
                })
            }
            ENDLESS => {
                let page = map.list(list);
                let next = page.records.last().map(|(key, _)| key.clone());
                Page { next: next.or_else(|| list.after.clone()), ..page }
            }
            FIRST_OWNER => {
                let before = map.before.lock().unwrap();
                map.list_if(list, |key, record| {
                    let first = before[key].iter().flatten().next().unwrap_or(record);
                    is_own(first)
                })
            }
            _ => {
                let mut page = map.list(list);
                let before = map.before.lock().unwrap();
                let records = map.lock();
                let gone = before.iter().filter(|(key, _)| !records.contains_key(*key));
                let last =
                    gone.filter_map(|(key, before)| Some((key.clone(), before.last()?.clone()?)));
                page.records.extend(last.filter(|(key, record)| {
                    is_own(record) && list.after.as_ref().is_none_or(|after| key > after)
                }));
                page.records.sort_by(|(a, _), (b, _)| a.cmp(b));
                page.records.truncate(list.limit);
                page
            }
        }
    }
}
