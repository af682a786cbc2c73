//! Compact JWS (RFC 7515 §3.1), for the tokens this server signs itself. The algorithm belongs to
//! the key, never to the token.

use serde_json::{Map, Value};

use crate::encoding::push_base64url;
use crate::jose::{ACCESS_TOKEN, Compact, Kind};
use crate::keys::{SigningFailed, SigningKey};

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
    let token = Compact::read(token, Kind::AccessToken).ok()?;
    let key = keys.iter().find(|key| token.kid.as_deref() == Some(key.kid()))?;
    let is_good = token.alg == key.algorithm().as_str()
        && key.verify(token.signed.as_bytes(), &token.signature);
    if is_good { token.claims().ok() } else { None }
}

#[cfg(test)]
mod tests;
