//! What waits to be written, and what of it becomes one transaction.

use std::ops::Range;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use vestibule_core::{Swap, Swapped, Timestamp};

use crate::answer::Reply;
use crate::settings::Settings;

/// Swaps in one transaction: at most 8 MiB of records, and a wait that nobody notices.
const BATCH: usize = 256;

/// What the first swap waits for others, where the last transaction had company in it but not so
/// much that its sync cost little for each: a sync costs the processor as much as several swaps.
const GATHERING: Duration = Duration::from_millis(1);
const COMPANY: Range<usize> = 2..16;

/// Who was in company so long ago need not be so now: swaps that come one by one wait for nobody.
const FORGOTTEN: Duration = Duration::from_millis(10);

pub(crate) enum Work {
    Swap(Swap, Reply<Swapped>),
    Sweep(Timestamp, Reply<usize>),
    Settings(Reply<Settings>),
}

pub(crate) struct Queue {
    work: Receiver<Work>,
    /// How many swaps were in the last transaction, and when it ended.
    last: Option<(usize, Instant)>,
}

impl Queue {
    pub(crate) fn new(work: Receiver<Work>) -> Self {
        Self { work, last: None }
    }

    /// What is to be done next, its swaps in one transaction; nothing once the queue is closed and
    /// empty. Only who is patient waits where there is nothing to do.
    pub(crate) fn take(&self, patient: bool) -> Option<Vec<Work>> {
        self.take_pausing(patient, || thread::sleep(GATHERING))
    }

    fn take_pausing(&self, patient: bool, pause: impl FnOnce()) -> Option<Vec<Work>> {
        let mut taken = Vec::new();
        if patient {
            taken.push(self.work.recv().ok()?);
        } else {
            match self.work.try_recv() {
                Ok(work) => taken.push(work),
                Err(TryRecvError::Empty) => return Some(taken),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        let now = Instant::now();
        taken.extend(self.work.try_iter().take(BATCH - 1));
        let swaps = taken.iter().filter(|work| matches!(work, Work::Swap(..))).count();
        let last = self.last.map(|(swaps, ended)| (swaps, now.saturating_duration_since(ended)));
        if others_are_likely(last, swaps) {
            pause();
            taken.extend(self.work.try_iter().take(BATCH - taken.len()));
        }
        Some(taken)
    }

    /// A transaction of so many swaps has ended.
    pub(crate) fn ended(&mut self, swaps: usize) {
        self.last = Some((swaps, Instant::now()));
    }
}

/// Whether so many swaps wait for more, after a transaction of so many so long ago.
fn others_are_likely(last: Option<(usize, Duration)>, swaps: usize) -> bool {
    let in_company = last.is_some_and(|(swaps, ago)| COMPANY.contains(&swaps) && ago < FORGOTTEN);
    in_company && (1..COMPANY.end).contains(&swaps)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::mpsc::{SyncSender, sync_channel};

    use vestibule_core::RecordKey;

    use super::*;
    use crate::answer::pair;

    fn put(queue: &SyncSender<Work>) {
        let key = RecordKey::from_stored("grant/01".to_owned());
        queue.send(Work::Swap(Swap::new(key, None, None), pair().0)).unwrap();
    }

    #[test]
    fn a_swap_waits_for_others_only_where_they_are_likely() {
        let now = |swaps| Some((swaps, Duration::ZERO));
        assert!(others_are_likely(now(2), 1) && others_are_likely(now(15), 15));
        assert!(!others_are_likely(None, 1), "the first of all");
        assert!(!others_are_likely(now(1), 1), "one by one");
        assert!(!others_are_likely(now(16), 1), "each sync is shared by many already");
        assert!(!others_are_likely(now(2), 16), "enough are there");
        assert!(!others_are_likely(now(2), 0), "nothing is to be swapped");
        let ago = |millis| Some((2, Duration::from_millis(millis)));
        assert!(others_are_likely(ago(9), 1));
        assert!(!others_are_likely(ago(10), 1) && !others_are_likely(ago(3_600_000), 1));
    }

    #[test]
    fn swaps_that_come_meanwhile_are_taken_along() {
        let (put_in, work) = sync_channel(1000);
        let mut queue = Queue::new(work);
        let take = |queue: &Queue, meanwhile: u32| {
            let taken = queue.take_pausing(true, || (0..meanwhile).for_each(|_| put(&put_in)));
            taken.unwrap().len()
        };
        put(&put_in);
        assert_eq!(take(&queue, 1), 1, "nobody was there before");
        // As if it ended later than now, so that it is not forgotten however slow the machine is.
        queue.last = Some((2, Instant::now() + Duration::from_secs(3600)));
        put(&put_in);
        assert_eq!(take(&queue, 3), 4);
        put(&put_in);
        assert_eq!(take(&queue, 300), BATCH);
        assert_eq!(take(&queue, 300), 301 - BATCH, "enough were there");
        queue.last = Instant::now().checked_sub(FORGOTTEN).map(|ended| (2, ended));
        put(&put_in);
        assert_eq!(take(&queue, 1), 1, "long after company");
    }

    #[test]
    fn only_the_patient_wait_and_all_is_taken_before_the_end() {
        let (put_in, work) = sync_channel(2);
        let queue = Queue::new(work);
        assert_eq!(queue.take(false).unwrap().len(), 0);
        put(&put_in);
        drop(put_in);
        assert_eq!(queue.take(true).unwrap().len(), 1);
        assert!(queue.take(true).is_none() && queue.take(false).is_none());
    }
}
