//! Sealed texts: what is not kept here but handed out and handed back, unforgeable and, where its
//! content is [private](Sealable::PRIVATE), unreadable.
//!
//! What is private is XChaCha20-Poly1305 under a key of its own purpose and issuer. Its nonce is an
//! HMAC of what is inside, so the same content gives the same text: that is how a retried refresh is
//! answered with the same bytes again, and why no content is ever sealed under a nonce that another
//! content had.
//!
//! Anything else is [`tag`]ged: readable, with an HMAC, at a tenth of the cost.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::encoding::{from_base64url, push_base64url};
use crate::keys::{KeyId, KeyRing, Purpose, SealingKey};
use crate::tick::Timestamp;

const KEY_ID: usize = size_of::<KeyId>();
const NONCE: usize = 24;
const TAG: usize = 16;

/// Few texts and records are longer, in bytes: so much is allocated at once.
const USUAL: usize = 512;

/// What is handed out to be handed back: each type has a purpose of its own, so no text opens as
/// another type.
pub(crate) trait Sealable: Serialize + DeserializeOwned {
    const PURPOSE: Purpose;
    /// How the text starts, so that people and secret scanners can tell what it is.
    const PREFIX: &'static str;
    /// Whether what is inside must not be read. What may be is tagged, at a tenth of the cost.
    const PRIVATE: bool;

    fn expires_at(&self) -> Timestamp;
}

/// Why a text does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// Not made here, for another purpose, by another issuer, or damaged.
    Forged,
    /// Genuine, and dead.
    Expired,
}

/// Writes a value down as a text that only this server makes.
pub(crate) fn seal<T: Sealable>(key: &SealingKey, value: &T) -> String {
    if !T::PRIVATE {
        return tag(key, T::PURPOSE, T::PREFIX, b"", value);
    }
    let plain = encode(Vec::with_capacity(USUAL), value);
    let nonce = key.mac(T::PURPOSE, &[b"nonce", &plain]);
    let mut sealed = Vec::with_capacity(KEY_ID + NONCE + plain.len() + TAG);
    sealed.extend_from_slice(&key.id());
    sealed.extend_from_slice(&nonce[..NONCE]);
    sealed.extend_from_slice(&plain);
    encrypt(key, T::PURPOSE, &mut sealed);
    let mut text = String::with_capacity(T::PREFIX.len() + sealed.len() * 4 / 3 + 2);
    text.push_str(T::PREFIX);
    push_base64url(&mut text, sealed);
    text
}

/// Opens a text that is alive, with the key that sealed it.
pub(crate) fn open<'k, T: Sealable>(
    ring: &'k KeyRing,
    text: &str,
    now: Timestamp,
) -> Result<(T, &'k SealingKey), Unopened> {
    let (value, key) = open_whole::<T>(ring, text).ok_or(Unopened::Forged)?;
    if value.expires_at().has_passed(now) { Err(Unopened::Expired) } else { Ok((value, key)) }
}

fn open_whole<'k, T: Sealable>(ring: &'k KeyRing, text: &str) -> Option<(T, &'k SealingKey)> {
    if !T::PRIVATE {
        return untag(ring, T::PURPOSE, T::PREFIX, b"", text);
    }
    let mut sealed = from_base64url(text.strip_prefix(T::PREFIX)?)?;
    let key = ring.named(sealed.first_chunk().copied()?)?;
    let nonce = *sealed.get(KEY_ID..)?.first_chunk::<NONCE>()?;
    let mut plain = sealed.split_off(KEY_ID + NONCE);
    decrypt(key, T::PURPOSE, &[], &nonce, &mut plain)?;
    Some((decode(&plain)?, key))
}

/// A readable text with an HMAC over `context` and its content.
pub(crate) fn tag(
    key: &SealingKey,
    purpose: Purpose,
    prefix: &str,
    context: &[u8],
    value: &impl Serialize,
) -> String {
    let mut bytes = Vec::with_capacity(USUAL);
    bytes.extend_from_slice(&key.id());
    bytes.extend_from_slice(&[0; TAG]);
    let mut bytes = encode(bytes, value);
    let mac = key.mac(purpose, &[context, &bytes[KEY_ID + TAG..]]);
    bytes[KEY_ID..KEY_ID + TAG].copy_from_slice(&mac[..TAG]);
    let mut text = String::with_capacity(prefix.len() + bytes.len() * 4 / 3 + 2);
    text.push_str(prefix);
    push_base64url(&mut text, bytes);
    text
}

