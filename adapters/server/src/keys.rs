//! Fresh keys and secrets.

use std::fmt;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule_core::{Algorithm, SealingSecret, SigningKey};

/// What `vestibule keys new` makes.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A signing key, Ed25519 (RFC 8037).
    #[value(name = "EdDSA")]
    EdDsa,
    /// A signing key, ECDSA over P-256 (RFC 7518 §3.4).
    #[value(name = "ES256")]
    Es256,
    /// A signing key, HMAC with SHA-256: only where one party makes and reads the tokens (RFC 7518
    /// §3.2).
    #[value(name = "HS256")]
    Hs256,
    /// A sealing secret, for `secrets`.
    #[value(name = "secret")]
    Secret,
}

impl Kind {
    fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::EdDsa => Some(Algorithm::EdDsa),
            Self::Es256 => Some(Algorithm::Es256),
            Self::Hs256 => Some(Algorithm::Hs256),
            Self::Secret => None,
        }
    }
}

/// Prints a fresh key on standard output, and nothing else there, so that it can go straight into a
/// file or a variable; where it belongs in the configuration goes to standard error.
pub(crate) fn print_new(kind: Kind) -> Result<(), String> {
    let key = text(kind).map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{key}").map_err(|error| format!("cannot write the key: {error}"))?;
    // Nothing is lost where the hint cannot be shown.
    let _ = writeln!(io::stderr(), "{}", hint(kind));
    Ok(())
}

/// A fresh signing key, to be held in memory.
pub(crate) fn signing_key(algorithm: Algorithm) -> Result<SigningKey, NoRandomness> {
    loop {
        // About one of 2³² draws is no ES256 key, and the next one is.
        if let Ok(key) = SigningKey::from_bytes(algorithm, random()?) {
            return Ok(key);
        }
    }
}

/// A fresh sealing secret, to be held in memory.
pub(crate) fn sealing_secret() -> Result<SealingSecret, NoRandomness> {
    // 32 bytes are the fewest that a secret may have.
    SealingSecret::new(random()?).map_err(|_| NoRandomness)
}

/// 32 random bytes in base64url.
pub(crate) fn random_text() -> Result<String, NoRandomness> {
    random().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// The system gave no randomness; nothing can be done without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the system's random source failed; try again, or see what is wrong with the system",
        )
    }
}

fn random() -> Result<[u8; 32], NoRandomness> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

fn text(kind: Kind) -> Result<String, NoRandomness> {
    loop {
        let bytes = random()?;
        let good = kind
            .algorithm()
            .is_none_or(|algorithm| SigningKey::from_bytes(algorithm, bytes).is_ok());
        if good {
            return Ok(URL_SAFE_NO_PAD.encode(bytes));
        }
    }
}

fn hint(kind: Kind) -> String {
    let (what, place) = match kind.algorithm() {
        None => ("A sealing secret", "    secrets = [{ env = \"VESTIBULE_SECRET\" }]".to_owned()),
        Some(algorithm) => (
            "A signing key",
            format!(
                "    [[signing_key]]\n    algorithm = \"{}\"\n    key = {}",
                algorithm.as_str(),
                "{ env = \"VESTIBULE_SIGNING_KEY\" }",
            ),
        ),
    };
    format!(
        "{what}. Keep it in a variable or a file, and name that in the configuration:\n\n{place}\n\n\
        For a file write {{ file = \"PATH\" }}; PATH is relative to the configuration file."
    )
}
