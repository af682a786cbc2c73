//! `complete.rs`, with a Google and a GitHub that are played here.

use std::env::VarError;

use oauth2::http::StatusCode;
use serde_json::{Value, json};

use super::providers::Providers;
use super::visit::{Tokens, Visit, json, parameter};
use super::{in_axum, socket};
use crate::complete::{app, config};

/// The example, with a visitor that has come to it.
struct Example {
    providers: Providers,
    origin: String,
    visit: Visit,
}

impl Example {
    fn start() -> Self {
        let providers = Providers::start();
        let (listener, origin) = socket();
        let mut config = config(&origin, all_set).unwrap();
        config.providers = vec![providers.google(), providers.github()];
        in_axum(listener, app(config).unwrap());
        Self { providers, visit: Visit::to(&origin), origin }
    }

    fn sign_in(&self, provider: &str) -> Tokens {
        self.visit.sign_in("/api/me", "", provider)
    }

    /// Whose tokens these are.
    fn me(&self, tokens: &Tokens) -> Value {
        let response = self.visit.get("/api/me", &tokens.access);
        assert_eq!(response.status(), StatusCode::OK);
        json(&response)["user"].clone()
    }
}

fn all_set(name: &str) -> Result<String, VarError> {
    Ok(format!("the value of {name}, which is long enough"))
}

#[test]
fn the_providers_are_listed() {
    let example = Example::start();
    let listed = example.visit.document(&format!("{}/auth/providers", example.origin));
    let google = json!({ "id": "google", "name": "Google" });
    let github = json!({ "id": "github", "name": "GitHub" });
    assert_eq!(listed, json!({ "providers": [google, github] }));
}

#[test]
fn a_second_sign_in_finds_the_user_whatever_their_address_is() {
    let example = Example::start();
    let first = example.me(&example.sign_in("google"));
    assert_eq!(
        (&first["email"], &first["name"]),
        (&"ada@example.com".into(), &"Ada Lovelace".into())
    );

    "ada@example.org".clone_into(&mut example.providers.email());
    let second = example.me(&example.sign_in("google"));
    assert_eq!((&second["id"], &second["email"]), (&first["id"], &"ada@example.org".into()));
}

#[test]
fn a_refresh_finds_the_user_too() {
    let example = Example::start();
    let tokens = example.sign_in("github");
    let renewed = example.visit.refresh(&tokens);
    assert_ne!(renewed.access, tokens.access);
    assert_eq!(example.me(&renewed), example.me(&tokens));
}

#[test]
fn one_identifier_and_address_at_two_providers_are_two_users() {
    let example = Example::start();
    let [google, github] =
        ["google", "github"].map(|provider| example.me(&example.sign_in(provider)));
    assert_eq!((&google["email"], &google["name"]), (&github["email"], &github["name"]));
    assert_ne!(google["id"], github["id"]);
    assert_eq!(example.me(&example.sign_in("github")), github);
}

#[test]
fn without_a_token_the_way_to_one_is_told() {
    let example = Example::start();
    for token in ["", "made-up"] {
        let refused = example.visit.get("/api/me", token);
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let resource = example.visit.document(&parameter(&refused, "resource_metadata"));
        assert_eq!(resource["resource"], example.origin);
        assert_eq!(resource["authorization_servers"], json!([example.origin]));
    }
    let metadata = format!("{}/.well-known/oauth-authorization-server", example.origin);
    let metadata = example.visit.document(&metadata);
    for (endpoint, path) in [("authorization_endpoint", "authorize"), ("token_endpoint", "token")] {
        assert_eq!(metadata[endpoint], format!("{}/auth/{path}", example.origin));
    }
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let names = [
        "SESSION_SECRET",
        "JWT_SECRET",
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "GITHUB_CLIENT_ID",
        "GITHUB_CLIENT_SECRET",
    ];
    for missing in names {
        let but_one =
            |name: &str| if name == missing { Err(VarError::NotPresent) } else { all_set(name) };
        let fault = config("http://127.0.0.1:3000", but_one).unwrap_err().to_string();
        assert_eq!(fault, format!("{missing}: environment variable not found"));
    }
    for short in ["SESSION_SECRET", "JWT_SECRET"] {
        let one_short =
            |name: &str| if name == short { Ok("short".to_owned()) } else { all_set(name) };
        let fault = config("http://127.0.0.1:3000", one_short).unwrap_err().to_string();
        assert!(fault.starts_with(&format!("{short}: ")), "{fault}");
    }
}
