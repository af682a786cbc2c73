use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::Purpose;
use crate::config::Issuer;
use crate::secret::{SealingSecret, redacted_debug};

/// The name that a sealed text gives its key: public, derived from the secret.
pub(crate) type KeyId = [u8; 4];

/// The sealing keys: the first seals, all open.
#[derive(Debug)]
pub(crate) struct KeyRing {
    first: SealingKey,
    others: Vec<SealingKey>,
}

impl KeyRing {
    /// `None` for an empty list: missing keys do not build.
    pub(crate) fn new(secrets: &[SealingSecret], issuer: &Issuer) -> Option<Self> {
        let mut keys = secrets.iter().map(|secret| SealingKey::derive(secret, issuer));
        Some(Self { first: keys.next()?, others: keys.collect() })
    }

    /// The key that seals.
    pub(crate) fn first(&self) -> &SealingKey {
        &self.first
    }

    /// The key that a text names.
    pub(crate) fn named(&self, id: KeyId) -> Option<&SealingKey> {
        self.all().find(|key| key.id == id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// The keys that one secret gives: one per purpose, by HKDF (RFC 5869), the issuer bound into each.
pub(crate) struct SealingKey {
    id: KeyId,
    by_purpose: [PurposeKey; Purpose::COUNT],
}

/// One of them, ready for both its uses.
struct PurposeKey {
    bytes: [u8; 32],
    /// An HMAC that has taken in the key and nothing else, which is most of the work of a short one.
    /// It overwrites itself when it is dropped.
    mac: Hmac<Sha256>,
}

/// An HMAC is two states of its hash, which overwrite themselves by a feature that nothing else would
/// miss.
const _: () = {
    const fn overwrites_itself<T: zeroize::ZeroizeOnDrop>() {}
    overwrites_itself::<Sha256>();
};

impl SealingKey {
    fn derive(secret: &SealingSecret, issuer: &Issuer) -> Self {
        let hkdf = Hkdf::<Sha256>::new(Some(b"vestibule/1"), secret.expose());
        let derive = |label: &str, key: &mut [u8]| {
            let info: [&[u8]; 3] = [label.as_bytes(), b"\0", issuer.as_str().as_bytes()];
            // HKDF gives up to 8 160 bytes; at most 32 are asked for (RFC 5869 §2.3).
            if hkdf.expand_multi_info(&info, key).is_err() {
                unreachable!("HKDF-Expand of at most 32 bytes");
            }
        };
        let mut id = KeyId::default();
        derive("key id", &mut id);
        let by_purpose = Purpose::ALL.map(|purpose| {
            let mut bytes = [0; 32];
            derive(purpose.label(), &mut bytes);
            PurposeKey::new(bytes)
        });
        Self { id, by_purpose }
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn key(&self, purpose: Purpose) -> &[u8; 32] {
        &self.by_purpose[purpose as usize].bytes
    }

    /// HMAC-SHA256 over length-prefixed parts, so that no two lists of parts have the same MAC by
    /// shifting a boundary.
    pub(crate) fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.by_purpose[purpose as usize].mac.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The same, compared in constant time; `tag` may be a prefix of at least 16 bytes.
    pub(crate) fn mac_matches(&self, purpose: Purpose, parts: &[&[u8]], tag: &[u8]) -> bool {
        let mac = self.mac(purpose, parts);
        tag.len() >= 16 && mac.get(..tag.len()).is_some_and(|mac| mac.ct_eq(tag).into())
    }
}

impl PurposeKey {
    fn new(bytes: [u8; 32]) -> Self {
        let Ok(mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&bytes) else {
            unreachable!("HMAC takes keys of any length (RFC 2104 §2)");
        };
        Self { bytes, mac }
    }
}

impl Drop for PurposeKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

redacted_debug!(SealingKey);
