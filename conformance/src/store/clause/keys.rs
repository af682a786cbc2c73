//! Which record a key leads to.

use vestibule_core::drive::blocking::Store;
use vestibule_core::{Load, Record, RecordKey, Swap, Swapped};

use crate::store::ask::{Ask, hold, key, sample, text_key, whole_list};
use crate::store::{Children, Objection, Subject, Verdict};

/// Keys that begin or end alike, or differ in one digit.
///
/// If not: one person's tokens lead to another's grant.
///
/// # Errors
/// If it does not hold.
pub fn keys_that_look_alike_are_kept_apart<S: Subject>(_: &Children) -> Verdict {
    let mut keys: Vec<_> =
        ["0", "00", "000", "0000", "00ff", "0f", "f0", "ff00", "1e1", "1e01", "10"]
            .map(|id| text_key(&format!("grant/{id}")))
            .to_vec();
    keys.extend((0..16).map(|digit| key("grant", digit << 60)));
    keys.extend((1..16).map(|digit| key("grant", digit)));
    are_kept_apart::<S>(&keys)
}

/// STO-10: one id under several kinds, and kinds that begin alike.
///
/// If not: what an anonymous request may write, a cache slot, overwrites a grant.
///
/// # Errors
/// If it does not hold.
pub fn keys_of_different_kinds_are_kept_apart<S: Subject>(_: &Children) -> Verdict {
    let kinds = [
        "grant",
        "grants",
        "gran",
        "cache",
        "cutoff",
        "cutoff/client",
        "cutoff/subject",
        "cutoff/client/grant",
    ];
    let mut keys = kinds.map(|kind| key(kind, 7)).to_vec();
    keys.extend([text_key("cutoff/issuer"), text_key("cutoff"), text_key("cutoff/client")]);
    are_kept_apart::<S>(&keys)
}

/// The longest keys that core makes, different in their last or first byte only.
///
/// If not: keys that a store cuts off lead to one record.
///
/// # Errors
/// If it does not hold.
pub fn keys_of_64_bytes_are_kept_apart<S: Subject>(_: &Children) -> Verdict {
    let long = "0123456789abcdef".repeat(4);
    let keys = [
        format!("grant/{}", &long[..58]),
        format!("grant/{}0", &long[..57]),
        format!("grant/{}", &long[..57]),
        format!("srant/{}", &long[..58]),
        format!("cutoff/subject/{}", &long[..49]),
        format!("cutoff/subject/{}f", &long[..48]),
    ];
    are_kept_apart::<S>(&keys.map(|key| text_key(&key)))
}

/// All are there at the same time, each with its own record; then they go, one after the other.
fn are_kept_apart<S: Subject>(keys: &[RecordKey]) -> Verdict {
    let subject = S::fresh();
    let (store, other) = (subject.open(), subject.open());
    let record = |at: usize| sample(at as u64, at as u64);
    for (at, key) in keys.iter().enumerate() {
        store.is(key, None)?;
        store.create(key, &record(at))?;
    }
    for (at, key) in keys.iter().enumerate() {
        other.is(key, Some(&record(at)))?;
        // Another key's version is no key to this one.
        let next_door = record((at + 1) % keys.len());
        let swapped = other.try_swap(key, Some(&next_door), None)?;
        hold!(swapped == Swapped::Conflict, "{} went by another key's version", key.as_str());
    }
    for (at, key) in keys.iter().enumerate() {
        store.put(key, Some(&record(at)), None)?;
        store.is(key, None)?;
        if let Some(next) = keys.get(at + 1) {
            store.is(next, Some(&record(at + 1)))?;
        }
    }
    Ok(())
}

