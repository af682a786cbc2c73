//! What a load sees that may be old.

use std::time::{Duration, Instant};

use vestibule_core::{Load, Record, RecordKey};

use crate::store::ask::{Ask, hold, key, sample};
use crate::store::{Children, Objection, Subject, Verdict};

/// A load with [`AtMost`](vestibule_core::Freshness::AtMost) answers as the record was at one
/// moment of that long a time: never what was gone before, never parts of two records, never
/// another key's record. With an age of zero it is a fresh load.
///
/// The contract promises nothing beyond that: within the age, the answer may also lack what this
/// very handle has just written, and two loads may disagree. Core asks so only for what may be old
/// (keys of providers, the times before which all grants are dead).
///
/// If not: a time that ends the grants of a person who lost a device never arrives.
///
/// # Errors
/// If it does not hold.
pub fn a_load_that_may_be_old_is_not_older<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let (writer, reader) = (subject.open(), subject.open());
    let other = (key("cutoff", 1), sample(99, 99));
    writer.create(&other.0, &other.1)?;
    let key = key("cutoff", 0);
    let mut had: Vec<Option<Record>> = vec![None];
    for number in 0..12 {
        // A cache is filled, with this key's record and another's.
        seen(&reader, &key, LONG)?;
        seen(&reader, &other.0, LONG)?;
        let before = had.last().cloned().flatten();
        let next = (number % 4 != 3).then(|| sample(number, 0));
        writer.put(&key, before.as_ref(), next.as_ref())?;
        let done = Instant::now();
        had.push(next.clone());
        for handle in [&writer, &reader] {
            let at_once = seen(handle, &key, Duration::ZERO)?;
            hold!(at_once == next, "at most 0 s ago it was {next:?}, not {at_once:?}");
            let old = seen(handle, &key, LONG)?;
            hold!(had.contains(&old), "it was never {old:?}");
            let old = seen(handle, &other.0, LONG)?;
            hold!(old.is_none_or(|old| old == other.1), "another key's record was seen");
        }
        // Until what was before is too old.
        loop {
            let asked_after = done.elapsed();
            let old = seen(&reader, &key, SHORT)?;
            let just_before = old == before && asked_after <= SHORT;
            hold!(
                old == next || just_before,
                "{asked_after:?} after {next:?} was written, at most {SHORT:?} ago it was {old:?}"
            );
            if asked_after > SHORT {
                break;
            }
            std::thread::yield_now();
        }
    }
    Ok(())
}

/// Longer than a clause takes.
const LONG: Duration = Duration::from_secs(3_600);

/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(10);

fn seen(store: &impl Ask, key: &RecordKey, age: Duration) -> Result<Option<Record>, Objection> {
    Ok(store.load(Load::at_most(key.clone(), age))?)
}
