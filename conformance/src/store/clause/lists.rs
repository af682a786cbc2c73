//! The records of an owner.

use vestibule_core::drive::blocking::Store;
use vestibule_core::{Owner, Record, RecordKey};

use crate::store::ask::{Ask, hold, key, owner, sample, text_key, whole_list, within};
use crate::store::{Children, Objection, Subject, Verdict};

type Records = Vec<(RecordKey, Record)>;

/// Three owners and nobody have records side by side; each list has its owner's, all of them and
/// whole. Who has none has an empty list.
///
/// If not: ending one person's grants ends another's, or leaves one of hers alive.
///
/// # Errors
/// If it does not hold.
pub fn a_list_holds_the_records_of_its_owner_only<S: Subject>(_: &Children) -> Verdict {
    let (subject, records) = several::<S>()?;
    let store = subject.open();
    for asked in (0..4).map(owner) {
        let own = of(asked, &records);
        let is_own = |listed: &Records| {
            for (key, record) in listed {
                hold!(own.iter().any(|(own, _)| own == key), "{} is not theirs", key.as_str());
                hold!(own.contains(&(key.clone(), record.clone())), "{record:?} was never there");
            }
            Ok(())
        };
        // Not even for a moment.
        is_own(&whole_list(&store, asked, None, 100)?)?;
        within(S::LIST_LAG, || the_list_is(&store, asked, None, 100, &own))?;
        is_own(&whole_list(&store, asked, None, 100)?)?;
    }
    Ok(())
}

/// In the order of the keys' bytes, whichever way they were written; from after a key, which need
/// not be there.
///
/// If not: a page begins where the page before it did not end, and a grant between the two is
/// passed over when all of a person's are ended.
///
/// # Errors
/// If it does not hold.
pub fn a_list_is_in_the_order_of_its_keys<S: Subject>(_: &Children) -> Verdict {
    let (subject, records) = several::<S>()?;
    let store = subject.open();
    let own = of(owner(0), &records);
    let mut afters: Vec<_> = records.iter().map(|(key, _)| key.clone()).collect();
    afters.extend(["", "grant/0", "grant/00000", "grant0", "h", "~"].map(text_key));
    for after in afters {
        let rest: Records = own.iter().filter(|(key, _)| *key > after).cloned().collect();
        within(S::LIST_LAG, || the_list_is(&store, owner(0), Some(&after), 100, &rest))?;
    }
    Ok(())
}

/// Pages of any size, put together, are the list; none has more records than it may, and none ends
/// the list before its end. A page of nothing has nothing.
///
/// If not: as [above](a_list_is_in_the_order_of_its_keys), or whoever asks never comes to the end.
///
/// # Errors
/// If it does not hold.
pub fn the_pages_of_a_list_make_up_the_whole<S: Subject>(_: &Children) -> Verdict {
    let (subject, records) = several::<S>()?;
    let store = subject.open();
    let own = of(owner(0), &records);
    for limit in (1..=own.len() + 1).chain([usize::MAX]) {
        within(S::LIST_LAG, || the_list_is(&store, owner(0), None, limit, &own))?;
    }
    let nothing = store.page(owner(0), None, 0)?;
    hold!(nothing.records.is_empty(), "a page of 0 has {} records", nothing.records.len());
    Ok(())
}

/// Records are deleted, get another owner, lose theirs, or get one: lists follow.
///
/// If not: a person is shown what is no longer theirs, and is not shown what is.
///
/// # Errors
/// If it does not hold.
pub fn a_list_loses_what_was_deleted_or_changed_hands<S: Subject>(_: &Children) -> Verdict {
    let (subject, mut records) = several::<S>()?;
    let (writer, store) = (subject.open(), subject.open());
    // Whatever a list keeps of its own has been filled.
    for asked in (0..3).map(owner) {
        whole_list(&store, asked, None, 3)?;
    }
    let new_owners = [None, Some(owner(0)), Some(owner(1))];
    let mut left = Records::new();
    for (number, (key, record)) in records.drain(..).enumerate() {
        let next = (number % 4 != 0)
            .then(|| Record { owner: new_owners[number % 3], ..sample(100 + number as u64, 0) });
        writer.put(&key, Some(&record), next.as_ref())?;
        left.extend(next.map(|next| (key, next)));
    }
    for asked in (0..3).map(owner) {
        let own = of(asked, &left);
        within(S::LIST_LAG, || the_list_is(&store, asked, None, 3, &own))?;
    }
    Ok(())
}

/// A store with records of the owners 0 to 2 and of nobody, written in no order; all of them in the
/// order of their keys.
fn several<S: Subject>() -> Result<(S, Records), Objection> {
    let subject = S::fresh();
    let store = subject.open();
    if store.page(owner(0), None, 1).is_err() {
        return Err(Objection::NotAsked("it cannot list"));
    }
    let mut keys: Vec<_> = (0..16).map(|number| key("grant", (number * 7) % 16)).collect();
    keys.extend(
        // '-' and '/' come before digits, and digits before letters; no collation is asked.
        ["grant/0", "grant/00", "grant/000", "grants/00", "gran/ff", "grant-a/ff", "cache/f0"]
            .map(text_key),
    );
    let mut records = Records::new();
    for (number, key) in keys.into_iter().enumerate() {
        let number = number as u64;
        let owner = match number {
            16.. => Some(owner(0)),
            _ => (number % 5 != 4).then(|| owner((number % 5) % 3)),
        };
        let record = Record { owner, ..sample(number, 0) };
        store.create(&key, &record)?;
        records.push((key, record));
    }
    records.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok((subject, records))
}

fn of(owner: Owner, records: &Records) -> Records {
    records.iter().filter(|(_, record)| record.owner == Some(owner)).cloned().collect()
}

fn the_list_is(
    store: &impl Store,
    owner: Owner,
    after: Option<&RecordKey>,
    limit: usize,
    own: &Records,
) -> Verdict {
    let listed = whole_list(store, owner, after.cloned(), limit)?;
    let keys = |records: &Records| {
        records.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(" ")
    };
    hold!(
        listed == *own,
        "a list after {after:?}, in pages of {limit}, must be\n  {}\nand is\n  {}{}",
        keys(own),
        keys(&listed),
        if keys(own) == keys(&listed) { "\nwith other records" } else { "" }
    );
    Ok(())
}
