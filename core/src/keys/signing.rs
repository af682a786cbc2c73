use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::public::PublicKey;
use super::{ed25519, es256, hs256};
use crate::encoding::from_base64url;

/// A JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519.
    #[default]
    EdDsa,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// HMAC with SHA-256: whoever verifies can also sign, so it is for one process only, and is
    /// never published.
    Hs256,
}

impl Algorithm {
    /// The `alg` value: `EdDSA`, `ES256`, `HS256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }
}

impl std::str::FromStr for Algorithm {
    type Err = InvalidKey;

    fn from_str(name: &str) -> Result<Self, InvalidKey> {
        [Self::EdDsa, Self::Es256, Self::Hs256]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(InvalidKey::Algorithm)
    }
}

/// Signs. The default implementations are RustCrypto's; a program may bring faster ones with
/// [`SigningKey::with`] or [`SigningKey::with_library`].
pub trait Signer: Send + Sync {
    /// The signature of `message` in the form of the algorithm's JWS (RFC 7515 §5.1): 64 bytes for
    /// EdDSA and ES256.
    ///
    /// The same message has the same signature, as EdDSA says itself and RFC 6979 for ES256: a
    /// refresh that is asked for again is answered with the same bytes.
    ///
    /// # Errors
    /// [`SigningFailed`] where the library says so; core answers the client with 503.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed>;
}

/// Verifies. An implementation accepts exactly what the algorithm's specification accepts; what
/// breaks if it accepts more is every token of the server.
pub trait Verify: Send + Sync {
    /// Whether `signature` is the key's signature of `message`.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// A library that signs and verifies in place of core's own: each key is offered to it, and what it
/// does not take stays where it was. Unless it says otherwise it takes none.
pub trait SignatureLibrary: fmt::Debug + Send + Sync {
    /// Signs with a key of `algorithm`, given its secret: 32 bytes, the seed of an EdDSA key (RFC
    /// 8032 §5.1.5) or the scalar of an ES256 one. See [`SigningKey::with_library`].
    fn signer(&self, algorithm: Algorithm, secret: &[u8; 32]) -> Option<Arc<dyn Signer>> {
        let _ = (algorithm, secret);
        None
    }

    /// Whether `signature`, in the form of JWS, is that of `message` by the key of somebody else.
    /// See [`Config::signature_library`](crate::Config::signature_library).
    ///
    /// It accepts exactly what the key's algorithm accepts; what breaks if it accepts more is who
    /// somebody is.
    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: &[u8]) -> Option<bool> {
        let _ = (key, message, signature);
        None
    }
}

/// A signing library failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
#[expect(clippy::exhaustive_structs, reason = "signers make it")]
pub struct SigningFailed;

/// A key that signs access tokens, with its name and its public half.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    kid: String,
    public_jwk: Option<String>,
    /// For another library; HS256 has none that is 32 bytes long.
    secret: Option<Arc<Zeroizing<[u8; 32]>>>,
    signer: Arc<dyn Signer>,
    verify: Arc<dyn Verify>,
}

impl SigningKey {
    /// A key of `algorithm` from 32 bytes of a cryptographic random source.
    ///
    /// # Errors
    /// [`InvalidKey::OutOfRange`] where the bytes are no ES256 key, which happens once in 2³²
    /// times.
    pub fn from_bytes(algorithm: Algorithm, bytes: [u8; 32]) -> Result<Self, InvalidKey> {
        match algorithm {
            Algorithm::EdDsa => Ok(ed25519::from_bytes(&bytes)),
            Algorithm::Es256 => es256::from_bytes(&bytes),
            Algorithm::Hs256 => hs256::from_bytes(&bytes),
        }
    }

