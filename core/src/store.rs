//! The storage contract: three questions about records, and what their answers promise.
//!
//! 1. Per key, [`Swap`] and [`Load`] with [`Freshness::Fresh`] are linearizable over all nodes.
//! 2. [`Swapped::Done`] is durable, `kill -9` and power loss included; [`Swapped::Conflict`]
//!    changed nothing.
//! 3. [`Unavailable`] means *unknown*: the write may have happened. Core loads and looks for its
//!    own version.
//! 4. A [`Version`] is 16 random bytes that core chose, never reused. Stores compare versions,
//!    never order them.
//! 5. A store never judges expiry. A record may vanish from 120 seconds after its `expires_at`,
//!    never before, and never for lack of memory.
//! 6. [`List`] may lag 5 seconds and repeat records.
//!
//! What breaks if a store does not hold to it: with (1) broken, one authorization code is redeemed
//! twice; with (2), a revoked grant comes back; with (5), a replayed code is "unknown" instead of a
//! reason to end the grant.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::tick::Timestamp;

/// Load one record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// Which record.
    pub key: RecordKey,
    /// How old the answer may be.
    pub freshness: Freshness,
}

impl Load {
    /// The record as it is now. Core asks its own questions; this is for tests of stores.
    #[must_use]
    pub fn fresh(key: RecordKey) -> Self {
        Self { key, freshness: Freshness::Fresh }
    }

    /// The record as it was at most this long ago.
    #[must_use]
    pub fn at_most(key: RecordKey, age: Duration) -> Self {
        Self { key, freshness: Freshness::AtMost(age) }
    }
}

/// How old the answer to a [`Load`] may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Freshness {
    /// As it is now: linearizable with every [`Swap`] of the key.
    Fresh,
    /// As it was at most this long ago: an adapter may answer from a bounded cache of its own.
    AtMost(Duration),
}

/// Put a record in place of another, if the other is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swap {
    /// Which record.
    pub key: RecordKey,
    /// The version that must be there; `None`: no record may be there.
    pub expected: Option<Version>,
    /// The record to put there; `None`: delete.
    pub next: Option<Record>,
}

impl Swap {
    /// Puts `next` in place of `expected`; see the fields. Core asks its own questions; this is for
    /// tests of stores.
    #[must_use]
    pub fn new(key: RecordKey, expected: Option<Version>, next: Option<Record>) -> Self {
        Self { key, expected, next }
    }
}

/// What became of a [`Swap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "compare-and-swap has two outcomes")]
pub enum Swapped {
    /// The record is in place, durably.
    Done,
    /// Another version was there, or none, or one where none was expected. Nothing changed.
    Conflict,
}

/// List an owner's records, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct List {
    /// Whose records.
    pub owner: Owner,
    /// Only keys after this one, in byte order; `None`: from the start.
    pub after: Option<RecordKey>,
    /// At most this many records.
    pub limit: usize,
}

impl List {
    /// A page of an owner's records; see the fields. Core asks its own questions; this is for tests
    /// of stores.
    #[must_use]
    pub fn new(owner: Owner, after: Option<RecordKey>, limit: usize) -> Self {
        Self { owner, after, limit }
    }
}

/// The answer to a [`List`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores make it")]
pub struct Page {
    /// The records and their keys, in the order of the keys.
    pub records: Vec<(RecordKey, Record)>,
    /// Where to go on; `None`: that was all.
    pub next: Option<RecordKey>,
}

/// The store could not say whether it did what it was asked. The write may have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable")]
#[expect(clippy::exhaustive_structs, reason = "stores make it")]
pub struct Unavailable;

/// The name of a record: ASCII, `kind/id`, at most 64 bytes, free of secrets. The kind keeps
/// records of different types apart; ids are hexadecimal, so a key is safe in a path, a URL or a
/// statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(String);

impl RecordKey {
    /// A key that a store wrote down and reads back. Core makes its own.
    #[must_use]
    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    pub(crate) fn new(kind: &'static str, id: &[u8]) -> Self {
        let mut key = String::with_capacity(kind.len() + 1 + id.len() * 2);
        key.push_str(kind);
        key.push('/');
        crate::encoding::push_hex(&mut key, id);
        Self(key)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which state of a record this is: 16 random bytes that core chose for one write.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version([u8; 16]);

impl Version {
    /// From the bytes that a store wrote down, or that core drew.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to write down.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Whose a record is: an HMAC of the subject, so that a store can list a person's records without
/// knowing the person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner([u8; 16]);

impl Owner {
    /// From the bytes that a store wrote down, or that core derived.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to write down.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

macro_rules! debug_as_hex {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut hex = String::with_capacity(32);
                crate::encoding::push_hex(&mut hex, &self.0);
                write!(f, concat!(stringify!($name), "({})"), hex)
            }
        }
    )*};
}
debug_as_hex!(Version, Owner);

/// What a store keeps under a key.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "stores make it from what they wrote down")]
pub struct Record {
    /// Compared by [`Swap`].
    pub version: Version,
    /// Whose it is, for [`List`].
    pub owner: Option<Owner>,
    /// The store may forget the record from 120 seconds after this time.
    pub expires_at: Timestamp,
    /// Sealed by core, at most [`Record::MAX_BYTES`] long, opaque to the store.
    pub bytes: Bytes,
}

impl Record {
    /// The longest `bytes` that core ever writes: 32 KiB.
    pub const MAX_BYTES: usize = 32 * 1024;

    /// How long after `expires_at` a record must still be kept: nodes may disagree about the time
    /// by 60 seconds each way.
    pub const KEPT_AFTER_EXPIRY: Duration = Duration::from_secs(120);
}

/// Shows the length of the sealed bytes, not the bytes.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("version", &self.version)
            .field("owner", &self.owner)
            .field("expires_at", &self.expires_at)
            .field("length", &self.bytes.len())
            .finish()
    }
}