/// The value of a text that [`tag`] made for the same purpose and context, with its key.
pub(crate) fn untag<'k, T: DeserializeOwned>(
    ring: &'k KeyRing,
    purpose: Purpose,
    prefix: &str,
    context: &[u8],
    text: &str,
) -> Option<(T, &'k SealingKey)> {
    let bytes = from_base64url(text.strip_prefix(prefix)?)?;
    let key = ring.named(bytes.first_chunk().copied()?)?;
    let (tag, plain) = bytes.get(KEY_ID..)?.split_at_checked(TAG)?;
    if !key.mac_matches(purpose, &[context, plain], tag) {
        return None;
    }
    Some((decode(plain)?, key))
}

/// Seals a record: key id, then ciphertext. The nonce is the record's version, which is never used
/// twice. No longer than it is: stores may keep it in memory.
pub(crate) fn seal_record(
    key: &SealingKey,
    purpose: Purpose,
    record_key: &str,
    version: &[u8; 16],
    value: &impl Serialize,
) -> Box<[u8]> {
    let mut sealed = Vec::with_capacity(USUAL);
    sealed.extend_from_slice(&key.id());
    let mut sealed = encode(sealed, value);
    let nonce = record_nonce(version);
    let aad = record_aad(record_key, version);
    let tag =
        cipher(key, purpose).encrypt_inout_detached(&nonce, &aad, (&mut sealed[KEY_ID..]).into());
    sealed.extend_from_slice(&expect_sealed(tag));
    sealed.into_boxed_slice()
}

/// Opens what [`seal_record`] made under the same record key and version.
pub(crate) fn open_record<T: DeserializeOwned>(
    ring: &KeyRing,
    purpose: Purpose,
    record_key: &str,
    version: &[u8; 16],
    bytes: &[u8],
) -> Option<T> {
    let key = ring.named(bytes.first_chunk().copied()?)?;
    let mut plain = bytes.get(KEY_ID..)?.to_vec();
    let nonce: [u8; NONCE] = record_nonce(version).into();
    decrypt(key, purpose, &record_aad(record_key, version), &nonce, &mut plain)?;
    decode(&plain)
}

fn record_nonce(version: &[u8; 16]) -> XNonce {
    let mut nonce = [0; NONCE];
    nonce[..16].copy_from_slice(version);
    nonce.into()
}

fn record_aad(record_key: &str, version: &[u8; 16]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(record_key.len() + version.len());
    aad.extend_from_slice(record_key.as_bytes());
    aad.extend_from_slice(version);
    aad
}

fn cipher(key: &SealingKey, purpose: Purpose) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.key(purpose).into())
}

/// Encrypts what stands behind key id and nonce, and puts the tag behind it.
fn encrypt(key: &SealingKey, purpose: Purpose, sealed: &mut Vec<u8>) {
    let (head, plain) = sealed.split_at_mut(KEY_ID + NONCE);
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(&head[KEY_ID..]);
    let tag = cipher(key, purpose).encrypt_inout_detached(&nonce.into(), &[], plain.into());
    sealed.extend_from_slice(&expect_sealed(tag));
}

fn decrypt(
    key: &SealingKey,
    purpose: Purpose,
    aad: &[u8],
    nonce: &[u8; NONCE],
    plain: &mut Vec<u8>,
) -> Option<()> {
    let tag: [u8; TAG] = *plain.last_chunk()?;
    plain.truncate(plain.len() - TAG);
    cipher(key, purpose)
        .decrypt_inout_detached(&(*nonce).into(), aad, plain.as_mut_slice().into(), &tag.into())
        .ok()
}

fn expect_sealed<T>(result: Result<T, chacha20poly1305::Error>) -> T {
    match result {
        Ok(tag) => tag,
        // The cipher refuses only messages beyond 256 GiB (RFC 8439 §2.8); ours end at 64 KiB.
        Err(_) => unreachable!("a message of at most 64 KiB can be sealed"),
    }
}

/// Appends a value's binary form.
fn encode(to: Vec<u8>, value: &impl Serialize) -> Vec<u8> {
    match postcard::to_extend(value, to) {
        Ok(bytes) => bytes,
        // Our own structs of integers, strings and arrays; none has a map of unknown length or a
        // failing impl.
        Err(_) => unreachable!("our own types can be written down"),
    }
}

/// Refuses trailing bytes, so that no two texts stand for the same value.
fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

#[cfg(test)]
mod tests;
