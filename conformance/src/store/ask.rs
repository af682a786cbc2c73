//! How the clauses ask, and what they write.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use vestibule_core::drive::blocking::Store;
use vestibule_core::{
    List, Load, Owner, Page, Record, RecordKey, Swap, Swapped, Timestamp, Version,
};

use super::report::{Objection, Verdict};
use crate::again::PATIENCE;

/// Says what was seen where it is not what must be.
macro_rules! hold {
    ($holds:expr, $($seen:tt)+) => {
        if !$holds {
            return Err($crate::store::Objection::Broken(format!($($seen)+)));
        }
    };
}
pub(super) use hold;

/// The questions, in fewer words.
pub(super) trait Ask: Store {
    fn now(&self, key: &RecordKey) -> Result<Option<Record>, Objection> {
        Ok(self.load(Load::fresh(key.clone()))?)
    }

    fn try_swap(
        &self,
        key: &RecordKey,
        expected: Option<&Record>,
        next: Option<&Record>,
    ) -> Result<Swapped, Objection> {
        let expected = expected.map(|record| record.version);
        Ok(self.swap(Swap::new(key.clone(), expected, next.cloned()))?)
    }

    /// A swap that nothing is in the way of.
    fn put(&self, key: &RecordKey, expected: Option<&Record>, next: Option<&Record>) -> Verdict {
        let swapped = self.try_swap(key, expected, next)?;
        hold!(
            swapped == Swapped::Done,
            "{} was {expected:?}, as expected, and its swap was a conflict",
            key.as_str()
        );
        Ok(())
    }

    fn create(&self, key: &RecordKey, record: &Record) -> Verdict {
        self.put(key, None, Some(record))
    }

    /// The record must be this one, whole.
    fn is(&self, key: &RecordKey, record: Option<&Record>) -> Verdict {
        let found = self.now(key)?;
        hold!(
            found.as_ref() == record,
            "{} must be {record:?}, and is {found:?}{}",
            key.as_str(),
            if format!("{found:?}") == format!("{record:?}") { " with other bytes" } else { "" }
        );
        Ok(())
    }

    fn page(&self, owner: Owner, after: Option<&RecordKey>, limit: usize) -> Listed {
        Ok(self.list(List::new(owner, after.cloned(), limit))?)
    }
}

impl<S: Store + ?Sized> Ask for S {}

type Listed = Result<Page, Objection>;

/// A key as core makes them: a kind and hexadecimal digits.
pub(super) fn key(kind: &str, number: u64) -> RecordKey {
    text_key(&format!("{kind}/{number:032x}"))
}

pub(super) fn text_key(text: &str) -> RecordKey {
    RecordKey::from_stored(text.to_owned())
}

/// What a writer writes as its `number`th record.
///
/// All of the record follows from the two numbers, and they can be read from the bytes: half of one
/// record and half of another is seen, and so is a record of another key where the writers of two
/// keys differ. It is far from expiry.
pub(super) fn sample(number: u64, writer: u64) -> Record {
    let mut version = [0; 16];
    version[..8].copy_from_slice(&number.to_be_bytes());
    version[8..].copy_from_slice(&writer.to_be_bytes());
    let length = 16 + usize::try_from(number.wrapping_mul(997) % 6_000).unwrap_or_default();
    let bytes: Bytes = version.into_iter().cycle().take(length).collect();
    Record {
        version: Version::from_bytes(version),
        owner: Some(owner(number % 3)),
        expires_at: Timestamp::from_seconds(FAR + number),
        bytes,
    }
}

/// In the year 2096.
pub(super) const FAR: u64 = 4_000_000_000;

pub(super) fn owner(number: u64) -> Owner {
    let mut bytes = [0xA5; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Owner::from_bytes(bytes)
}

/// The two numbers of a [`sample`], which must be whole.
pub(super) fn numbers(record: &Record) -> Result<(u64, u64), Objection> {
    let number = |at: usize| {
        let bytes = record.bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_be_bytes)
    };
    let numbers = number(0).zip(number(8));
    let whole = numbers.is_some_and(|(number, writer)| *record == sample(number, writer));
    match numbers {
        Some(numbers) if whole => Ok(numbers),
        Some(_) | None => Err(Objection::Broken(format!("nobody wrote this record: {record:?}"))),
    }
}

/// Asks until it holds, as long as an answer may lag.
pub(super) fn within(lag: Duration, mut holds: impl FnMut() -> Verdict) -> Verdict {
    let began = Instant::now();
    loop {
        // Before the question, so that the last one is asked when the time is over.
        let over = began.elapsed() > lag;
        match holds() {
            Err(Objection::Broken(_)) if !over => thread::yield_now(),
            verdict => return verdict,
        }
    }
}

/// The whole list of an owner, in pages of at most `limit`, from after a key. A record that is
/// repeated is there once.
pub(super) fn whole_list(
    store: &impl Store,
    owner: Owner,
    mut after: Option<RecordKey>,
    limit: usize,
) -> Result<Vec<(RecordKey, Record)>, Objection> {
    let mut whole: Vec<(RecordKey, Record)> = Vec::new();
    // Nobody writes more than this in a clause about lists, repetitions included.
    for _ in 0..200 {
        let page = store.page(owner, after.as_ref(), limit)?;
        hold!(page.records.len() <= limit, "a page of {limit} has {} records", page.records.len());
        for (key, record) in page.records {
            hold!(
                after.as_ref().is_none_or(|after| key > *after),
                "a page after {after:?} has {}",
                key.as_str()
            );
            let last = whole.last().map(|(last, _)| last);
            hold!(last.is_none_or(|last| *last <= key), "{last:?} comes before {}", key.as_str());
            if last != Some(&key) {
                whole.push((key, record));
            }
        }
        let Some(next) = page.next else {
            return Ok(whole);
        };
        hold!(
            after.as_ref().is_none_or(|after| next > *after),
            "the page after {after:?} goes on after {}",
            next.as_str()
        );
        after = Some(next);
    }
    Err(Objection::Broken(format!("after 200 pages of {limit} a list goes on")))
}

/// Work on a thread beside the clause. It owns what it works with, so that one that hangs can be
/// left behind.
pub(super) struct Beside<T>(Receiver<thread::Result<T>>);

pub(super) fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Beside<T> {
    let (end, ended) = channel();
    thread::spawn(move || end.send(catch_unwind(AssertUnwindSafe(work))));
    Beside(ended)
}

impl<T> Beside<T> {
    /// What it came to; its panic, if it did.
    pub(super) fn joined(self) -> Result<T, Objection> {
        match self.0.recv_timeout(PATIENCE) {
            Ok(ended) => Ok(ended.unwrap_or_else(|panic| resume_unwind(panic))),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let hangs = format!("a thread hangs in the store, {} seconds", PATIENCE.as_secs());
                Err(Objection::Broken(hangs))
            }
        }
    }
}
