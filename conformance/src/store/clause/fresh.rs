//! What a fresh load sees while others write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use vestibule_core::{Record, RecordKey};

use crate::store::ask::{Ask, beside, hold, key, numbers, sample};
use crate::store::{Children, Objection, Subject, Verdict, children};

/// After a swap was done, another handle in another thread sees it at once, though it has just
/// loaded what was there before: a record, another one, none.
///
/// If not: a replica or a cache says "unused" of a code that was redeemed, and "live" of a token
/// that was revoked.
///
/// # Errors
/// If it does not hold.
pub fn what_is_done_is_seen_by_every_fresh_load<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let (writer, reader) = (subject.open(), Arc::new(subject.open()));
    let key = key("grant", 0);
    let mut there: Option<Record> = None;
    for number in 0..ROUNDS {
        reader.is(&key, there.as_ref())?;
        let next = (number % 3 != 2).then(|| sample(number, 0));
        writer.put(&key, there.as_ref(), next.as_ref())?;
        there = next.clone();
        let (reader, key) = (Arc::clone(&reader), key.clone());
        beside(move || reader.is(&key, next.as_ref())).joined()??;
    }
    Ok(())
}

/// The same in another process: after a swap was done here, a load there sees it, though that
/// process has seen what was there before and writes nothing itself.
///
/// If not: what is kept in memory, even by all handles of a process together, goes by its own
/// writes and conflicts only. The instance of Vestibule next to it goes on with a grant that was
/// ended.
///
/// # Errors
/// If it does not hold.
pub fn what_is_done_is_seen_by_other_processes<S: Subject>(children: &Children) -> Verdict {
    const CLAUSE: &str = "what_is_done_is_seen_by_other_processes";
    let key = key("grant", 0);
    children::work::<S>(CLAUSE, |store, parent| {
        for _ in 0..ROUNDS {
            parent.wait_until_told()?;
            parent.tell(seen(store, &key)?);
        }
        Ok(())
    });
    let subject = S::fresh();
    let mut process = children.start(CLAUSE, 0, &subject)?;
    let writer = subject.open();
    let mut there: Option<Record> = None;
    for number in 0..ROUNDS {
        let must = seen(&writer, &key)?;
        process.wait_until_ready()?;
        process.go()?;
        let said = process.hear()?.unwrap_or_default();
        hold!(said == must, "a process sees {said:?} where another one has left {must:?}");
        let next = (number % 3 != 2).then(|| sample(number, 0));
        writer.put(&key, there.as_ref(), next.as_ref())?;
        there = next;
    }
    Ok(())
}

const ROUNDS: u64 = 30;

/// In words that two processes can compare. The record must be whole.
fn seen(store: &impl Ask, key: &RecordKey) -> Result<String, Objection> {
    Ok(match store.now(key)? {
        None => "nothing".to_owned(),
        Some(record) => format!("record {}", numbers(&record)?.0),
    })
}

/// While a writer counts up, each reader sees at least what was done before it asked, and never
/// less than it has seen before.
///
/// If not: a flow that loads after a conflict decides on the same old state again, and a grant that
/// was ended is seen alive.
///
/// # Errors
/// If it does not hold.
pub fn a_fresh_load_never_goes_back_in_time<S: Subject>(_: &Children) -> Verdict {
    while_a_writer_counts::<S>(|seen, at_least| {
        hold!(seen >= at_least, "{at_least} was there before a load that saw {seen}");
        Ok(())
    })
}

/// While a writer replaces a record, what readers see is one of the records that it wrote: bytes,
/// version, owner and expiry.
///
/// If not: a record does not open under its version, and the grant counts as corrupt.
///
/// # Errors
/// If it does not hold.
pub fn a_load_never_sees_parts_of_two_writes<S: Subject>(_: &Children) -> Verdict {
    while_a_writer_counts::<S>(|_, _| Ok(()))
}

/// Shows each record that is seen, and what it must be at least. Records must be whole.
fn while_a_writer_counts<S: Subject>(
    see: impl Fn(u64, u64) -> Verdict + Copy + Send + 'static,
) -> Verdict {
    let subject = S::fresh();
    let count = Arc::new(Count::default());
    let _end = End(&count.over);
    let readers = [(); 2].map(|()| {
        let (store, count) = (subject.open(), Arc::clone(&count));
        beside(move || {
            let _end = End(&count.over);
            look(&store, &count, see)
        })
    });
    let (store, written) = (subject.open(), Arc::clone(&count));
    let writer = beside(move || {
        let _end = End(&written.over);
        write(&store, &written)
    });
    writer.joined()??;
    for reader in readers {
        reader.joined()??;
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    done: AtomicU64,
    over: AtomicBool,
}

/// Everybody ends with the first of them, however that ends.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn write(store: &impl Ask, count: &Count) -> Verdict {
    const WRITES: u64 = 100;
    let key = key("grant", 0);
    let mut there: Option<Record> = None;
    for number in 1..=WRITES {
        if count.over.load(Ordering::SeqCst) {
            break;
        }
        let next = sample(number, 0);
        store.put(&key, there.as_ref(), Some(&next))?;
        count.done.store(number, Ordering::SeqCst);
        there = Some(next);
    }
    Ok(())
}

fn look(store: &impl Ask, count: &Count, see: impl Fn(u64, u64) -> Verdict) -> Verdict {
    let key = key("grant", 0);
    let mut last = 0;
    // Once more after the end.
    let mut is_last = false;
    while !is_last {
        is_last = count.over.load(Ordering::SeqCst);
        let at_least = count.done.load(Ordering::SeqCst).max(last);
        let seen = match store.now(&key)? {
            None => 0,
            Some(record) => numbers(&record)?.0,
        };
        see(seen, at_least)?;
        last = seen;
    }
    Ok(())
}