    /// A key of `algorithm` from text: a PKCS #8 PEM document (`openssl genpkey`) for EdDSA and
    /// ES256, 32 bytes in base64url (`vestibule keys new`) for all; for HS256 also any secret of at
    /// least 32 characters.
    ///
    /// # Errors
    /// [`InvalidKey`], saying what the text is not.
    pub fn parse(algorithm: Algorithm, text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        if text.starts_with("-----BEGIN") {
            return match algorithm {
                Algorithm::EdDsa => ed25519::from_pem(text),
                Algorithm::Es256 => es256::from_pem(text),
                Algorithm::Hs256 => Err(InvalidKey::NotAPem),
            };
        }
        match from_base64url(text).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
            Some(bytes) => Self::from_bytes(algorithm, bytes),
            None if algorithm == Algorithm::Hs256 => hs256::from_bytes(text.as_bytes()),
            None => Err(InvalidKey::NeitherPemNorBase64url),
        }
    }

    pub(super) fn new(
        algorithm: Algorithm,
        kid: String,
        public_jwk: Option<String>,
        secret: Option<Zeroizing<[u8; 32]>>,
        signer: Arc<dyn Signer>,
        verify: Arc<dyn Verify>,
    ) -> Self {
        let secret = secret.map(Arc::new);
        Self { algorithm, kid, public_jwk, secret, signer, verify }
    }

    /// The same key in the hands of another library, where it stays: no other takes it over from
    /// there.
    #[must_use]
    pub fn with(self, signer: Arc<dyn Signer>, verify: Arc<dyn Verify>) -> Self {
        Self { signer, verify, secret: None, ..self }
    }

    /// The same key, signing by `library` if that takes it.
    #[must_use]
    pub fn with_library(mut self, library: &impl SignatureLibrary) -> Self {
        let secret = self.secret.as_deref();
        if let Some(signer) = secret.and_then(|secret| library.signer(self.algorithm, secret)) {
            self.signer = signer;
        }
        self
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name: the first 16 characters of its thumbprint (RFC 7638); for HS256, which has none,
    /// of a MAC.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Its public half as a JWK (RFC 7517), with `kid`, `alg` and `use`; HS256 has none.
    #[must_use]
    pub fn public_jwk(&self) -> Option<&str> {
        self.public_jwk.as_deref()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        self.signer.sign(message)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verify.verify(message, signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A text that is no key of the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// An algorithm that is not offered.
    #[error("is not an algorithm offered here; use \"EdDSA\", \"ES256\" or \"HS256\"")]
    Algorithm,
    /// A PEM document of another kind, or damaged.
    #[error("is not a PKCS #8 PEM document of a key of this algorithm")]
    NotAPem,
    /// Something else.
    #[error(
        "is neither a PKCS #8 PEM document nor 32 bytes in base64url; `vestibule keys new` makes one"
    )]
    NeitherPemNorBase64url,
    /// Too short for HS256.
    #[error("has fewer than 32 bytes, too few for HS256 (RFC 7518 §3.2)")]
    TooShort,
    /// Not a scalar of the curve.
    #[error("is not a number between 1 and the order of the curve; make another")]
    OutOfRange,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes EdDSA keys, and signs with their secrets.
    #[derive(Debug)]
    struct Library;

    struct Signs(Vec<u8>);

    impl Signer for Signs {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
            Ok(self.0.clone())
        }
    }

    impl SignatureLibrary for Library {
        fn signer(&self, algorithm: Algorithm, secret: &[u8; 32]) -> Option<Arc<dyn Signer>> {
            (algorithm == Algorithm::EdDsa).then(|| Arc::new(Signs(secret.to_vec())) as _)
        }
    }

    fn signs_itself(key: &SigningKey) -> bool {
        key.verify(b"message", &key.sign(b"message").unwrap())
    }

    #[test]
    fn a_library_signs_with_the_keys_that_it_takes() {
        let key = SigningKey::from_bytes(Algorithm::EdDsa, [7; 32]).unwrap();
        assert_eq!(key.with_library(&Library).sign(b"message").unwrap(), [7; 32]);
    }

    #[test]
    fn what_a_library_does_not_take_signs_as_before() {
        for algorithm in [Algorithm::Es256, Algorithm::Hs256] {
            let key = SigningKey::from_bytes(algorithm, [7; 32]).unwrap();
            assert!(signs_itself(&key.with_library(&Library)), "{algorithm:?}");
        }
    }

    #[test]
    fn what_is_in_other_hands_is_not_taken_from_there() {
        let key = SigningKey::from_bytes(Algorithm::EdDsa, [7; 32]).unwrap();
        let (signer, verify) = (Arc::new(Signs(vec![1])), key.verify.clone());
        let key = key.with(signer, verify).with_library(&Library);
        assert_eq!(key.sign(b"message").unwrap(), [1]);
    }
}
