//! Secrets have names, print as `[redacted]`, are compared in constant time and overwritten when
//! dropped.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Prints the name of a type and nothing of what is inside.
macro_rules! redacted_debug {
    ($name:ty) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}
pub(crate) use redacted_debug;

macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text in.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text, for the one place that needs it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Whether both are the same, in a time that depends on their lengths only.
            #[must_use]
            pub fn matches(&self, other: &str) -> bool {
                self.0.as_bytes().ct_eq(other.as_bytes()).into()
            }
        }

        redacted_debug!($name);

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

secret_text! {
    /// A client's secret (RFC 6749 §2.3.1): of a client here, or ours at an upstream provider.
    ///
    /// The one way to compare it takes the same time wherever the texts differ (CLA-12):
    ///
    /// ```
    /// # use vestibule_core::ClientSecret;
    /// assert!(!ClientSecret::new("one").matches("other"));
    /// ```
    ///
    /// ```compile_fail,E0369
    /// # use vestibule_core::ClientSecret;
    /// assert!(ClientSecret::new("one") != ClientSecret::new("other"));
    /// ```
    ClientSecret
}
secret_text! {
    /// An access token (RFC 6749 §1.4).
    AccessToken
}
secret_text! {
    /// An upstream provider's access token. It never reaches a client of ours.
    UpstreamAccessToken
}
secret_text! {
    /// An upstream provider's refresh token. It never reaches a client of ours.
    UpstreamRefreshToken
}
secret_text! {
    /// An upstream provider's ID token (OpenID Connect Core §2), unverified.
    UpstreamIdToken
}

/// What an upstream provider's token endpoint gave (RFC 6749 §5.1).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpstreamTokens {
    /// The access token.
    pub access_token: UpstreamAccessToken,
    /// The refresh token, if there is one.
    pub refresh_token: Option<UpstreamRefreshToken>,
    /// The ID token, if there is one.
    pub id_token: Option<UpstreamIdToken>,
    /// How long the access token lives; `None`: the provider did not say.
    pub expires_in: Option<Duration>,
    /// What the provider says it granted; `None`: it did not say.
    pub scope: Option<String>,
}

impl UpstreamTokens {
    /// Whether a text is one of the tokens, or holds one.
    pub(crate) fn contain(&self, text: &str) -> bool {
        // A shorter token would be found in innocent texts.
        let inside = |token: &str| token.len() >= 8 && text.contains(token);
        self.texts().any(|token| text == token || inside(token))
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let tokens = [
            Some(self.access_token.expose()),
            self.refresh_token.as_ref().map(UpstreamRefreshToken::expose),
            self.id_token.as_ref().map(UpstreamIdToken::expose),
        ];
        tokens.into_iter().flatten()
    }
}

/// A token that a client must show to register, where an operator hands such tokens out (RFC 7591
/// §3).
#[derive(Clone)]
pub struct InitialAccessToken(String);

impl InitialAccessToken {
    /// The shortest token that is accepted, in characters.
    pub const MIN_LENGTH: usize = 32;

    /// From text, as a configuration has it.
    ///
    /// # Errors
    /// [`InvalidInitialAccessToken`] for one that is too short, or that cannot stand in a header
    /// field.
    pub fn parse(text: &str) -> Result<Self, InvalidInitialAccessToken> {
        // RFC 6750 §2.1: `b64token`, whose padding says nothing.
        let token = text.trim_end_matches('=');
        let length = token.len();
        if length < Self::MIN_LENGTH {
            return Err(InvalidInitialAccessToken::TooShort { length });
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if !token.bytes().all(allowed) {
            return Err(InvalidInitialAccessToken::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether both are the same, in a time that depends on their lengths only.
    pub(crate) fn matches(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

redacted_debug!(InitialAccessToken);

impl Drop for InitialAccessToken {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A text that is no initial access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInitialAccessToken {
    /// It can be guessed.
    #[error(
        "an initial access token has at least 32 characters, this one has {length}; `vestibule keys new --algorithm secret` makes one"
    )]
    TooShort {
        /// How long it is, in bytes.
        length: usize,
    },
    /// It has something in it that no bearer token has.
    #[error("an initial access token has only A-Z a-z 0-9 - . _ ~ + and / in it (RFC 6750 §2.1)")]
    Characters,
}

/// A secret from which sealing keys are derived: at least 32 bytes.
#[derive(Clone)]
pub struct SealingSecret(Vec<u8>);

impl SealingSecret {
    /// The shortest secret that is accepted, in bytes.
    pub const MIN_BYTES: usize = 32;

    /// From bytes of a cryptographic random source.
    ///
    /// # Errors
    /// [`SecretTooShort`] for fewer than [`SealingSecret::MIN_BYTES`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, SecretTooShort> {
        let bytes = bytes.into();
        if bytes.len() < Self::MIN_BYTES {
            return Err(SecretTooShort { length: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// From text, as a configuration or an environment variable has it: its bytes, white space
    /// around them removed.
    ///
    /// # Errors
    /// [`SecretTooShort`] for fewer than [`SealingSecret::MIN_BYTES`] characters.
    pub fn from_text(text: &str) -> Result<Self, SecretTooShort> {
        Self::new(text.trim().as_bytes())
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

redacted_debug!(SealingSecret);

impl Drop for SealingSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A sealing secret that is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret has at least 32 bytes, this one has {length}; `vestibule keys new` makes one")]
#[non_exhaustive]
pub struct SecretTooShort {
    /// How long it is, in bytes.
    pub length: usize,
}
