//! ES256: ECDSA over P-256 with SHA-256 (RFC 7518 §3.4), with the deterministic nonces of RFC 6979.

use std::sync::Arc;

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey as Secret, VerifyingKey};
use p256::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::signing::{Algorithm, InvalidKey, Signer, SigningFailed, SigningKey, Verify};
use crate::encoding::base64url;

pub(super) fn from_bytes(bytes: &[u8; 32]) -> Result<SigningKey, InvalidKey> {
    with_name(Secret::from_slice(bytes).map_err(|_| InvalidKey::OutOfRange)?)
}

pub(super) fn from_pem(pem: &str) -> Result<SigningKey, InvalidKey> {
    with_name(Secret::from_pkcs8_pem(pem).map_err(|_| InvalidKey::NotAPem)?)
}

fn with_name(secret: Secret) -> Result<SigningKey, InvalidKey> {
    let public = *secret.verifying_key();
    let point = public.to_sec1_point(false);
    let (x, y) = point.x().zip(point.y()).ok_or(InvalidKey::OutOfRange)?;
    let (x, y) = (base64url(x), base64url(y));
    // RFC 7638 §3.2: the required members in lexicographic order.
    let thumbprint = Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
    let kid = base64url(&thumbprint[..12]);
    let jwk = format!(
        r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","kid":"{kid}","alg":"ES256","use":"sig"}}"#
    );
    let bytes = Some(Zeroizing::new(secret.to_bytes().into()));
    let pair = Arc::new(Pair { secret, public });
    Ok(SigningKey::new(Algorithm::Es256, kid, Some(jwk), bytes, pair.clone(), pair))
}

struct Pair {
    secret: Secret,
    public: VerifyingKey,
}

impl Signer for Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let signature: Signature = self.secret.try_sign(message).map_err(|_| SigningFailed)?;
        // JWT-15: a signature and its mirror image verify alike; only the one with the smaller s is
        // ever made.
        Ok(signature.normalize_s().to_bytes().to_vec())
    }
}

impl Verify for Pair {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // JWT-15: the mirror image of a signature is refused, so that no second text stands for the
        // same token.
        Signature::from_slice(signature).is_ok_and(|signature| {
            has_small_s(&signature) && self.public.verify(message, &signature).is_ok()
        })
    }
}

/// Whether a signature is not the mirror image of the one that is made here.
pub(super) fn has_small_s(signature: &Signature) -> bool {
    signature.normalize_s() == *signature
}
