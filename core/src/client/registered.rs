//! A registration is its own client_id: a readable text with an HMAC (RFC 7591 Appendix A.5.2).
//! Registering costs nothing here, survives restarts and is never garbage-collected, because some
//! clients can never register again.

use serde::{Deserialize, Serialize};

use crate::encoding::{base64url, from_base64url};
use crate::ids::ClientId;
use crate::keys::{KeyRing, Purpose, SealingKey};
use crate::seal::{tag, untag};
use crate::secret::ClientSecret;
use crate::tick::Timestamp;

pub(super) const PREFIX: &str = "vc1_";

/// The longest client_id, in characters: it must fit into a cookie with the rest of a flow.
pub(super) const LONGEST: usize = 1024;

/// What is inside a client_id: what the protocol needs of a registration and nothing more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegisteredClient {
    /// Tells two registrations of the same metadata apart.
    pub(super) serial: [u8; 8],
    pub(super) issued_at: Timestamp,
    /// Whether it was registered with a secret.
    pub(super) confidential: bool,
    /// Whether it was registered for the `refresh_token` grant.
    pub(super) refreshes: bool,
    pub(super) name: Option<String>,
    pub(super) redirect_uris: Vec<String>,
}

impl RegisteredClient {
    /// The client_id that holds this registration.
    pub(super) fn client_id(&self, key: &SealingKey) -> ClientId {
        ClientId::new(tag(key, Purpose::ClientId, PREFIX, b"", self))
    }

    /// The registration that a client_id holds, with the key that sealed it.
    pub(crate) fn open<'k>(ring: &'k KeyRing, id: &str) -> Option<(Self, &'k SealingKey)> {
        if id.len() > LONGEST {
            return None;
        }
        untag(ring, Purpose::ClientId, PREFIX, b"", id)
    }

    /// The key that is named in a client_id of which it is known that registration made it.
    pub(super) fn key<'k>(ring: &'k KeyRing, id: &str) -> Option<&'k SealingKey> {
        /// As many characters as the name of a key has, and so few more that they are whole bytes.
        const NAME: usize = 8;
        let name = from_base64url(id.strip_prefix(PREFIX)?.get(..NAME)?)?;
        ring.named(name.first_chunk().copied()?)
    }

    /// The secret that belongs to a client_id: an HMAC under the key that sealed it.
    pub(crate) fn secret(key: &SealingKey, id: &str) -> ClientSecret {
        ClientSecret::new(base64url(key.mac(Purpose::ClientSecret, &[id.as_bytes()])))
    }
}
