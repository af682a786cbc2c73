//! What a client publishes as its keys (RFC 7517).

use serde_json::Value;

/// RFC 7518 §6.2.2, §6.3.2, §6.4.1: each of these gives the key away.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Whether it is a set of public keys: nobody sends a private one on purpose.
///
/// # Errors
/// What it is instead.
pub(super) fn check(jwks: &Value) -> Result<(), &'static str> {
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or("must be a JWK set")?;
    let private = |key: &Value| PRIVATE.iter().any(|member| key.get(member).is_some());
    if keys.iter().any(private) {
        return Err("has a private key in it, which is no longer secret: replace it");
    }
    Ok(())
}
