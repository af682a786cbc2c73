//! Compact JWS (RFC 7515 §3.1), for the tokens this server signs itself. The algorithm belongs to
//! the key, never to the token.

use serde_json::{Map, Value};

use crate::encoding::{from_base64url, push_base64url};
use crate::json;
use crate::keys::{SigningFailed, SigningKey};

/// What an access token says in its header (RFC 9068 §2.1).
const ACCESS_TOKEN: &str = "at+jwt";

/// The longest token that is looked at, in characters.
const LONGEST: usize = 16 * 1024;

/// Signs `claims`, a JSON object, as an access token (RFC 9068).
pub(crate) fn sign(key: &SigningKey, claims: &[u8]) -> Result<String, SigningFailed> {
    let header = format!(
        r#"{{"alg":"{}","typ":"{ACCESS_TOKEN}","kid":"{}"}}"#,
        key.algorithm().as_str(),
        key.kid()
    );
    let mut token = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 96);
    push_base64url(&mut token, header);
    token.push('.');
    push_base64url(&mut token, claims);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    push_base64url(&mut token, signature);
    Ok(token)
}

/// The claims of an access token that one of `keys` signed.
pub(crate) fn verify(keys: &[SigningKey], token: &str) -> Option<Map<String, Value>> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header = json::object(&from_base64url(header)?)?;
    let text = |member: &str| header.get(member).and_then(Value::as_str);
    // JWT-14: `typ` is compared without case, and may have its media type prefix (RFC 9068 §4, RFC
    // 7515 §4.1.9).
    let typ = text("typ")?.to_ascii_lowercase();
    if typ.strip_prefix("application/").unwrap_or(&typ) != ACCESS_TOKEN {
        return None;
    }
    // JWT-08: nothing critical is understood here, so nothing may be critical (RFC 7515 §4.1.11,
    // RFC 7797 §3).
    if header.contains_key("crit") || header.contains_key("b64") {
        return None;
    }
    let kid = text("kid")?;
    let key = keys.iter().find(|key| key.kid() == kid)?;
    if text("alg")? != key.algorithm().as_str() {
        return None;
    }
    if !key.verify(signed.as_bytes(), &from_base64url(signature)?) {
        return None;
    }
    json::object(&from_base64url(claims)?)
}

#[cfg(test)]
mod tests;
