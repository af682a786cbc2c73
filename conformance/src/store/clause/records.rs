//! What a record is when it comes back.

use bytes::Bytes;
use vestibule_core::{Record, Timestamp, Version};

use crate::store::ask::{Ask, beside, hold, key, owner, sample};
use crate::store::{Children, Subject, Verdict};

/// Empty, of every byte value, of bytes that are something in text; with and without an owner; of
/// all zeros and of all ones; with any expiry.
///
/// What expires in 1970 may be forgotten at once; then it is gone, not changed.
///
/// If not: a sealed record does not open, and its grant counts as corrupt. A changed expiry or
/// owner is not even seen: the record goes early, or is not found when a person's grants are ended.
///
/// # Errors
/// If it does not hold.
pub fn a_record_comes_back_as_it_was_written<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let (store, other) = (subject.open(), subject.open());
    let every_byte: Bytes = (0..=255).collect();
    let bytes = [
        Bytes::new(),
        Bytes::from_static(b"\0"),
        Bytes::from_static(b"\0\0\0\0"),
        every_byte,
        Bytes::from_static(b"\r\n\t ' \" \\ %00 \xEF\xBB\xBF \xFF\xFE \xC0\x80 \x1A"),
        Bytes::from_static(b"null"),
        Bytes::from_static(b"  123  "),
    ];
    let owners = [None, Some([0; 16]), Some([0xFF; 16]), Some(*owner(1).as_bytes())];
    let seconds = [0, sample(0, 0).expires_at.seconds(), i64::MAX as u64 - 1, i64::MAX as u64];
    let mut number = 0;
    let mut there: Option<Record> = None;
    for bytes in bytes {
        for owner in owners {
            for seconds in seconds {
                number += 1;
                let record = Record {
                    version: Version::from_bytes([number; 16]),
                    owner: owner.map(vestibule_core::Owner::from_bytes),
                    expires_at: Timestamp::from_seconds(seconds),
                    bytes: bytes.clone(),
                };
                if seconds == 0 {
                    let key = key("grant", u64::from(number));
                    store.create(&key, &record)?;
                    let found = other.now(&key)?;
                    hold!(
                        found.as_ref().is_none_or(|found| *found == record),
                        "{record:?} came back as {found:?}"
                    );
                    continue;
                }
                // In place of another, of which nothing may be left.
                let key = key("grant", 0);
                store.put(&key, there.as_ref(), Some(&record))?;
                other.is(&key, Some(&record))?;
                there = Some(record);
            }
        }
    }
    Ok(())
}

/// [`Record::MAX_BYTES`], of zeros and of noise, alone and in place of a short one.
///
/// If not: a person of many groups can sign in, and not refresh.
///
/// # Errors
/// If it does not hold.
pub fn a_record_of_the_largest_size_comes_back_whole<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let (store, other) = (subject.open(), subject.open());
    let key = key("grant", 0);
    let noise = (0..Record::MAX_BYTES as u64)
        .map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect();
    let mut there: Option<Record> = None;
    let all = [Bytes::from(vec![0; Record::MAX_BYTES]), "short".into(), noise, Bytes::new()];
    for (number, bytes) in all.into_iter().enumerate() {
        let record = Record { bytes, ..sample(number as u64, 0) };
        store.put(&key, there.as_ref(), Some(&record))?;
        other.is(&key, Some(&record))?;
        there = Some(record);
    }
    Ok(())
}

/// [`Subject::MANY`] records, written from four threads, are all there at the end.
///
/// If not: who signs in often signs others out; and a tombstone that is forgotten lets a code be
/// used again.
///
/// # Errors
/// If it does not hold.
pub fn nothing_is_forgotten_for_being_many<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let many = S::MANY as u64;
    let short = |number| Record { bytes: Bytes::from_static(b"sealed"), ..sample(number, 0) };
    let writers: Vec<_> = (0..4)
        .map(|writer| (writer, subject.open()))
        .map(|(writer, store)| {
            beside(move || {
                (writer..many)
                    .step_by(4)
                    .try_for_each(|number| store.create(&key("grant", number), &short(number)))
            })
        })
        .collect();
    writers.into_iter().try_for_each(|writer| writer.joined()?)?;
    let store = subject.open();
    (0..many).try_for_each(|number| store.is(&key("grant", number), Some(&short(number))))
}

/// Four megabytes of records of the largest size are all there at the end.
///
/// If not: as above, in a cache that counts bytes.
///
/// # Errors
/// If it does not hold.
pub fn nothing_is_forgotten_for_being_large<S: Subject>(_: &Children) -> Verdict {
    let subject = S::fresh();
    let store = subject.open();
    let large = |number: u64| Record {
        bytes: Bytes::from(vec![number as u8; Record::MAX_BYTES]),
        ..sample(number, 0)
    };
    (0..128).try_for_each(|number| store.create(&key("cache", number), &large(number)))?;
    (0..128).try_for_each(|number| store.is(&key("cache", number), Some(&large(number))))
}
