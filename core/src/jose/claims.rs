//! What a genuine ID token says, rule by rule (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::{Expected, JwtFault};
use crate::encoding::base64url;
use crate::tenant::{IssuerOfTenants, is_uuid};
use crate::tick::Timestamp;

/// How far a provider's clock may be from ours, either way.
const LEEWAY: Duration = Duration::from_secs(60);

/// How old a token may be that was just answered: as old as its code, which lives ten minutes at
/// most (RFC 6749 §4.1.2).
const OLDEST: Duration = Duration::from_secs(10 * 60);

type Claims = Map<String, Value>;

/// All rules, in the order of the specification. `alg` is that with which the token was verified,
/// `key_issuer` the issuer that its key is for, where that is said.
pub(super) fn check(
    claims: &Claims,
    alg: &str,
    key_issuer: Option<&str>,
    expected: &Expected<'_>,
) -> Result<(), JwtFault> {
    issuer(claims, expected.issuer)?;
    let of_tenants = IssuerOfTenants::parse(expected.issuer).is_some();
    if let (Some(key_issuer), true) = (key_issuer, of_tenants) {
        // JWT-12: among many tenants, a key that is one's signs for no other.
        issuer(claims, key_issuer)?;
    }
    audience(claims, expected.client_id)?;
    authorized_party(claims, expected.client_id)?;
    times(claims, expected.now)?;
    nonce(claims, expected.nonce)?;
    access_token_hash(claims, alg, expected.access_token)?;
    subject(claims)
}

/// Rule 2 (JWT-12): the exact text.
fn issuer(claims: &Claims, expected: &str) -> Result<(), JwtFault> {
    let named = text(claims, "iss").ok_or(JwtFault::Issuer)?;
    let same = match IssuerOfTenants::parse(expected) {
        None => named == expected,
        Some(tenants) => {
            let tid = text(claims, "tid").filter(|tid| is_uuid(tid)).ok_or(JwtFault::Tenant)?;
            tenants.tenant_of(named) == Some(tid)
        }
    };
    if same { Ok(()) } else { Err(JwtFault::Issuer) }
}

/// Rule 3 (JWT-13, UPS-12): us, and nobody else who could be shown the same token. OpenID Connect
/// lets a client refuse audiences that it does not trust; none are.
fn audience(claims: &Claims, client_id: &str) -> Result<(), JwtFault> {
    let audience = claims.get("aud").ok_or(JwtFault::Audience)?;
    let audience = match audience.as_array().map(Vec::as_slice) {
        None => audience,
        Some([only]) => only,
        Some(_) => return Err(JwtFault::Audience),
    };
    if audience == client_id { Ok(()) } else { Err(JwtFault::Audience) }
}

/// Rules 4 and 5.
fn authorized_party(claims: &Claims, client_id: &str) -> Result<(), JwtFault> {
    if claims.get("azp").is_none_or(|azp| azp == client_id) {
        Ok(())
    } else {
        Err(JwtFault::AuthorizedParty)
    }
}

/// Rules 9 and 10, and RFC 7519 §4.1.5 (JWT-10, JWT-11, UPS-27).
fn times(claims: &Claims, now: Timestamp) -> Result<(), JwtFault> {
    let missing = JwtFault::NumericDate;
    let expires = time(claims, "exp")?.ok_or(missing)?;
    let issued = time(claims, "iat")?.ok_or(missing)?;
    let not_before = time(claims, "nbf")?;
    let latest = now.after(LEEWAY);
    if expires.after(LEEWAY).has_passed(now) {
        return Err(JwtFault::Expired);
    }
    if not_before.is_some_and(|not_before| not_before > latest) {
        return Err(JwtFault::NotYetValid);
    }
    if issued > latest || issued.after(OLDEST + LEEWAY).has_passed(now) {
        return Err(JwtFault::IssuedAt);
    }
    Ok(())
}

/// JWT-09: a whole number of seconds, not negative; what is something else is not taken for missing.
fn time(claims: &Claims, claim: &str) -> Result<Option<Timestamp>, JwtFault> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_u64().ok_or(JwtFault::NumericDate)?;
            Ok(Some(Timestamp::from_seconds(seconds)))
        }
    }
}

/// Rule 11 (UPS-11): always asked for, so always there.
fn nonce(claims: &Claims, expected: &str) -> Result<(), JwtFault> {
    match text(claims, "nonce") {
        Some(nonce) if bool::from(nonce.as_bytes().ct_eq(expected.as_bytes())) => Ok(()),
        Some(_) | None => Err(JwtFault::Nonce),
    }
}

/// OpenID Connect Core §3.1.3.8: the left half of the hash that the signature is made with, which
/// for Ed25519 is SHA-512 (RFC 8032 §5.1).
fn access_token_hash(
    claims: &Claims,
    alg: &str,
    access_token: Option<&str>,
) -> Result<(), JwtFault> {
    let (Some(hash), Some(token)) = (claims.get("at_hash"), access_token) else { return Ok(()) };
    let same = match alg {
        "EdDSA" => hash == &base64url(&Sha512::digest(token)[..32]),
        _ => hash == &base64url(&Sha256::digest(token)[..16]),
    };
    if same { Ok(()) } else { Err(JwtFault::AccessTokenHash) }
}

/// §2: "It MUST NOT exceed 255 ASCII characters in length".
fn subject(claims: &Claims) -> Result<(), JwtFault> {
    let visible = |sub: &&str| sub.bytes().all(|byte| byte.is_ascii_graphic());
    let fits = |sub: &&str| (1..=255).contains(&sub.len());
    text(claims, "sub").filter(fits).filter(visible).map(drop).ok_or(JwtFault::Subject)
}

fn text<'a>(claims: &'a Claims, claim: &str) -> Option<&'a str> {
    claims.get(claim).and_then(Value::as_str)
}
