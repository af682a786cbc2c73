//! A complete application on axum: people sign in with Google or GitHub, are found in a table of
//! users, and a protected API says who they are.
//!
//! `cargo run -p vestibule-examples --example complete`, with `GOOGLE_CLIENT_ID`,
//! `GOOGLE_CLIENT_SECRET`, `GITHUB_CLIENT_ID`, `GITHUB_CLIENT_SECRET`, `SESSION_SECRET` and
//! `JWT_SECRET` in the environment. The last two have at least 32 characters; `openssl rand -hex 32`
//! makes one. At the providers, register `http://127.0.0.1:3000/auth/callback/google` and
//! `http://127.0.0.1:3000/auth/callback/github` as where people come back.
//!
//! Then an OAuth client that knows nothing but `http://127.0.0.1:3000/api/me` finds the rest by
//! itself: the 401 leads to the resource's metadata, those to the server's, and there is where to
//! register, to authorize and to get tokens.
#![expect(clippy::print_stdout, reason = "it says where it is")]

use std::collections::HashMap;
use std::env::{self, VarError};
use std::error::Error;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;
use vestibule_core::drive::{Composite, Mapper};
use vestibule_core::provider::{github, google};
use vestibule_core::{
    Algorithm, ClientSecret, Config, Issuer, MapFailure, MapUser, Mapped, MemoryStore, Occasion,
    Paths, Principal, SealingSecret, Server, SigningKey,
};
use vestibule_hyper::{HyperTransport, Protect, SystemClock, Vestibule};

const BASE_URL: &str = "http://127.0.0.1:3000";

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let app = app(config(BASE_URL, |name| env::var(name))?)?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("sign in at {BASE_URL}/auth/authorize; the API is {BASE_URL}/api/me");
    Ok(axum::serve(listener, app).await?)
}

/// What the operator decides, with what must not stand in the code from the environment.
pub(crate) fn config(
    base_url: &str,
    variable: impl Fn(&str) -> Result<String, VarError>,
) -> Result<Config, Box<dyn Error>> {
    let set = |name| named(name, variable(name));
    let session_secret = SealingSecret::from_text(&set("SESSION_SECRET")?);
    // HS256: whoever verifies these tokens can also make them. Here that is one and the same
    // process; where the API is another one, let the key be of `Algorithm::EdDsa`.
    let jwt_secret = SigningKey::parse(Algorithm::Hs256, &set("JWT_SECRET")?);
    let mut config = Config::new(
        Issuer::parse(base_url)?,
        vec![named("SESSION_SECRET", session_secret)?],
        vec![named("JWT_SECRET", jwt_secret)?],
    );
    config.paths = Paths::mounted_at("/auth");
    let secret = |name| set(name).map(ClientSecret::new);
    config.providers = vec![
        google(set("GOOGLE_CLIENT_ID")?, secret("GOOGLE_CLIENT_SECRET")?),
        github(set("GITHUB_CLIENT_ID")?, secret("GITHUB_CLIENT_SECRET")?),
    ];
    config.map_users = true;
    Ok(config)
}

/// The value of a variable, or what is wrong with which one.
fn named<T>(name: &str, value: Result<T, impl Display>) -> Result<T, String> {
    value.map_err(|fault| format!("{name}: {fault}"))
}

/// The application: an API behind `Protect`, and beside it where its callers get their tokens. That
/// is `/auth/authorize`, `/auth/callback/…`, `/auth/token`, `/auth/providers` and what else there is
/// below `/auth`, and the documents below `/.well-known`.
pub(crate) fn app(config: Config) -> Result<Router, Box<dyn Error>> {
    let driver = Composite {
        clock: SystemClock,
        transport: HyperTransport::new()?,
        // Ends with the process, as the users below do; `vestibule_sqlite::SqliteStore` lasts.
        // Either is to be swept now and then.
        store: MemoryStore::new(),
        mapper: Users::default(),
    };
    let vestibule = Vestibule::new(Server::new(config)?, driver);
    Ok(Router::new()
        .route("/api/me", get(me))
        .route_layer(Protect::new(vestibule.clone()))
        .fallback_service(vestibule))
}

/// The caller, as their access token says.
async fn me(Extension(caller): Extension<Principal>) -> Json<Value> {
    let claim = |name| caller.claims.get(name);
    Json(json!({
        "user": { "id": caller.subject, "email": claim("email"), "name": claim("name") },
    }))
}

/// The table of users: in memory, to be replaced by a real one.
///
/// A user is found by the provider and the provider's own identifier for them, which stay the same
/// and which nobody else ever has. An e-mail address is not like that: people change it, employers
/// give it to the next person, and a provider may let somebody type in what belongs to another. Who
/// is found by it can be somebody else tomorrow, or is already.
#[derive(Default)]
struct Users(Mutex<HashMap<String, User>>);

struct User {
    /// Random, so that none is given twice, not even where the table was lost.
    id: Uuid,
    email: Option<String>,
    name: Option<String>,
}

impl Mapper for Users {
    async fn map_user(&self, asked: MapUser) -> Result<Mapped, MapFailure> {
        let person = asked.user;
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // At a refresh nobody is here: who is gone from the table since then stays away.
        if asked.occasion == Occasion::SignIn {
            let new = || User { id: Uuid::new_v4(), email: None, name: None };
            let user = users.entry(person.key()).or_insert_with(new);
            user.email = person.email.clone().filter(|_| person.email_verified);
            user.name = person.name.clone();
        }
        let gone = || MapFailure::Denied("There is no such user any more.".to_owned());
        let user = users.get(&person.key()).ok_or_else(gone)?;
        Ok(Mapped::Claims(Map::from_iter([
            ("sub".to_owned(), user.id.to_string().into()),
            ("email".to_owned(), user.email.clone().into()),
            ("name".to_owned(), user.name.clone().into()),
        ])))
    }
}
