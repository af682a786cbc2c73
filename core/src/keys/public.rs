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

    #[test]
    fn rfc_7515_appendix_a_2_verifies() {
        let modulus = bytes(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1\
             Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaS\
             HSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT\
             6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        );
        let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9\
                       leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = bytes(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8\
             W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPv\
             kSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1ph\
             CnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        );
        let key = PublicKey::Rs256 { modulus: &modulus, exponent: &[1, 0, 1] };
        assert!(key.verify(None, message.as_bytes(), &signature));
        assert!(!key.verify(None, b"another text", &signature));
    }

    #[test]
    fn rfc_7515_appendix_a_3_verifies_with_its_large_s() {
        let mut point = vec![4];
        point.extend(bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"));
        point.extend(bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9\
                       leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = bytes(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        );
        let key = PublicKey::Es256 { point: &point };
        assert!(key.verify(None, message.as_bytes(), &signature));
        assert!(!key.verify(None, b"another text", &signature));
    }

    #[test]
    fn rfc_8037_appendix_a_4_verifies() {
        let point = bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").try_into().unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = bytes(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        );
        let key = PublicKey::EdDsa { point: &point };
        assert!(key.verify(None, message, &signature));
        assert!(!key.verify(None, b"another text", &signature));
    }

    #[test]
    fn rfc_7520_section_4_1_verifies() {
        let modulus = bytes(
            "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz\
             _AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHY\
             pPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU\
             4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
        );
        let message = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlz\
                       IGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb25\
                       0byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3\
                       dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
        let signature = bytes(
            "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp8\
             3xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUC\
             TJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1\
             U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
        );
        let key = PublicKey::Rs256 { modulus: &modulus, exponent: &[1, 0, 1] };
        assert!(key.verify(None, message.as_bytes(), &signature));
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
