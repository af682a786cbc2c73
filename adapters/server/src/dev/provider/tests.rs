#![allow(clippy::unwrap_used, reason = "tests")]

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use tower::ServiceExt;
use url::Url;

use super::*;

const REDIRECT_URI: &str = "http://127.0.0.1:3000/oauth/callback/dev";
/// RFC 7636 Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The provider, and a browser and a Vestibule that speak to it.
struct World(Router);

impl World {
    fn new() -> Self {
        Self(routes(DevProvider::new(
            "http://127.0.0.1:9".to_owned(),
            "http://127.0.0.1:3000".to_owned(),
            REDIRECT_URI.to_owned(),
            "planted".to_owned(),
        )))
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(body.into()).unwrap())
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        self.send(form(path).body(encoded(fields)).unwrap()).await
    }

    /// Signs in; the parameters of the way back.
    async fn decide(&self, who: &[(&str, &str)]) -> Url {
        let request = [
            ("response_type", "code"),
            ("client_id", DevProvider::CLIENT_ID),
            ("redirect_uri", REDIRECT_URI),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let (status, headers, _) = self.post("/authorize", &[&request[..], who].concat()).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        Url::parse(headers[header::LOCATION].to_str().unwrap()).unwrap()
    }

    async fn redeem(&self, secret: &str, code: &str, verifier: &str) -> (StatusCode, String) {
        let basic = STANDARD.encode(format!("{}:{secret}", DevProvider::CLIENT_ID));
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", verifier),
        ];
        let request = form("/token").header(header::AUTHORIZATION, format!("Basic {basic}"));
        let (status, _, body) = self.send(request.body(encoded(&fields)).unwrap()).await;
        (status, body)
    }

    async fn user(&self, token: &str) -> (StatusCode, serde_json::Value) {
        let request =
            Request::get("/userinfo").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let (status, _, body) = self.send(request.body(Body::empty()).unwrap()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }
}

fn form(path: &str) -> axum::http::request::Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
}

fn encoded(fields: &[(&str, &str)]) -> Body {
    let encoded =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Body::from(encoded)
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

#[tokio::test]
async fn an_example_person_signs_in() {
    let world = World::new();
    let back = world.decide(&[("person", "chen")]).await;
    assert_eq!(
        (parameter(&back, "state"), parameter(&back, "iss")),
        ("s".into(), "http://127.0.0.1:9".into())
    );
    let (status, body) = world.redeem("planted", &parameter(&back, "code"), VERIFIER).await;
    assert_eq!(status, StatusCode::OK);
    let tokens: serde_json::Value = serde_json::from_str(&body).unwrap();
    let (_, user) = world.user(tokens["access_token"].as_str().unwrap()).await;
    let chen = serde_json::json!({
        "sub": "chen", "name": "Chen Mei", "email": "chen@example.org", "email_verified": false,
    });
    assert_eq!(user, chen);
}

#[tokio::test]
async fn a_person_who_cancels_goes_back_with_access_denied() {
    let back = World::new().decide(&[("cancel", "yes")]).await;
    assert_eq!(parameter(&back, "error"), "access_denied");
}

#[tokio::test]
async fn a_code_is_tried_once() {
    let world = World::new();
    let code = parameter(&world.decide(&[("person", "ada")]).await, "code");
    let (wrong_verifier, _) = world.redeem("planted", &code, "x").await;
    let (afterwards, _) = world.redeem("planted", &code, VERIFIER).await;
    assert_eq!([wrong_verifier, afterwards], [StatusCode::BAD_REQUEST; 2]);
}

#[tokio::test]
async fn a_wrong_secret_spends_no_code() {
    let world = World::new();
    let code = parameter(&world.decide(&[("person", "ada")]).await, "code");
    let (wrong_secret, _) = world.redeem("guessed", &code, VERIFIER).await;
    let (right_secret, _) = world.redeem("planted", &code, VERIFIER).await;
    assert_eq!([wrong_secret, right_secret], [StatusCode::UNAUTHORIZED, StatusCode::OK]);
}

#[tokio::test]
async fn nobody_is_sent_to_another_redirect_uri() {
    let fields = [("client_id", DevProvider::CLIENT_ID), ("redirect_uri", "http://evil.test/")];
    let (status, headers, body) = World::new().post("/authorize", &fields).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(!headers.contains_key(header::LOCATION) && body.contains("NOT FOR PRODUCTION"));
}

#[tokio::test]
async fn an_unknown_token_is_nobody() {
    assert_eq!(World::new().user("x").await.0, StatusCode::UNAUTHORIZED);
}
