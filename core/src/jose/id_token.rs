use serde_json::{Map, Value};

use super::compact::{Compact, Kind};
use super::jwk_set::{Found, Jwk, JwkSet};
use super::{JwtFault, NotVerified, claims};
use crate::keys::{SignatureLibrary, hs256_from_bytes};
use crate::secret::ClientSecret;
use crate::tick::Timestamp;

/// What the ID token of one sign-in must say.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// Who issued it: the exact text, or one with `{tenantid}` inside where the token's own `tid`
    /// stands (Microsoft Entra ID, for people of any tenant). Whoever wants certain tenants only has
    /// to look at `tid` then.
    pub(crate) issuer: &'a str,
    /// Our name at the provider: the one audience, and the one authorized party.
    pub(crate) client_id: &'a str,
    /// That of this sign-in.
    pub(crate) nonce: &'a str,
    /// The token that came beside it; `at_hash`, where it is there, is that of this one.
    pub(crate) access_token: Option<&'a str>,
    /// The time now. Clocks may be a minute apart.
    pub(crate) now: Timestamp,
}

/// With what the signature is verified: an operator's decision, not the token's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys<'a> {
    /// The provider's keys: RS256, ES256 and EdDSA.
    Published(&'a JwkSet),
    /// Our secret at the provider: HS256, where that is configured.
    Secret(&'a ClientSecret),
}

/// The claims of an ID token that is genuine, for us, and of this sign-in (OpenID Connect Core
/// §3.1.3.7). `library` verifies the signature where it takes the key.
///
/// # Errors
/// [`NotVerified`], with the first thing that is wrong. Nothing of such a token is true.
pub(crate) fn verify(
    token: &str,
    keys: &Keys<'_>,
    expected: &Expected<'_>,
    library: Option<&dyn SignatureLibrary>,
) -> Result<Map<String, Value>, NotVerified> {
    let token = Compact::read(token, Kind::Jwt)?;
    let key_issuer = match keys {
        Keys::Published(set) => verify_published(&token, set, library)?.issuer(),
        Keys::Secret(secret) => {
            verify_secret(&token, secret)?;
            None
        }
    };
    let claims = token.claims()?;
    claims::check(&claims, &token.alg, key_issuer, expected)?;
    Ok(claims)
}

/// Whether a set has the key that a token is signed by. One that does not name its key is signed by
/// the one that fits, or by one that the set does not have yet. A token that cannot be read does not
/// want for a key.
pub(crate) fn has_key_of(
    token: &str,
    set: &JwkSet,
    library: Option<&dyn SignatureLibrary>,
) -> bool {
    let Ok(token) = Compact::read(token, Kind::Jwt) else { return true };
    match &token.kid {
        Some(kid) => !matches!(set.find(Some(kid), &token.alg), Found::None),
        None => !matches!(verify_published(&token, set, library), Err(NotVerified::UnknownKey)),
    }
}

/// Answers the key that signed the token.
pub(super) fn verify_published<'a>(
    token: &Compact<'_>,
    set: &'a JwkSet,
    library: Option<&dyn SignatureLibrary>,
) -> Result<&'a Jwk, NotVerified> {
    // JWT-01, JWT-02: asked before the key is looked for, so that nothing is fetched for such a token.
    if !["RS256", "ES256", "EdDSA"].contains(&token.alg.as_str()) {
        return Err(JwtFault::Algorithm.into());
    }
    let key = match set.find(token.kid.as_deref(), &token.alg) {
        Found::One(key) => key,
        Found::Several => return Err(JwtFault::AmbiguousKey.into()),
        Found::None => return Err(NotVerified::UnknownKey),
    };
    // JWT-03: the algorithm is the key's.
    let public = key.public();
    if token.alg != public.alg() {
        return Err(JwtFault::Algorithm.into());
    }
    if public.verify(library, token.signed.as_bytes(), &token.signature) {
        return Ok(key);
    }
    // A token that names no key may be of one that has replaced the one that is known.
    Err(match token.kid {
        Some(_) => JwtFault::Signature.into(),
        None => NotVerified::UnknownKey,
    })
}

/// OpenID Connect Core §10.1: the key is the secret's bytes.
fn verify_secret(token: &Compact<'_>, secret: &ClientSecret) -> Result<(), JwtFault> {
    if token.alg != "HS256" {
        return Err(JwtFault::Algorithm);
    }
    let key = hs256_from_bytes(secret.expose().as_bytes());
    let key = key.map_err(|_| JwtFault::ShortSecret)?;
    if !key.verify(token.signed.as_bytes(), &token.signature) {
        return Err(JwtFault::Signature);
    }
    Ok(())
}
