//! What the clients make of an answer. The strictest of them sets what holds for all; what one of
//! them alone asks for is in its own file.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::bytes::Answer;
use crate::site::Site;

/// A document of a discovery: 200 at once, JSON, without `null`.
pub(crate) fn document(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.field("location")), (200, None), "{answer:?}");
    json_of(answer)
}

/// What sends a client on to the next address.
pub(crate) fn assert_nothing(answer: &Answer) {
    assert_eq!((answer.status, answer.field("location")), (404, None), "{answer:?}");
    assert!(json_of(answer)["error"].is_string(), "{answer:?}");
}

/// The metadata of the server, whose issuer is the identifier that was asked for (RFC 8414 §3.3), with
/// what no client goes on without.
pub(crate) fn metadata(answer: &Answer, site: &Site) -> Value {
    let metadata = document(answer);
    assert_eq!(metadata["issuer"], site.issuer());
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    // ChatGPT does not connect without, and others choose by it.
    let methods = json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], methods);
    for endpoint in ["authorization_endpoint", "token_endpoint", "registration_endpoint"] {
        assert!(text(&metadata, endpoint).starts_with(site.issuer()), "{metadata}");
    }
    metadata
}

pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) answer: Value,
}

/// RFC 7591 §3.2.1: 201, what was sent comes back, a secret exactly where the method has one.
pub(crate) fn registered(answer: &Answer, sent: &Value) -> Registered {
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let answer = json_of(answer);
    for name in ["redirect_uris", "grant_types", "response_types", "client_name"] {
        if let Some(sent) = sent.get(name) {
            assert_eq!(answer[name], *sent, "{name}");
        }
    }
    let asked = sent["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_basic");
    assert_eq!(answer["token_endpoint_auth_method"], asked);
    let secret = answer.get("client_secret").map(|_| text(&answer, "client_secret"));
    assert_eq!(secret.is_some(), asked != "none", "{answer}");
    if secret.is_some() {
        assert_eq!(answer["client_secret_expires_at"], 0);
    }
    let id = text(&answer, "client_id");
    // Raw and encoded are the same.
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    assert!(plain(&id) && secret.as_deref().is_none_or(plain), "{answer}");
    Registered { id, secret, answer }
}

/// RFC 6749 §5.1, for this resource and with these scopes.
pub(crate) fn tokens(answer: &Answer, resource: &str, scope: &str) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let tokens = json_of(answer);
    assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!(scope)));
    assert!(tokens["expires_in"].is_u64() && tokens["refresh_token"].is_string(), "{tokens}");
    let access_token = text(&tokens, "access_token");
    let claims = URL_SAFE_NO_PAD.decode(access_token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["aud"], &claims["scope"]), (&json!(resource), &json!(scope)));
    tokens
}

/// RFC 6749 §5.2.
pub(crate) fn assert_refused(answer: &Answer, status: u16, error: &str) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let json = json_of(answer);
    assert_eq!(json["error"], error, "{json}");
    json
}

/// A member that must be there as text.
pub(crate) fn text(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}")).to_owned()
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.field("content-type"), Some("application/json"), "{answer:?}");
    let json = serde_json::from_str(&answer.body).unwrap();
    assert_no_null(&json);
    json
}

/// Both TypeScript SDKs refuse it anywhere.
fn assert_no_null(json: &Value) {
    match json {
        Value::Null => panic!("null"),
        Value::Array(items) => items.iter().for_each(assert_no_null),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            assert!(!value.is_null(), "{name} is null: {json}");
            assert_no_null(value);
        }),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
