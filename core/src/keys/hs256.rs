//! HS256: HMAC with SHA-256 (RFC 7518 §3.2).

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::signing::{Algorithm, InvalidKey, Signer, SigningFailed, SigningKey, Verify};
use crate::encoding::base64url;

pub(crate) fn from_bytes(bytes: &[u8]) -> Result<SigningKey, InvalidKey> {
    if bytes.len() < 32 {
        return Err(InvalidKey::TooShort);
    }
    let mac = Hmac::<Sha256>::new_from_slice(bytes).map_err(|_| InvalidKey::TooShort)?;
    // No thumbprint: it would be a hash of the secret. A MAC of a fixed text tells keys apart and
    // gives nothing away.
    let name = mac.clone().chain_update(b"vestibule/1/kid").finalize().into_bytes();
    let kid = base64url(&Sha256::digest(name)[..12]);
    let key = Arc::new(Key { mac });
    Ok(SigningKey::new(Algorithm::Hs256, kid, None, None, key.clone(), key))
}

struct Key {
    mac: Hmac<Sha256>,
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(self.mac.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl Verify for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.mac.clone().chain_update(message).verify_slice(signature).is_ok()
    }
}
