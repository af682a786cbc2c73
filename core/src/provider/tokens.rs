//! What a provider's token endpoint answered (RFC 6749 §5).

use std::time::Duration;

use serde_json::{Map, Value};

use crate::json;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::{UpstreamAccessToken, UpstreamIdToken, UpstreamRefreshToken, UpstreamTokens};

/// The tokens of a successful answer. Whatever is not one is refused with a named reason: an answer
/// that is read leniently is how an unknown person gets a token.
pub(crate) fn read_tokens(response: &Response) -> Result<UpstreamTokens, Refusal> {
    if response.status.is_server_error() || response.status == 429 {
        return Err(Refusal::UpstreamBusy);
    }
    let answer = json::object(&response.body);
    // UPS-04: GitHub answers a bad code with 200 and an `error` member.
    if answer.as_ref().is_some_and(|answer| answer.contains_key("error")) {
        return Err(Refusal::UpstreamError);
    }
    if response.status != 200 {
        return Err(Refusal::UpstreamStatus(response.status.as_u16()));
    }
    let answer =
        answer.ok_or(Refusal::UpstreamMalformed("the token response is no JSON object"))?;
    let bearer = answer.get("token_type").and_then(Value::as_str);
    if !bearer.is_some_and(|token_type| token_type.eq_ignore_ascii_case("bearer")) {
        return Err(Refusal::UpstreamMalformed("token_type is not Bearer"));
    }
    let access_token = token(&answer, "access_token", LONGEST)?
        .ok_or(Refusal::UpstreamMalformed("access_token is missing"))?;
    Ok(UpstreamTokens {
        access_token: UpstreamAccessToken::new(access_token),
        refresh_token: token(&answer, "refresh_token", LONGEST)?.map(UpstreamRefreshToken::new),
        id_token: token(&answer, "id_token", LONGEST_ID_TOKEN)?.map(UpstreamIdToken::new),
        expires_in: answer.get("expires_in").and_then(seconds),
        scope: answer.get("scope").and_then(Value::as_str).map(str::to_owned),
    })
}

/// Why a refresh gave no tokens.
#[derive(Debug)]
pub(crate) enum NotRefreshed {
    /// The refresh token is no good, for good (RFC 6749 §5.2).
    Over,
    /// All else: trouble of the provider's, or of ours with it. It says nothing of the person.
    Trouble(Refusal),
}

/// The tokens of a successful answer to a refresh.
pub(crate) fn read_refreshed(response: &Response) -> Result<UpstreamTokens, NotRefreshed> {
    read_tokens(response).map_err(|refusal| {
        let answer = json::object(&response.body);
        let error = answer.as_ref().and_then(|answer| answer.get("error")?.as_str());
        match (refusal, error) {
            // GitHub has a name of its own, with status 200.
            (Refusal::UpstreamError, Some("invalid_grant" | "bad_refresh_token")) => {
                NotRefreshed::Over
            }
            (refusal, _) => NotRefreshed::Trouble(refusal),
        }
    })
}

/// The longest ID token that is read, in characters.
const LONGEST_ID_TOKEN: usize = 16 * 1024;

/// The longest of the others: they travel in header fields, and two of them have to fit into a record
/// beside all else.
const LONGEST: usize = 8 * 1024;

/// A token: visible ASCII (RFC 6750 §2.1 is narrower still), since it travels in a header field.
fn token<'a>(
    answer: &'a Map<String, Value>,
    member: &str,
    longest: usize,
) -> Result<Option<&'a str>, Refusal> {
    match answer.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if is_token(text, longest) => Ok(Some(text)),
        Some(_) => Err(Refusal::UpstreamMalformed("a token is not a string of visible ASCII")),
    }
}

/// A time from now on, as a number or, as some providers write it, as a text. What cannot be one says
/// nothing, and nobody plans further than a year (UPS-07).
fn seconds(value: &Value) -> Option<Duration> {
    const LONGEST: u64 = 365 * 24 * 60 * 60;
    let seconds = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    (seconds > 0).then(|| Duration::from_secs(seconds.min(LONGEST)))
}

fn is_token(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn read(status: u16, body: &str) -> Result<UpstreamTokens, Refusal> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        read_tokens(&Response::new(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body))
    }

    #[test]
    fn ups_04_an_error_with_status_200_is_an_error() {
        let body = r#"{"error":"bad_verification_code","access_token":"x","token_type":"bearer"}"#;
        assert_eq!(read(200, body).unwrap_err(), Refusal::UpstreamError);
        assert!(read(200, "<html>").is_err());
    }

    #[test]
    fn ups_05_a_form_is_not_misread() {
        assert!(read(200, "access_token=x&token_type=bearer").is_err());
    }

    #[test]
    fn ups_06_an_access_token_that_is_none_is_refused() {
        let huge = format!("\"{}\"", "a".repeat(1024 * 1024));
        for value in ["null", "1", "{}", "\"\"", "\"a\\r\\nb\"", &huge] {
            let body = format!(r#"{{"access_token":{value},"token_type":"Bearer"}}"#);
            assert!(matches!(read(200, &body), Err(Refusal::UpstreamMalformed(_))));
        }
    }

    #[test]
    fn ups_08_another_token_type_is_refused() {
        for token_type in ["", r#","token_type":"mac""#, r#","token_type":"DPoP""#] {
            assert!(read(200, &format!(r#"{{"access_token":"x"{token_type}}}"#)).is_err());
        }
        assert!(read(200, r#"{"access_token":"x","token_type":"BEARER"}"#).is_ok());
    }

    #[test]
    fn trouble_at_the_provider_is_told_from_its_no() {
        assert_eq!(read(503, "").unwrap_err(), Refusal::UpstreamBusy);
        assert_eq!(read(400, "").unwrap_err(), Refusal::UpstreamStatus(400));
    }

    #[test]
    fn ups_07_a_lifetime_is_a_positive_number_or_unknown() {
        let lifetime = |value: &str| {
            let body =
                format!(r#"{{"access_token":"x","token_type":"Bearer","expires_in":{value}}}"#);
            read(200, &body).unwrap().expires_in.map(|lifetime| lifetime.as_secs())
        };
        assert_eq!(lifetime("3600"), Some(3600));
        assert_eq!(lifetime("\"3600\""), Some(3600));
        assert_eq!(lifetime("18446744073709551615"), Some(365 * 24 * 60 * 60));
        for nonsense in ["-1", "0", "1e308", "null", "\"\"", "\"1e3\"", "[]", "1.5"] {
            assert_eq!(lifetime(nonsense), None, "{nonsense}");
        }
    }
}
