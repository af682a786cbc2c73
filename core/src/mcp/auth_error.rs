use http::HeaderValue;
use serde_json::{Value, json};

use crate::resource::{BearerField, Challenge, Denied};

/// Where a tool's result has its challenges.
const MEMBER: &str = "mcp/www_authenticate";

/// Why a tool needs a (better) access token, and where a client gets one.
///
/// Whatever is put in, the field that comes out is one challenge of RFC 6750 §3 and RFC 9728 §5.1: a
/// double quote becomes a single one, what is no visible ASCII a space, and what is no URL and no
/// scope is left out, `offline_access` with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthError<'a> {
    /// Where the resource's metadata is: [`Protected::metadata_url`](crate::Protected::metadata_url).
    pub resource_metadata_url: &'a str,
    /// `invalid_token`, `insufficient_scope` or `invalid_request` (RFC 6750 §3.1).
    pub error: &'a str,
    /// What a developer reads. `None`: in a result it is the message, in a field nothing.
    pub error_description: Option<&'a str>,
    /// The scopes that the tool needs: all of them, since a client asks for what is named.
    pub required_scopes: &'a [&'a str],
}

impl<'a> AuthError<'a> {
    /// `invalid_token`, and nothing else said.
    #[must_use]
    pub fn new(resource_metadata_url: &'a str) -> Self {
        Self {
            resource_metadata_url,
            error: "invalid_token",
            error_description: None,
            required_scopes: &[],
        }
    }

    fn field(&self) -> BearerField {
        BearerField::new()
            .url("resource_metadata", self.resource_metadata_url)
            .words("error", self.error)
            .words("error_description", self.error_description.unwrap_or_default())
            .scopes(self.required_scopes.iter().copied())
    }
}

/// The value of a `WWW-Authenticate` header that says so.
#[must_use]
pub fn www_authenticate(error: &AuthError<'_>) -> HeaderValue {
    error.field().value()
}

/// A tool's result that says so, and makes a client offer to sign in:
/// `{"content": [{"type": "text", "text": message}], "_meta": {"mcp/www_authenticate": ["Bearer …"]},
/// "isError": true}`.
#[must_use]
pub fn create_auth_error(message: &str, error: &AuthError<'_>) -> Value {
    let description = error.error_description.or(Some(message));
    result(message, &AuthError { error_description: description, ..error.clone() }.field())
}

/// The same of a request that may not pass. It says what its 401 or 403 would, and an error code also
/// where no token came: without one, ChatGPT offers nobody to sign in. Where it could not be found out,
/// it is an error of the tool and asks nobody to sign in again.
#[must_use]
pub fn challenge_result(challenge: &Challenge) -> Value {
    if challenge.reason() == Denied::Unavailable {
        let text = json!({ "type": "text", "text": challenge.description() });
        return json!({ "content": [text], "isError": true });
    }
    result(challenge.description(), &challenge.whole())
}

/// Whether a tool's result asks for an access token.
#[must_use]
pub fn is_auth_error(result: &Value) -> bool {
    let challenges =
        result.get("_meta").and_then(|meta| meta.get(MEMBER)).and_then(Value::as_array);
    let is_challenge = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    result.get("isError") == Some(&Value::Bool(true))
        && challenges.is_some_and(|all| !all.is_empty() && all.iter().all(is_challenge))
}

fn result(message: &str, field: &BearerField) -> Value {
    json!({
        "content": [{ "type": "text", "text": message }],
        "_meta": { MEMBER: [field.as_str()] },
        "isError": true,
    })
}
