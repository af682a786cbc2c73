use http::{HeaderMap, header};

use super::Denied;

/// RFC 6750 §2.1: the header, and nothing else (OAuth 2.1 §5.1.1 knows no query parameter).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, Denied> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Denied::NoToken)?;
    if values.next().is_some() {
        return Err(Denied::Malformed);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Denied::Malformed)?;
    // Another scheme is no attempt at this one (RFC 9110 §11.6.2).
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Denied::NoToken) }
}
