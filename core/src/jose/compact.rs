//! The parts of a compact JWS (RFC 7515 §3.1), before anybody has verified anything.

use serde_json::{Map, Value};

use super::JwtFault;
use super::jwk_set::LONGEST_KID;
use crate::encoding::from_base64url;
use crate::json;

/// What an access token says in its header (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN: &str = "at+jwt";

/// The longest token that is looked at, in characters.
const LONGEST: usize = 16 * 1024;

/// What a token has to say that it is (JWT-14, RFC 8725 §3.11).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// `JWT` or nothing: an ID token, or what a client says of itself.
    Jwt,
    /// `at+jwt` (RFC 9068 §2.1).
    AccessToken,
}

/// A token whose form is right, and of which nothing is known to be true.
pub(crate) struct Compact<'a> {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    /// What the signature is of.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
    claims: Vec<u8>,
}

impl<'a> Compact<'a> {
    pub(crate) fn read(token: &'a str, kind: Kind) -> Result<Self, JwtFault> {
        let malformed = JwtFault::Malformed;
        if token.len() > LONGEST {
            return Err(malformed);
        }
        // JWT-18: neither four dots, which is encrypted (RFC 7516 §3.1), nor one, nor JSON.
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        let decoded = |part: &str| from_base64url(part).ok_or(malformed);
        let (header, claims, signature) = (decoded(header)?, decoded(claims)?, decoded(signature)?);
        let header = json::object(&header).ok_or(malformed)?;
        check_type(&header, kind)?;
        // JWT-08: nothing critical is understood here, so nothing may be critical (RFC 7515 §4.1.11,
        // RFC 7797 §3).
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwtFault::Critical);
        }
        // JWT-05: `jku`, `jwk`, `x5u` and `x5c` are not even read: a token does not bring its key.
        let alg = header.get("alg").and_then(Value::as_str).ok_or(JwtFault::Algorithm)?;
        Ok(Self { alg: alg.to_owned(), kid: kid(&header)?, signed, signature, claims })
    }

    /// The claims, for whoever has verified the signature.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, JwtFault> {
        json::object(&self.claims).ok_or(JwtFault::Malformed)
    }
}

/// JWT-14: compared without case, and it may have its media type prefix (RFC 7515 §4.1.9).
fn check_type(header: &Map<String, Value>, kind: Kind) -> Result<(), JwtFault> {
    let typ = match header.get("typ") {
        None => None,
        Some(typ) => Some(typ.as_str().ok_or(JwtFault::Type)?.to_ascii_lowercase()),
    };
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match (kind, typ) {
        (Kind::Jwt, None | Some("jwt")) | (Kind::AccessToken, Some(ACCESS_TOKEN)) => Ok(()),
        (Kind::Jwt | Kind::AccessToken, _) => Err(JwtFault::Type),
    }
}

/// JWT-06: a name that is no text, or longer than any, is not looked for.
fn kid(header: &Map<String, Value>) -> Result<Option<String>, JwtFault> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if kid.len() <= LONGEST_KID => Ok(Some(kid.clone())),
        Some(_) => Err(JwtFault::Malformed),
    }
}
