use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{ACCESS_TOKEN_LIFETIME, DevProvider};

/// A token request (RFC 6749 §4.1.3, RFC 7636 §4.5). What is not there is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenRequest {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

/// `POST /token`: a code becomes an access token, once.
pub(super) async fn exchange(
    State(provider): State<DevProvider>,
    headers: HeaderMap,
    request: Result<Form<TokenRequest>, FormRejection>,
) -> Response {
    if !is_vestibule(&provider, &headers) {
        return (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Basic")],
            error("invalid_client"),
        )
            .into_response();
    }
    let Ok(Form(request)) = request else {
        return (StatusCode::BAD_REQUEST, error("invalid_request")).into_response();
    };
    if request.grant_type != "authorization_code" {
        return (StatusCode::BAD_REQUEST, error("unsupported_grant_type")).into_response();
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&request.code_verifier));
    let answer = provider.issued(|issued| {
        // Taken before anything is compared: a code is tried once.
        let code = issued.codes.take(&request.code)?;
        let fits = code.redirect_uri == request.redirect_uri && code.code_challenge == challenge;
        fits.then(|| issued.access_tokens.issue(code.person))
    });
    match answer {
        Some(Ok(access_token)) => json_answer(&json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": ACCESS_TOKEN_LIFETIME.as_secs(),
            "scope": "openid profile email",
        }))
        .into_response(),
        Some(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, error("server_error")).into_response(),
        None => (StatusCode::BAD_REQUEST, error("invalid_grant")).into_response(),
    }
}

/// HTTP Basic (RFC 7617), id and secret form-encoded within (RFC 6749 §2.3.1). Both are letters,
/// digits, `-` and `_` here, which that encoding leaves as they are.
fn is_vestibule(provider: &DevProvider, headers: &HeaderMap) -> bool {
    let credentials = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, credentials)| STANDARD.decode(credentials).ok())
        .and_then(|credentials| String::from_utf8(credentials).ok());
    credentials.as_deref().and_then(|pair| pair.split_once(':')).is_some_and(|(id, secret)| {
        id == DevProvider::CLIENT_ID && provider.shared.client_secret.matches(secret)
    })
}

fn error(code: &str) -> impl IntoResponse + use<> {
    json_answer(&json!({ "error": code }))
}

/// JSON that nobody keeps (RFC 6749 §5.1).
pub(super) fn json_answer(value: &serde_json::Value) -> impl IntoResponse + use<> {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, value.to_string())
}
