//! Google and GitHub, played by one server. Everybody is Ada there, and signed in already.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_core::provider::{Provider, github_enterprise, google};
use vestibule_core::{ClientSecret, EndpointUrl};
use vestibule_hyper::SystemClock;

use super::id_tokens::{IdToken, Key, jwk_set};
use super::{in_axum, socket};

const CLIENT_ID: &str = "the example";
const CLIENT_SECRET: &str = "its secret: at both";
/// Ada's at both, by chance.
const ID: u32 = 583_231;

const ACCESS_TOKEN: &str = "an-upstream-access-token";

/// Answers until the process ends.
pub(super) struct Providers {
    origin: String,
    email: Arc<Mutex<String>>,
}

impl Providers {
    pub(super) fn start() -> Self {
        let (listener, origin) = socket();
        let email = Arc::new(Mutex::new("ada@example.com".to_owned()));
        let shared = (origin.clone(), Arc::clone(&email));
        in_axum(listener, Router::new().fallback(answer).with_state(shared));
        Self { origin, email }
    }

    /// Ada's address at both.
    pub(super) fn email(&self) -> MutexGuard<'_, String> {
        self.email.lock().unwrap()
    }

    /// The preset, but for where it is.
    pub(super) fn google(&self) -> Provider {
        let mut google = google(CLIENT_ID, ClientSecret::new(CLIENT_SECRET));
        let metadata = google.metadata_mut().unwrap();
        metadata.issuer = Some(self.origin.clone());
        metadata.authorization_endpoint = self.endpoint("/google/authorize");
        metadata.token_endpoint = self.endpoint("/google/token");
        metadata.jwks_uri = Some(self.endpoint("/google/certs"));
        google
    }

    /// The preset of a GitHub that is somewhere else.
    pub(super) fn github(&self) -> Provider {
        github_enterprise(&self.endpoint(""), CLIENT_ID, ClientSecret::new(CLIENT_SECRET))
    }

    fn endpoint(&self, path: &str) -> EndpointUrl {
        EndpointUrl::parse(&format!("{}{path}", self.origin)).unwrap()
    }
}

async fn answer(
    State((origin, email)): State<(String, Arc<Mutex<String>>)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (query, form) = (pairs(head.uri.query().unwrap_or("").as_bytes()), pairs(&body));
    let email = email.lock().unwrap().clone();
    let bearer = head.headers.get(header::AUTHORIZATION);
    let is_ours = bearer.is_some_and(|it| it == format!("Bearer {ACCESS_TOKEN}").as_str());
    match (head.method.as_str(), head.uri.path()) {
        // The code is the nonce, which the ID token has to repeat; RFC 9207 asks for `iss`.
        ("GET", "/google/authorize") => {
            back(&query, &[("code", &query["nonce"]), ("iss", &origin)])
        }
        ("POST", "/google/token") if is_for_us(&form) => {
            let now = SystemClock.now().seconds();
            let nonce = &form["code"];
            let token = IdToken::new(&origin, CLIENT_ID, nonce, now, "one", Key::Rsa)
                .claim("sub", ID.to_string())
                .claim("email", email)
                .claim("email_verified", true)
                .claim("name", "Ada Lovelace");
            said(&tokens(json!({ "id_token": token.text() })))
        }
        ("GET", "/google/certs") => said(&jwk_set(&[("one", Key::Rsa)])),
        ("GET", "/login/oauth/authorize") => back(&query, &[("code", "a-code-of-github")]),
        ("POST", "/login/oauth/access_token") if is_for_us(&form) => said(&tokens(json!({}))),
        ("GET", "/api/v3/user") if is_ours => {
            said(&json!({ "id": ID, "login": "ada", "name": "Ada Lovelace", "email": null }))
        }
        ("GET", "/api/v3/user/emails") if is_ours => {
            said(&json!([{ "email": email, "primary": true, "verified": true }]))
        }
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Whether a token request is the example's (RFC 6749 §4.1.3, RFC 7636 §4.5).
fn is_for_us(form: &HashMap<String, String>) -> bool {
    let has = |name: &str, value: &str| form.get(name).is_some_and(|it| it == value);
    has("grant_type", "authorization_code")
        && has("client_id", CLIENT_ID)
        && has("client_secret", CLIENT_SECRET)
        && form.contains_key("code")
        && form.contains_key("code_verifier")
}

fn tokens(more: Value) -> Value {
    let mut tokens = json!({ "access_token": ACCESS_TOKEN, "token_type": "bearer" });
    tokens.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tokens
}

fn back(asked: &HashMap<String, String>, said: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(said).append_pair("state", &asked["state"]).finish();
    let location = format!("{}?{query}", asked["redirect_uri"]);
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

fn said(document: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

fn pairs(text: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}