/// STO-13, STO-14: texts that are something else in a statement, in a path, in a pattern, in C, in
/// a collation. Core makes no such keys; a store that is used for more than Vestibule meets them,
/// and a store that handles them handles all.
///
/// It may answer `Unavailable` to what it does not keep; since that says that nobody knows, it may
/// have kept the record after all. What is kept, said to be or not, is kept under this key, and no
/// other key's record changes.
///
/// If not: the safety of the store is that of whoever makes the keys.
///
/// # Errors
/// If it does not hold.
pub fn a_hostile_key_is_kept_as_itself_or_refused<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let (store, other) = (subject.open(), subject.open());
    let mut kept: Vec<(RecordKey, Record)> = Vec::new();
    for (number, text) in hostile().iter().enumerate() {
        let key = text_key(text);
        let record = Record { owner: sample(0, 0).owner, ..sample(number as u64, 1) };
        match store.swap(Swap::new(key.clone(), None, Some(record.clone()))) {
            Ok(Swapped::Done) => kept.push((key, record)),
            Ok(Swapped::Conflict) => {
                return Err(Objection::Broken(format!("{text:?} is taken for another key")));
            }
            Err(_) => {
                // Nothing is there, or what may have been put there. Nothing else.
                let found = store.load(Load::fresh(key.clone())).unwrap_or_default();
                let own = found.as_ref() == Some(&record);
                hold!(own || found.is_none(), "{text:?} was refused, and there is {found:?}");
                if own {
                    kept.push((key, record));
                }
            }
        }
    }
    hold!(kept.iter().any(|(key, _)| key.as_str() == ORDINARY), "even {ORDINARY} was refused");
    for (key, record) in &kept {
        let found = other.now(key)?;
        hold!(found.as_ref() == Some(record), "{:?} leads to {found:?}", key.as_str());
    }
    if let Some(owner) = sample(0, 0).owner
        && store.page(owner, None, 1).is_ok()
    {
        kept.sort_by(|(a, _), (b, _)| a.cmp(b));
        let listed = || {
            let listed = whole_list(&other, owner, None, 7)?;
            for (listed, kept) in listed.iter().zip(&kept) {
                hold!(listed == kept, "listed is {:?}, kept was {:?}", listed.0, kept.0);
            }
            hold!(listed.len() == kept.len(), "{} of {} are listed", listed.len(), kept.len());
            Ok(())
        };
        crate::store::ask::within(S::LIST_LAG, listed)?;
    }
    for (key, record) in &kept {
        store.put(key, Some(record), None)?;
    }
    Ok(())
}

const ORDINARY: &str = "grant/ab";

fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        ORDINARY,
        // Case, which some file systems and collations fold.
        "grant/AB",
        "Grant/ab",
        // Paths.
        "grant//ab",
        "grant/./ab",
        "grant/x/../ab",
        "../grant/ab",
        "/grant/ab",
        "grant/ab/",
        "grant",
        "grant/..",
        "..",
        ".",
        "grant\\ab",
        "https://example.com/../../etc/passwd",
        "C:grant/ab",
        // Statements and patterns.
        "grant/ab'",
        "grant/ab''",
        "grant/ab' OR '1'='1",
        "grant/ab\"",
        "grant/ab; --",
        "grant/a%",
        "grant/a_",
        "grant/*",
        "grant/a?",
        "%",
        "$1",
        "{grant/ab}",
        "grant/ab\\",
        // Escapes of others.
        "grant/%61b",
        "grant%2Fab",
        "grant/\\x61b",
        "grant_2fab",
        "grant-ab",
        "grant:ab",
        // What strings end at.
        "grant/ab\0",
        "grant/ab\0cd",
        "\0",
        "grant/ab ",
        " grant/ab",
        "grant/ab\n",
        "grant/ab\r\n",
        "grant/ab.",
        "grant/ab\t",
        // Text that looks like other text.
        "grant/é",
        "grant/e\u{301}",
        "grant/аb",
        "grant/ﬀ",
        "grant/ab\u{200b}",
        "grant/ß",
        "grant/ss",
        "\u{10FFFF}",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    // Longer than a key of core, than a file name, than a page of an index.
    for length in [65, 300, 5_000] {
        texts.push(format!("grant/{}", "a".repeat(length)));
        texts.push(format!("grant/{}b", "a".repeat(length)));
    }
    texts
}
