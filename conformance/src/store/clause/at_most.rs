//! What a load sees that may be old.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vestibule_core::{Load, Record, RecordKey};

use crate::store::ask::{Ask, beside, hold, key, numbers, sample};
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

/// The same while others load through the same handle and a writer counts up: no load sees less
/// than what was done more than its age before it was asked. Loads overtake each other, and one
/// that has read long ago may be the last to come back.
///
/// If not: as above. A cache that is right in each single thread takes what an overtaken load
/// brings for new, because it came last.
///
/// # Errors
/// If it does not hold.
pub fn a_load_that_may_be_old_is_not_older_for_being_overtaken<S: Subject>(
    _: &Children,
) -> Verdict {
    const WRITES: u64 = 20;
    let subject = S::fresh();
    let (writer, reader) = (subject.open(), Arc::new(subject.open()));
    let key = key("cutoff", 0);
    writer.create(&key, &sample(0, 0))?;
    let written = Arc::new(Mutex::new(Written::default()));
    // Nothing is ever said over this. It is closed once no reader is left, and then nobody writes
    // for them.
    let (reads, readers_left) = channel::<()>();
    let readers = [(); 3].map(|()| {
        let (reader, key) = (Arc::clone(&reader), key.clone());
        let (written, reads) = (Arc::clone(&written), Sender::clone(&reads));
        beside(move || {
            let _reads = reads;
            read_on(&*reader, &key, &written)
        })
    });
    drop(reads);
    let over = Over(&written);
    let counted = (1..=WRITES).try_for_each(|number| -> Verdict {
        writer.put(&key, Some(&sample(number - 1, 0)), Some(&sample(number, 0)))?;
        lock(&written).done.push((number, Instant::now()));
        // Until what was before is too old.
        let _ = readers_left.recv_timeout(2 * SHORT);
        Ok(())
    });
    drop(over);
    for reader in readers {
        reader.joined()??;
    }
    counted
}

#[derive(Default)]
struct Written {
    /// What was written, and when that was done.
    done: Vec<(u64, Instant)>,
    /// Nothing is written any more.
    is_over: bool,
}

/// Whatever becomes of the writer.
struct Over<'a>(&'a Mutex<Written>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        lock(self.0).is_over = true;
    }
}

fn lock(written: &Mutex<Written>) -> MutexGuard<'_, Written> {
    written.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_on(reader: &impl Ask, key: &RecordKey, written: &Mutex<Written>) -> Verdict {
    loop {
        let asked = Instant::now();
        let (at_least, is_over) = {
            let written = lock(written);
            let too_old = |(_, done): &&(u64, Instant)| asked.duration_since(*done) > SHORT;
            let last = written.done.iter().rev().find(too_old);
            (last.map_or(0, |(number, _)| *number), written.is_over)
        };
        let old = seen(reader, key, SHORT)?.as_ref().map(numbers).transpose()?;
        hold!(
            old.is_some_and(|(number, _)| number >= at_least),
            "more than {SHORT:?} before a load {at_least} was there, and it saw {old:?}"
        );
        if is_over {
            return Ok(());
        }
    }
}

/// Longer than a clause takes.
const LONG: Duration = Duration::from_secs(3_600);

/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(10);

fn seen(store: &impl Ask, key: &RecordKey, age: Duration) -> Result<Option<Record>, Objection> {
    Ok(store.load(Load::at_most(key.clone(), age))?)
}
