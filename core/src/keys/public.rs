use ed25519_dalek::{Signature as EdDsaSignature, VerifyingKey as EdDsaKey};
use p256::ecdsa::{Signature as Es256Signature, VerifyingKey as Es256Key};
use rsa::pkcs1v15::{Signature as Rs256Signature, VerifyingKey as Rs256Key};
use rsa::signature::Verifier as _;
use rsa::{BoxedUint, PublicKey as RsaKey};
use sha2::Sha256;

use super::es256::has_small_s;
use super::signing::SignatureLibrary;

/// How many bits an RSA modulus has (RFC 7518 §3.3); more would cost whoever verifies too much.
pub(crate) const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The public key of somebody else, such as an upstream provider, with its one algorithm: which is
/// the key's, never the token's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey<'a> {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    Rs256 {
        /// The modulus, big-endian without leading zeros: 2048 to 8192 bits.
        modulus: &'a [u8],
        /// The exponent, the same way: odd, at least 3, at most 32 bits.
        exponent: &'a [u8],
    },
    /// ECDSA over P-256 with SHA-256 (RFC 7518 §3.4).
    Es256 {
        /// A point of the curve, uncompressed: 65 bytes (SEC 1 §2.3.3).
        point: &'a [u8],
    },
    /// EdDSA over Ed25519 (RFC 8037 §3.1).
    EdDsa {
        /// A point of the curve, as RFC 8032 §5.1.2 encodes it.
        point: &'a [u8; 32],
    },
}

impl PublicKey<'_> {
    /// The `alg` value.
    pub(crate) const fn alg(&self) -> &'static str {
        match self {
            Self::Rs256 { .. } => "RS256",
            Self::Es256 { .. } => "ES256",
            Self::EdDsa { .. } => "EdDSA",
        }
    }

    /// Whether `signature`, in the form of JWS, is the key's of `message`: says `library`, or core
    /// where there is none or it leaves the key to core.
    pub(crate) fn verify(
        &self,
        library: Option<&dyn SignatureLibrary>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        library
            .and_then(|library| library.verify(self, message, signature))
            .unwrap_or_else(|| self.verify_here(message, signature).is_some())
    }

    /// Whether the signature is in the one form that this server's own keys give it. Of an ES256 one
    /// the mirror image verifies too.
    pub(crate) fn would_sign(&self, signature: &[u8]) -> bool {
        match self {
            Self::Es256 { .. } => {
                Es256Signature::from_slice(signature).is_ok_and(|it| has_small_s(&it))
            }
            Self::Rs256 { .. } | Self::EdDsa { .. } => true,
        }
    }

    fn verify_here(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        match *self {
            Self::Rs256 { modulus, exponent } => {
                let [n, e] = [modulus, exponent].map(BoxedUint::from_be_slice_vartime);
                let key = RsaKey::new_with_size_limits(n, e, MODULUS_BITS).ok()?;
                // RFC 8017 §8.2.2: of exactly the modulus's length, and the padding byte for byte.
                let signature = Rs256Signature::try_from(signature).ok()?;
                Rs256Key::<Sha256>::new(key).verify(message, &signature).ok()
            }
            Self::Es256 { point } => {
                // JWT-15: 64 bytes, so no DER, and neither half zero. A large s is accepted here,
                // other than in our own tokens: RFC 7518 §3.4 allows it, half of all signatures of
                // other signers have one, and nothing hangs on an ID token's text being the only one.
                let signature = Es256Signature::from_slice(signature).ok()?;
                Es256Key::from_sec1_bytes(point).ok()?.verify(message, &signature).ok()
            }
            Self::EdDsa { point } => {
                let signature = EdDsaSignature::from_slice(signature).ok()?;
                EdDsaKey::from_bytes(point).ok()?.verify_strict(message, &signature).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::from_base64url;

    fn bytes(text: &str) -> Vec<u8> {
        from_base64url(text).unwrap()
    }

    /// The members of a signature that stands in a standard.
    fn published(standard: &'static str) -> impl Fn(&str) -> String {
        let all = include_str!("../../tests/fixtures/signatures.json");
        let all: serde_json::Value = serde_json::from_str(all).unwrap();
        move |member| all[standard][member].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn assert_verifies(key: &PublicKey<'_>, signed: &str, signature: &str) {
        let signature = bytes(signature);
        assert!(key.verify(None, signed.as_bytes(), &signature));
        assert!(!key.verify(None, b"another text", &signature));
    }

    #[test]
    fn published_signatures_of_rs256_verify() {
        for standard in ["RFC 7515 Appendix A.2", "RFC 7520 section 4.1"] {
            let of = published(standard);
            let key = PublicKey::Rs256 { modulus: &bytes(&of("n")), exponent: &[1, 0, 1] };
            assert_verifies(&key, &of("signed"), &of("signature"));
        }
    }

    #[test]
    fn a_published_signature_of_es256_verifies_with_its_large_s() {
        let of = published("RFC 7515 Appendix A.3");
        let point = [&[4], &*bytes(&of("x")), &*bytes(&of("y"))].concat();
        let key = PublicKey::Es256 { point: &point };
        assert_verifies(&key, &of("signed"), &of("signature"));
    }

    #[test]
    fn a_published_signature_of_ed_dsa_verifies() {
        let of = published("RFC 8037 Appendix A.4");
        let point = bytes(&of("x")).try_into().unwrap();
        let key = PublicKey::EdDsa { point: &point };
        assert_verifies(&key, &of("signed"), &of("signature"));
    }

    #[derive(Debug)]
    struct Library(Option<bool>);

    impl SignatureLibrary for Library {
        fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: &[u8]) -> Option<bool> {
            self.0
        }
    }

    #[test]
    fn a_library_decides_of_the_keys_that_it_takes() {
        let key = PublicKey::EdDsa { point: &[0; 32] };
        let says = |answer| key.verify(Some(&Library(answer)), b"message", b"no signature");
        assert_eq!([Some(true), Some(false), None].map(says), [true, false, false]);
    }

    /// What a damaged record could hold: nothing panics.
    #[test]
    fn keys_that_are_none_verify_nothing() {
        let even = [0x80; 256];
        let keys = [
            PublicKey::Rs256 { modulus: &[], exponent: &[] },
            PublicKey::Rs256 { modulus: &even, exponent: &[3] },
            PublicKey::Rs256 { modulus: &[0xff; 256], exponent: &[0xff; 5] },
            PublicKey::Es256 { point: &[] },
            PublicKey::Es256 { point: &[4; 65] },
            PublicKey::EdDsa { point: &[0xff; 32] },
        ];
        for key in keys {
            for signature in [&[][..], &[0; 64], &[1; 64], &[1; 256]] {
                assert!(!key.verify(None, b"message", signature), "{key:?}");
            }
        }
    }
}
