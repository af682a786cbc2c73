//! What an upstream provider signs: its keys (RFC 7517) and its ID tokens (OpenID Connect Core §2).
//! The algorithm belongs to the key, never to the token.

mod claims;
mod compact;
mod fault;
mod id_token;
mod jwk_set;

pub use fault::IdTokenFault;

pub(crate) use fault::NotVerified;
pub(crate) use id_token::{Expected, Keys, has_key_of, verify};
pub(crate) use jwk_set::JwkSet;

#[cfg(test)]
mod tests;
