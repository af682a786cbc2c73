//! What a fresh load sees while others write.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use vestibule_core::Record;

use crate::store::ask::{Ask, hold, joined, key, numbers, sample};
use crate::store::{Children, Subject, Verdict};

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
    let (writer, reader) = (subject.open(), subject.open());
    let key = key("grant", 0);
    let mut there: Option<Record> = None;
    for number in 0..30 {
        reader.is(&key, there.as_ref())?;
        let next = (number % 3 != 2).then(|| sample(number, 0));
        writer.put(&key, there.as_ref(), next.as_ref())?;
        there = next;
        let there = there.as_ref();
        thread::scope(|scope| {
            let elsewhere = scope.spawn(|| reader.is(&key, there));
            joined(elsewhere)
        })?;
    }
    Ok(())
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
fn while_a_writer_counts<S: Subject>(see: impl Fn(u64, u64) -> Verdict + Sync) -> Verdict {
    const WRITES: u64 = 100;
    let subject = S::fresh();
    let key = key("grant", 0);
    let done = AtomicU64::new(0);
    let over = AtomicBool::new(false);
    let write = || -> Verdict {
        let store = subject.open();
        let mut there: Option<Record> = None;
        for number in 1..=WRITES {
            if over.load(Ordering::SeqCst) {
                break;
            }
            let next = sample(number, 0);
            store.put(&key, there.as_ref(), Some(&next))?;
            done.store(number, Ordering::SeqCst);
            there = Some(next);
        }
        Ok(())
    };
    let look = || -> Verdict {
        let store = subject.open();
        let mut last = 0;
        // Once more after the end.
        let mut is_last = false;
        while !is_last {
            is_last = over.load(Ordering::SeqCst);
            let at_least = done.load(Ordering::SeqCst).max(last);
            let seen = match store.now(&key)? {
                None => 0,
                Some(record) => numbers(&record)?.0,
            };
            see(seen, at_least)?;
            last = seen;
        }
        Ok(())
    };
    let read = || {
        let verdict = look();
        if verdict.is_err() {
            over.store(true, Ordering::SeqCst);
        }
        verdict
    };
    thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        // Readers end whatever becomes of the writer.
        let written = scope.spawn(write).join();
        over.store(true, Ordering::SeqCst);
        written.unwrap_or_else(|panic| resume_unwind(panic))?;
        for reader in readers {
            joined(reader)?;
        }
        Ok(())
    })
}
