//! A registration is its own client_id: a readable text with an HMAC (RFC 7591 Appendix A.5.2).
//! Registering costs nothing here, survives restarts and is never garbage-collected, because some
//! clients can never register again.

use serde::{Deserialize, Serialize};

use crate::encoding::{base64url, from_base64url};
use crate::ids::ClientId;
use crate::keys::{KeyId, KeyRing, Purpose, SealingKey};
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
        const NAME: usize = size_of::<KeyId>().div_ceil(3) * 4;
        let name = from_base64url(id.strip_prefix(PREFIX)?.get(..NAME)?)?;
        ring.named(name.first_chunk().copied()?)
    }

    /// The secret that belongs to a client_id: an HMAC under the key that sealed it.
    pub(crate) fn secret(key: &SealingKey, id: &str) -> ClientSecret {
        ClientSecret::new(base64url(key.mac(Purpose::ClientSecret, &[id.as_bytes()])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Issuer;
    use crate::secret::SealingSecret;

    #[test]
    fn the_key_that_an_id_names_is_the_one_that_opens_it() {
        let secrets = [1, 2, 3].map(|n| SealingSecret::new([n; 32]).unwrap());
        let issuer = Issuer::parse("https://as.test").unwrap();
        let ring = KeyRing::new(&secrets, &issuer).unwrap();
        let registered = RegisteredClient {
            serial: [7; 8],
            issued_at: Timestamp::from_seconds(1),
            confidential: false,
            refreshes: true,
            name: None,
            redirect_uris: vec!["https://app.test/cb".to_owned()],
        };
        for key in ring.all() {
            let id = registered.client_id(key);
            let named = RegisteredClient::key(&ring, id.as_str()).map(SealingKey::id);
            assert_eq!(named, Some(key.id()));
            assert_eq!(RegisteredClient::open(&ring, id.as_str()).unwrap().1.id(), key.id());
        }
        for id in ["", "vc1_", "vc1_AAAA", "https://app.test/client"] {
            assert!(RegisteredClient::key(&ring, id).is_none(), "{id}");
        }
    }
}
