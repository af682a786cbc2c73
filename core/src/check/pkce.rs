//! Proof Key for Code Exchange (RFC 7636), S256 only.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::encoding::from_base64url;
use crate::refusal::Refusal;

/// What a code verifier must hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// RFC 7636 §4.3. A missing method means `plain` there, which is refused like `plain` itself
    /// (RFC 9700 §2.1.1).
    pub(crate) fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, Refusal> {
        let challenge =
            challenge.ok_or(Refusal::CodeChallenge { problem: "code_challenge is missing" })?;
        if method != Some("S256") {
            return Err(Refusal::CodeChallenge { problem: "code_challenge_method must be S256" });
        }
        // RFC 7636 §4.2: base64url of a SHA-256 hash, so 43 characters that stand for 32 bytes.
        from_base64url(challenge).and_then(|hash| hash.try_into().ok()).map(Self).ok_or(
            Refusal::CodeChallenge { problem: "code_challenge must be 43 characters of base64url" },
        )
    }
}

/// A code verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
#[derive(Clone, Copy)]
pub(crate) struct CodeVerifier<'a>(&'a str);

impl<'a> CodeVerifier<'a> {
    /// Anything that is no verifier cannot fit a challenge either.
    pub(crate) fn parse(verifier: &'a str) -> Result<Self, Refusal> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
        if well_formed { Ok(Self(verifier)) } else { Err(Refusal::CodeVerifier) }
    }

    /// RFC 7636 §4.6, in constant time.
    pub(crate) fn fits(self, challenge: &CodeChallenge) -> bool {
        Sha256::digest(self.0).as_slice().ct_eq(&challenge.0).into()
    }
}

impl std::fmt::Debug for CodeVerifier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeVerifier([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn fits(verifier: &str) -> bool {
        let challenge = CodeChallenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        CodeVerifier::parse(verifier).is_ok_and(|verifier| verifier.fits(&challenge))
    }

    #[test]
    fn the_example_of_the_rfc_fits() {
        assert!(fits(VERIFIER));
    }

    #[test]
    fn pkc_11_the_challenge_itself_does_not_fit() {
        assert!(!fits(CHALLENGE));
    }

    #[test]
    fn pkc_04_pkc_05_any_method_but_s256_is_refused() {
        for method in [None, Some("plain"), Some("S512"), Some("s256"), Some("S256 ")] {
            assert!(CodeChallenge::parse(Some(CHALLENGE), method).is_err(), "{method:?}");
        }
    }

    #[test]
    fn pkc_06_malformed_challenges_are_refused() {
        let long = "a".repeat(129);
        let replaced = |c: char| format!("{}{c}", &CHALLENGE[..42]);
        let bad = [
            &CHALLENGE[..42],
            &long,
            &replaced('='),
            &replaced('+'),
            &replaced('/'),
            &replaced('%'),
        ];
        for challenge in bad.into_iter().chain([&*replaced('\0'), &*replaced('é')]) {
            assert!(CodeChallenge::parse(Some(challenge), Some("S256")).is_err(), "{challenge}");
        }
    }

    #[test]
    fn a_verifier_of_128_characters_is_well_formed() {
        assert!(CodeVerifier::parse(&"-._~".repeat(32)).is_ok());
    }
}
