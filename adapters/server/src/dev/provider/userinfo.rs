use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::DevProvider;
use super::token::json_answer;

/// `GET /userinfo`: who signed in (OpenID Connect Core §5.3).
pub(super) async fn answer(State(provider): State<DevProvider>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token);
    let person =
        token.and_then(|token| provider.issued(|issued| issued.access_tokens.find(token).cloned()));
    match person {
        Some(person) => json_answer(&json!({
            "sub": person.sub,
            "name": person.name,
            "email": person.email,
            "email_verified": person.email_verified,
        }))
        .into_response(),
        None => {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
            (StatusCode::UNAUTHORIZED, challenge).into_response()
        }
    }
}
