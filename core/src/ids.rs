//! Names of things: each its own type, so that one cannot stand in for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::encoding::{from_hex, push_hex};
use crate::store::RecordKey;

/// A grant: what one person allowed one client, once (RFC 6749 §1.3). 16 bytes, derived from the
/// flow that led to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub(crate) [u8; 16]);

impl GrantId {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From its 32 hexadecimal digits, as [`Display`](fmt::Display) and logs write it.
    ///
    /// # Errors
    /// [`InvalidGrantId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidGrantId> {
        from_hex(text).map(Self).ok_or(InvalidGrantId)
    }

    pub(crate) fn record_key(self) -> RecordKey {
        RecordKey::new(Self::KIND, &self.0)
    }

    /// The grant that a record is of, if it is one of a grant.
    pub(crate) fn of_record(key: &RecordKey) -> Option<Self> {
        let (kind, id) = key.as_str().split_once('/')?;
        if kind == Self::KIND { from_hex(id).map(Self) } else { None }
    }

    const KIND: &'static str = "grant";
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = String::with_capacity(32);
        push_hex(&mut hex, &self.0);
        f.write_str(&hex)
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantId({self})")
    }
}

/// A text that is no grant's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a grant id is 32 hexadecimal digits, as `vestibule grants` and the log write it")]
#[non_exhaustive]
pub struct InvalidGrantId;

/// A client's `client_id` (RFC 6749 §2.2).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// An id as it stands on the wire, to name a client by; it need not exist.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// As it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id that registration made is long and says nothing to a reader: its start is enough to tell
/// one from another.
impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(20) {
            Some((at, _)) => write!(f, "ClientId({}…)", &self.0[..at]),
            None => write!(f, "ClientId({})", self.0),
        }
    }
}

/// The id of an upstream provider: it stands in paths and before the colon of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderId(String);

impl ProviderId {
    /// 1 to 30 characters of `a-z`, `0-9`, `-` and `_`: the `state` sent upstream holds it and must
    /// stay short.
    ///
    /// # Errors
    /// [`InvalidProviderId`] for anything else.
    pub fn parse(id: &str) -> Result<Self, InvalidProviderId> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if (1..=30).contains(&id.len()) && id.bytes().all(allowed) {
            Ok(Self(id.to_owned()))
        } else {
            Err(InvalidProviderId)
        }
    }

    /// As it stands in paths.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A provider id that cannot stand in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider id is 1 to 30 characters of a-z, 0-9, `-` and `_`")]
#[non_exhaustive]
pub struct InvalidProviderId;

/// One visit to the authorization endpoint; made with the sign-in page, sealed inside its form.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowId(pub(crate) [u8; 16]);

/// One visit and one choice of provider: an HMAC of both. Everything secret of the way through the
/// provider is derived from it, so a double click repeats a flow and another button starts another.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowNonce(pub(crate) [u8; 32]);

impl FlowNonce {
    /// The part of the nonce that may be seen: it names the flow's cookie and stands in the
    /// upstream `state`.
    pub(crate) fn handle(&self) -> FlowHandle {
        let mut handle = [0; 16];
        handle.copy_from_slice(&self.0[..16]);
        FlowHandle(handle)
    }
}

/// See [`FlowNonce::handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowHandle(pub(crate) [u8; 16]);
