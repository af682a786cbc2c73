//! What others sign: their keys (RFC 7517), upstream providers' ID tokens (OpenID Connect Core §2),
//! clients' assertions (RFC 7523), and access tokens where another process signs them (RFC 9068).
//! The algorithm belongs to the key, never to the token.

mod access_token;
mod assertion;
mod claims;
mod compact;
mod fault;
mod id_token;
mod jwk_set;

pub use assertion::AssertionFault;
pub use fault::JwtFault;

pub(crate) use access_token::UnverifiedAccessToken;
pub(crate) use assertion::ClientAssertion;
pub(crate) use compact::{ACCESS_TOKEN, Compact, Kind};
pub(crate) use fault::NotVerified;
pub(crate) use id_token::{Expected, Keys, has_key_of, verify};
pub(crate) use jwk_set::JwkSet;

#[cfg(test)]
mod tests;
