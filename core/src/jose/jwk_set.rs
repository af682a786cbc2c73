use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::encoding::from_base64url;
use crate::json;
use crate::keys::{MODULUS_BITS, PublicKey};

/// How many keys of a set are looked at. Providers publish two to ten.
const MOST: usize = 64;

/// The longest name of a key that is looked at, in bytes; and of its issuer.
pub(super) const LONGEST_KID: usize = 512;

/// The keys of a JWK set (RFC 7517 §5) with which a signature can be verified; all others are left
/// out, and so is what comes after the first 64.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JwkSet {
    keys: Vec<Jwk>,
}

/// What a set has for a token.
#[derive(Debug)]
pub(super) enum Found<'a> {
    One(&'a Jwk),
    Several,
    None,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Jwk {
    kid: Option<String>,
    issuer: Option<String>,
    material: Material,
}

/// A key that belongs to one algorithm, whatever a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Material {
    Rs256 { modulus: Vec<u8>, exponent: Vec<u8> },
    Es256 { point: Vec<u8> },
    EdDsa { point: [u8; 32] },
}

impl JwkSet {
    /// From the body of an answer.
    ///
    /// # Errors
    /// What the body is not.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let set = json::object(body).ok_or("it is not a JSON object without repeated members")?;
        Self::read(&set)
    }

    /// From a member of a document.
    ///
    /// # Errors
    /// What it is not.
    pub(crate) fn read(set: &Map<String, Value>) -> Result<Self, &'static str> {
        let keys = set.get("keys").and_then(Value::as_array).ok_or("it has no array of keys")?;
        let keys: Vec<Jwk> = keys.iter().take(MOST).filter_map(Jwk::read).collect();
        // JWT-16: of two keys of one name none can be meant.
        let once = |key: &Jwk| {
            key.kid.is_none() || keys.iter().filter(|other| other.kid == key.kid).count() == 1
        };
        let keys: Vec<Jwk> = keys.iter().filter(|key| once(key)).cloned().collect();
        if keys.is_empty() {
            return Err("it has no key for RS256, ES256 or EdDSA with which to verify");
        }
        Ok(Self { keys })
    }

    /// The algorithm of each key.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.material.public().alg())
    }

    /// The key that a token names. Where it names none: the only one of its algorithm (OpenID
    /// Connect Core §10.1).
    pub(super) fn find(&self, kid: Option<&str>, alg: &str) -> Found<'_> {
        let fits = |key: &&Jwk| match kid {
            Some(kid) => key.kid.as_deref() == Some(kid),
            None => key.material.public().alg() == alg,
        };
        let mut fitting = self.keys.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Found::One(key),
            (Some(_), Some(_)) => Found::Several,
            (None, _) => Found::None,
        }
    }
}

impl Jwk {
    /// `None` for a key that verifies no signature here (RFC 7517 §5: it is ignored).
    fn read(jwk: &Value) -> Option<Self> {
        let jwk = jwk.as_object()?;
        let (kid, issuer) = (name(jwk, "kid")?, name(jwk, "issuer")?);
        let material = Material::read(jwk)?;
        (is(jwk, "use", "sig") && is(jwk, "alg", material.public().alg()) && may_verify(jwk))
            .then_some(Self { kid, issuer, material })
    }

    pub(super) fn public(&self) -> PublicKey<'_> {
        self.material.public()
    }

    /// Whose tokens it signs, where one set is that of many (Microsoft Entra ID).
    pub(super) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }
}

impl Material {
    /// JWT-16: `oct` is never a key of somebody else's, and a key that is broken is none.
    fn read(jwk: &Map<String, Value>) -> Option<Self> {
        match text(jwk, "kty")? {
            "RSA" => rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?),
            "EC" if text(jwk, "crv")? == "P-256" => p256(&bytes(jwk, "x")?, &bytes(jwk, "y")?),
            "OKP" if text(jwk, "crv")? == "Ed25519" => ed25519(bytes(jwk, "x")?),
            _ => None,
        }
    }

    fn public(&self) -> PublicKey<'_> {
        match self {
            Self::Rs256 { modulus, exponent } => PublicKey::Rs256 { modulus, exponent },
            Self::Es256 { point } => PublicKey::Es256 { point },
            Self::EdDsa { point } => PublicKey::EdDsa { point },
        }
    }
}

/// RFC 7518 §6.3.1. With an exponent of 1 every text is its own signature, and a large one takes
/// long.
fn rsa(n: &[u8], e: &[u8]) -> Option<Material> {
    let (modulus, exponent) = (number(n), number(e));
    let bits = (modulus.len() * 8).checked_sub(modulus.first()?.leading_zeros() as usize)?;
    let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let usable = MODULUS_BITS.contains(&bits)
        && odd(modulus)
        && odd(exponent)
        && exponent != [1]
        && exponent.len() <= 4;
    usable.then(|| Material::Rs256 { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
}

/// RFC 7518 §6.2.1: both coordinates have their full length, and the point is one of the curve.
fn p256(x: &[u8], y: &[u8]) -> Option<Material> {
    if [x.len(), y.len()] != [32, 32] {
        return None;
    }
    let point = [&[4], x, y].concat();
    p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
    Some(Material::Es256 { point })
}

/// RFC 8037 §2. A point of small order has signatures that fit any text.
fn ed25519(x: Vec<u8>) -> Option<Material> {
    let point = x.try_into().ok()?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&point).ok()?;
    (!key.is_weak()).then_some(Material::EdDsa { point })
}

/// Without leading zeros, which RFC 7518 §6.3.1.1 forbids and some write.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}

/// RFC 7517 §4.3.
fn may_verify(jwk: &Map<String, Value>) -> bool {
    match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    }
}

/// Whether a member is missing or says this.
fn is(jwk: &Map<String, Value>, member: &str, wanted: &str) -> bool {
    jwk.get(member).is_none_or(|value| value == wanted)
}

/// `None` where it is no text, or longer than any.
fn name(jwk: &Map<String, Value>, member: &str) -> Option<Option<String>> {
    match jwk.get(member) {
        None => Some(None),
        Some(Value::String(name)) if name.len() <= LONGEST_KID => Some(Some(name.clone())),
        Some(_) => None,
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    jwk.get(member)?.as_str()
}

fn bytes(jwk: &Map<String, Value>, member: &str) -> Option<Vec<u8>> {
    from_base64url(text(jwk, member)?)
}
