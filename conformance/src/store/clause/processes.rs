//! Compare-and-swap, from several processes.

use super::races::{all_counted, count};
use crate::store::{Children, Objection, Subject, Verdict, children};

const PROCESSES: u64 = 4;

/// The counter of [`no_update_is_lost_between_threads`](super::no_update_is_lost_between_threads),
/// from four processes that are started and then let go at once.
///
/// If not: a lock inside one process is all that keeps two instances of Vestibule from redeeming
/// one code each.
///
/// # Errors
/// If it does not hold.
pub fn no_update_is_lost_between_processes<S: Subject>(children: &Children) -> Verdict {
    const CLAUSE: &str = "no_update_is_lost_between_processes";
    children::work::<S>(CLAUSE, |store, parent| {
        parent.wait_until_told()?;
        parent.tell(count(store, parent.number)?);
        Ok(())
    });
    let subject = S::fresh();
    let mut processes = Vec::new();
    for number in 1..=PROCESSES {
        processes.push(children.start(CLAUSE, number, &subject)?);
    }
    for process in &processes {
        process.wait_until_ready()?;
    }
    for process in &mut processes {
        process.go()?;
    }
    let mut unknown = 0;
    for process in &processes {
        let said = process.hear()?.unwrap_or_default();
        unknown += said
            .parse::<u64>()
            .map_err(|_| Objection::Broken(format!("a child process did not count: {said}")))?;
    }
    all_counted(&subject.open(), PROCESSES, unknown)
}
