//! Compare-and-swap, from many threads at a time.

use std::sync::{Arc, Barrier};
use std::thread;

use vestibule_core::drive::blocking::Store;
use vestibule_core::{Load, Record, RecordKey, Swap, Swapped};

use crate::store::ask::{Ask, Beside, beside, hold, key, numbers, sample};
use crate::store::{Children, Objection, Subject, Verdict};

const THREADS: u64 = 8;

/// How often a race is run.
const ROUNDS: u64 = 10;

/// How often a counter goes up for each thread or process.
const EACH: u64 = 20;

/// Each thread loads a counter, adds one and swaps, until its swap was done; with a handle of its
/// own.
///
/// If not: one of two decisions about a grant is lost, though its flow was told that it holds. A
/// revocation among them.
///
/// # Errors
/// If it does not hold.
pub fn no_update_is_lost_between_threads<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let unknown = at_once::<S, _>(&subject, count)?.into_iter().sum();
    all_counted(&subject.open(), THREADS, unknown)
}

/// Counts to [`EACH`], on a counter that others use as well. How many swaps had an unknown outcome.
pub(super) fn count(store: &impl Store, writer: u64) -> Result<u64, Objection> {
    let counter = counter();
    let (mut done, mut unknown, mut attempts) = (0, 0, 0_u64);
    while done < EACH {
        attempts += 1;
        hold!(attempts < 100_000, "{attempts} swaps of a counter, of which {done} were done");
        hold!(unknown < 100, "of {attempts} swaps of a counter, {unknown} were `Unavailable`");
        // A busy store may say that it is.
        let Ok(found) = store.load(Load::fresh(counter.clone())) else {
            unknown += 1;
            continue;
        };
        let number = found.as_ref().map(numbers).transpose()?.map_or(0, |(number, _)| number);
        // A version of its own for each attempt: those of a writer begin with its number.
        let next = sample(number + 1, (writer << 32) + attempts);
        let expected = found.map(|record| record.version);
        match store.swap(Swap::new(counter.clone(), expected, Some(next))) {
            Ok(Swapped::Done) => done += 1,
            Ok(Swapped::Conflict) => thread::yield_now(),
            Err(_) => unknown += 1,
        }
    }
    Ok(unknown)
}

/// The counter must stand where so many writers and nobody else left it.
pub(super) fn all_counted(store: &impl Ask, writers: u64, unknown: u64) -> Verdict {
    let found = store.now(&counter())?;
    let number = found.as_ref().map(numbers).transpose()?.map_or(0, |(number, _)| number);
    let done = writers * EACH;
    hold!(
        (done..=done + unknown).contains(&number),
        "{done} increments were done ({unknown} more may have been), and the counter says {number}"
    );
    Ok(())
}

fn counter() -> RecordKey {
    key("grant", 0)
}

/// All find nothing there, and put a record of their own.
///
/// If not: one authorization response from the upstream provider makes two grants, or two
/// redemptions of a code both succeed.
///
/// # Errors
/// If it does not hold.
pub fn of_many_creators_of_a_record_one_succeeds<S: Subject>(_: &Children) -> Verdict {
    race::<S>(None, |_, record| Some(record))
}

/// All have seen the same version; half of them put another record there, half delete it.
///
/// If not: a code is redeemed twice, a refresh token is rotated into two families, or a rotation
/// brings back a grant that was ended at the same time.
///
/// # Errors
/// If it does not hold.
pub fn of_many_swaps_from_one_version_one_succeeds<S: Subject>(_: &Children) -> Verdict {
    let seen = sample(0, 0);
    race::<S>(Some(&seen), |thread, record| (thread % 2 == 0).then_some(record))
}

fn race<S: Subject>(
    seen: Option<&Record>,
    next: impl Fn(u64, Record) -> Option<Record> + Copy + Send + Sync + 'static,
) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    for round in 0..ROUNDS {
        let key = key("grant", round);
        if let Some(seen) = seen {
            store.create(&key, seen)?;
        }
        let (contested, expected) = (key.clone(), seen.cloned());
        let swaps = at_once::<S, _>(&subject, move |store, thread| {
            let next = next(thread, sample(round + 1, thread));
            Ok((store.try_swap(&contested, expected.as_ref(), next.as_ref())?, next))
        })?;
        let winners: Vec<_> =
            swaps.into_iter().filter(|(swapped, _)| *swapped == Swapped::Done).collect();
        hold!(
            winners.len() == 1,
            "{} of {THREADS} swaps of {} from {seen:?} were done",
            winners.len(),
            key.as_str()
        );
        store.is(&key, winners[0].1.as_ref())?;
    }
    Ok(())
}

/// What each thread came to. Each has a handle of its own, and they begin at the same moment.
fn at_once<S: Subject, T: Send + 'static>(
    subject: &S,
    run: impl Fn(&S::Store, u64) -> Result<T, Objection> + Send + Sync + 'static,
) -> Result<Vec<T>, Objection> {
    // Before there are threads that wait for each other.
    let stores: Vec<_> = (1..=THREADS).map(|thread| (thread, subject.open())).collect();
    let (run, barrier) = (Arc::new(run), Arc::new(Barrier::new(stores.len())));
    let start = |(thread, store)| {
        let (run, barrier) = (Arc::clone(&run), Arc::clone(&barrier));
        beside(move || {
            barrier.wait();
            run(&store, thread)
        })
    };
    let threads: Vec<_> = stores.into_iter().map(start).collect();
    threads.into_iter().map(|thread| Beside::joined(thread)?).collect()
}
