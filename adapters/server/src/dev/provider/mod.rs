//! The development identity provider: an OAuth provider as small as one can be, in which anybody
//! can be anybody.
//!
//! It plays the part of a provider with user info, PKCE and `iss`. Vestibule speaks to it over HTTP
//! as to any other.

mod authorize;
mod issued;
mod people;
mod token;
mod userinfo;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use vestibule_core::ClientSecret;

use self::authorize::{Code, message};
use self::issued::Issued;
use self::people::Person;
use super::pages::assets;

/// How long a code may be redeemed.
const CODE_LIFETIME: Duration = Duration::from_secs(60);
/// How long an access token is good for.
const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(600);

/// The provider, shared by its endpoints.
#[derive(Clone)]
pub(super) struct DevProvider {
    shared: Arc<Shared>,
}

struct Shared {
    /// Its own origin.
    issuer: String,
    /// Where a lost person finds the way.
    vestibule: String,
    redirect_uri: String,
    client_secret: ClientSecret,
    issued: Mutex<IssuedTexts>,
}

struct IssuedTexts {
    codes: Issued<Code>,
    access_tokens: Issued<Person>,
}

impl DevProvider {
    /// The provider's id in Vestibule.
    pub(super) const ID: &str = "dev";
    /// Vestibule's client_id here.
    pub(super) const CLIENT_ID: &str = "vestibule-dev";

    pub(super) fn new(
        issuer: String,
        vestibule: String,
        redirect_uri: String,
        client_secret: String,
    ) -> Self {
        let issued = Mutex::new(IssuedTexts {
            codes: Issued::new(CODE_LIFETIME),
            access_tokens: Issued::new(ACCESS_TOKEN_LIFETIME),
        });
        let client_secret = ClientSecret::new(client_secret);
        Self { shared: Arc::new(Shared { issuer, vestibule, redirect_uri, client_secret, issued }) }
    }

    /// Reads or changes what was issued.
    fn issued<T>(&self, act: impl FnOnce(&mut IssuedTexts) -> T) -> T {
        // A list that a panic left is still a list.
        act(&mut self.shared.issued.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Its endpoints and pages.
pub(super) fn routes(provider: DevProvider) -> Router {
    Router::new()
        .route("/", get(front_door))
        .route("/authorize", get(authorize::page).post(authorize::decide))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(userinfo::answer))
        .merge(assets())
        .with_state(provider)
}

async fn front_door(State(provider): State<DevProvider>) -> Response {
    let text = "Sign-ins start at Vestibule, which sends you here.";
    message(&provider, StatusCode::OK, "Development identity provider", text)
}

#[cfg(test)]
mod tests;
