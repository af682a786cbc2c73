//! Keys: what seals and what signs. They are separate lists, loaded by separate settings, never
//! derived from each other.

mod ed25519;
mod es256;
mod hs256;
mod kept;
mod public;
mod purpose;
mod sealing;
mod signing;

pub use public::PublicKey;
pub use signing::{
    Algorithm, InvalidKey, SignatureLibrary, Signer, SigningFailed, SigningKey, Verify,
};

pub(crate) use hs256::from_bytes as hs256_from_bytes;
pub(crate) use public::MODULUS_BITS;
pub(crate) use purpose::Purpose;
pub(crate) use sealing::{KeyId, KeyRing, SealingKey};
