//! What is there after a store was closed, or its process killed.

use std::thread;
use std::time::{Duration, Instant};

use vestibule_core::{Record, RecordKey, Swap, Swapped};

use crate::store::ask::{Ask, hold, key, sample, whole_list, within};
use crate::store::{Children, Objection, Subject, Verdict, children};

/// All handles are closed, and the store is opened again: every swap that was done is there, those
/// that deleted among them, and goes on from its version.
///
/// If not: after a restart, everybody has to sign in again. Or worse: a revoked grant is back.
///
/// # Errors
/// If it does not hold.
pub fn what_is_done_is_there_when_the_store_is_opened_again<S: Subject>(_: &Children) -> Verdict {
    const WRITES: u64 = 30;
    let subject = S::fresh();
    for reopened in 1..=3 {
        let store = subject.open();
        for number in WRITES * (reopened - 1)..WRITES * reopened {
            store.put_script(number)?;
        }
        drop(store);
        let store = subject.open();
        for (key, record) in state_after(WRITES * reopened) {
            store.is(&key, record.as_ref())?;
        }
        let Some(owner) = sample(0, 0).owner else {
            continue;
        };
        if store.page(owner, None, 1).is_ok() {
            let records = state_after(WRITES * reopened).into_iter();
            let own: Vec<_> = records
                .filter_map(|(key, record)| Some((key, record?)))
                .filter(|(_, record)| record.owner == Some(owner))
                .collect();
            within(S::LIST_LAG, || {
                hold!(whole_list(&store, owner, None, 2)? == own, "the list is another");
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// A process writes and says so after each swap that was done. After a few it is killed, as by
/// `kill -9`. What it said is there; the one swap that it may have been at is there or is not; no
/// record is half of each. The store goes on: the next process writes on, and is killed too.
///
/// This does not show that a loss of power is survived: what was written to the operating system
/// outlives the process.
///
/// If not: a person was told that their tokens are revoked, and they are not.
///
/// # Errors
/// If it does not hold.
pub fn what_is_done_survives_the_kill_of_its_process<S: Subject>(children: &Children) -> Verdict {
    const CLAUSE: &str = "what_is_done_survives_the_kill_of_its_process";
    children::work::<S>(CLAUSE, |store, parent| {
        // An end, should the parent be gone.
        for number in parent.number..parent.number + 10_000 {
            store.put_script(number)?;
            parent.tell(number);
        }
        Ok(())
    });
    let subject = S::fresh();
    let mut done = 0;
    for (kill_after, and_then_after) in KILLS {
        let mut process = children.start(CLAUSE, done, &subject)?;
        let mut heard = 0;
        while let Some(said) = process.hear()? {
            hold!(said == done.to_string(), "a child process, at its swap {done}: {said}");
            done += 1;
            heard += 1;
            if heard == kill_after {
                // Wherever in its next swaps that finds it.
                let began = Instant::now();
                while began.elapsed() < and_then_after {
                    thread::yield_now();
                }
                process.kill()?;
            }
        }
        hold!(heard >= kill_after, "a child process ended by itself, after swap {done}");
        drop(process);
        let store = subject.open();
        let at = &state_after(done + 1)[(done % KEYS) as usize];
        let went_on = store.now(&at.0)? == at.1;
        for (key, record) in state_after(done + u64::from(went_on)) {
            store.is(&key, record.as_ref()).map_err(|objection| match objection {
                Objection::Broken(seen) => {
                    Objection::Broken(format!("after {done} swaps were done and a kill: {seen}"))
                }
                Objection::NotAsked(_) => objection,
            })?;
        }
        done += u64::from(went_on);
    }
    Ok(())
}

/// After how many swaps a process is killed, and how long after those.
const KILLS: [(u64, Duration); 6] = [
    (1, Duration::ZERO),
    (2, Duration::from_micros(200)),
    (3, Duration::from_micros(700)),
    (7, Duration::from_millis(2)),
    (12, Duration::from_millis(5)),
    (25, Duration::ZERO),
];

/// How many keys the script has.
const KEYS: u64 = 8;

/// The script: the swap of each number goes to the next key, and puts a record there or deletes.
trait Script: Ask {
    fn put_script(&self, number: u64) -> Result<(), Objection> {
        let (key, before) = &state_after(number)[(number % KEYS) as usize];
        let (_, after) = &state_after(number + 1)[(number % KEYS) as usize];
        let expected = before.as_ref().map(|record| record.version);
        let swapped = self.swap(Swap::new(key.clone(), expected, after.clone()))?;
        hold!(
            swapped == Swapped::Done,
            "{} is not {before:?}, which was done before",
            key.as_str()
        );
        Ok(())
    }
}

impl<S: Ask + ?Sized> Script for S {}

/// What is under each key once the first so many swaps of the script are done.
fn state_after(swaps: u64) -> Vec<(RecordKey, Option<Record>)> {
    let last_of = |at: u64| (0..swaps).rev().find(|number| number % KEYS == at);
    let state = |at| {
        // Every third swap of a key deletes.
        let record = last_of(at).filter(|number| number / KEYS % 3 != 2);
        (key("grant", at), record.map(|number| sample(number, at)))
    };
    (0..KEYS).map(state).collect()
}
