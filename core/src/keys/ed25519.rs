//! EdDSA over Ed25519 (RFC 8032, RFC 8037).

use std::sync::Arc;

use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signature, Signer as _, SigningKey as Secret, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::signing::{Algorithm, InvalidKey, Signer, SigningFailed, SigningKey, Verify};
use crate::encoding::base64url;

pub(super) fn from_bytes(bytes: &[u8; 32]) -> SigningKey {
    with_name(Secret::from_bytes(bytes))
}

pub(super) fn from_pem(pem: &str) -> Result<SigningKey, InvalidKey> {
    Secret::from_pkcs8_pem(pem).map(with_name).map_err(|_| InvalidKey::NotAPem)
}

fn with_name(secret: Secret) -> SigningKey {
    let public = secret.verifying_key();
    let x = base64url(public.as_bytes());
    // RFC 7638 §3.2 and RFC 8037 §2: the required members in lexicographic order.
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
    let kid = base64url(&thumbprint[..12]);
    let jwk = format!(
        r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{kid}","alg":"EdDSA","use":"sig"}}"#
    );
    let bytes = Some(Zeroizing::new(secret.to_bytes()));
    let pair = Arc::new(Pair { secret, public });
    SigningKey::new(Algorithm::EdDsa, kid, Some(jwk), bytes, pair.clone(), pair)
}

struct Pair {
    secret: Secret,
    public: VerifyingKey,
}

impl Signer for Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let signature = self.secret.try_sign(message).map_err(|_| SigningFailed)?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl Verify for Pair {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // Strict: points of small order and non-canonical encodings are refused (RFC 8032 §5.1.7).
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.public.verify_strict(message, &signature).is_ok())
    }
}
