//! The layer before a protected resource, in axum.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod sign_in;
mod tokens;

use axum::routing::{get, post};
use axum::{Extension, Router};
use gate::{Gate, gate};
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use sign_in::server_for;
use tokens::{Body, access_token, json_of};
use tower::ServiceExt;
use tower_service::Service;
use vestibule_core::{Principal, Resource, Server};
use vestibule_hyper::{Guard, Options, Protect, Vestibule, challenged};

const RES: &str = "http://127.0.0.1:1/mcp";
const OTHER: &str = "http://127.0.0.1:1/other";
const METADATA: &str = "http://127.0.0.1:1/.well-known/oauth-protected-resource/mcp";

/// A server of two resources whose flows run, and what waits for them at the gate.
fn vestibule() -> (Vestibule<Gate>, gate::Keeper) {
    let mut resource = Resource::new(RES, vec!["read".to_owned(), "write".to_owned()]).unwrap();
    resource.implies = [("write".to_owned(), vec!["read".to_owned()])].into();
    let other = Resource::new(OTHER, vec!["read".to_owned()]).unwrap();
    let (vestibule, keeper) = gate(server_for(vec![resource, other]), Options::default());
    keeper.open();
    (vestibule, keeper)
}

/// An access token for a resource.
async fn token(vestibule: &Vestibule<Gate>, resource: &str, scope: &str) -> String {
    access_token(vestibule, &format!("&resource={resource}&scope={scope}")).await
}

/// Needs `read` everywhere and `write` at one place.
fn app(guard: impl Guard) -> Router {
    async fn write(Extension(principal): Extension<Principal>) -> http::Response<Body> {
        match principal.require(&["read", "write"]) {
            Ok(()) => http::Response::new(Full::from("written")),
            Err(challenge) => challenged(&challenge),
        }
    }
    Router::new()
        .route("/mcp", get(|Extension(it): Extension<Principal>| async { it.subject }))
        .route("/mcp/write", post(write))
        .layer(Protect::new(guard).scopes(&["read"]))
}

async fn send(app: &Router, method: Method, path: &str, token: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:1");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    answer(app, request.body(Body::default()).unwrap()).await
}

type Answer = http::Response<axum::body::Body>;

async fn answer(app: &Router, request: Request<Body>) -> Answer {
    app.clone().oneshot(request).await.unwrap()
}

fn challenge(answer: &Answer) -> &str {
    let mut fields = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let field = fields.next().unwrap().to_str().unwrap();
    assert!(fields.next().is_none());
    field
}

#[tokio::test]
async fn who_has_a_token_comes_through_as_a_principal() {
    let (vestibule, _keeper) = vestibule();
    let token = token(&vestibule, RES, "read").await;
    let response = send(&app(vestibule.server().clone()), Method::GET, "/mcp", Some(&token)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"idp:"), "{body:?}");
}

#[tokio::test]
async fn who_has_none_is_told_where_to_get_one_and_for_what() {
    let (vestibule, _keeper) = vestibule();
    let response = send(&app(vestibule.server().clone()), Method::GET, "/mcp", None).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let field = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"read\"");
    assert_eq!(challenge(&response), field);
    assert_eq!(response.headers()["access-control-expose-headers"].to_str().unwrap(), {
        "WWW-Authenticate, Retry-After, mcp-session-id"
    });
    assert_eq!(json_of(response).await["error"], "invalid_token");
}

#[tokio::test]
async fn a_step_up_names_every_scope_of_the_operation() {
    let (vestibule, _keeper) = vestibule();
    let app = app(vestibule.server().clone());
    let reader = token(&vestibule, RES, "read").await;
    let response = send(&app, Method::POST, "/mcp/write", Some(&reader)).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let field = challenge(&response);
    assert!(field.starts_with("Bearer error=\"insufficient_scope\""), "{field}");
    assert!(field.ends_with(&format!("resource_metadata=\"{METADATA}\", scope=\"read write\"")));
}

/// A client that asks for what one layer names must come through the other.
#[tokio::test]
async fn a_layer_behind_another_names_the_scopes_of_both() {
    let (vestibule, _keeper) = vestibule();
    let reader = token(&vestibule, RES, "read").await;
    let protect = |scope| Protect::new(vestibule.server().clone()).scopes(&[scope]);
    let app = Router::new()
        .route("/mcp", get(async || ""))
        .layer(protect("write"))
        .layer(protect("read"));
    let response = send(&app, Method::GET, "/mcp", Some(&reader)).await;
    assert!(challenge(&response).ends_with("scope=\"read write\""));
}

/// MCP authorization, Scope Challenge Handling: what was granted contains the other.
#[tokio::test]
async fn a_scope_that_contains_the_others_is_enough() {
    let (vestibule, _keeper) = vestibule();
    let app = app(vestibule.server().clone());
    let writer = token(&vestibule, RES, "write").await;
    let response = send(&app, Method::POST, "/mcp/write", Some(&writer)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn aud_06_a_token_for_one_resource_is_refused_at_another() {
    let (vestibule, _keeper) = vestibule();
    let other = token(&vestibule, OTHER, "read").await;
    let response = send(&app(vestibule.server().clone()), Method::GET, "/mcp", Some(&other)).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

/// Two routers in one process, and a request that reached one of them and says that it is for the
/// other: its host or its path is the sender's to choose.
#[tokio::test]
async fn aud_06_a_layer_of_one_resource_takes_no_token_for_another() {
    let (vestibule, _keeper) = vestibule();
    let other = token(&vestibule, OTHER, "read").await;
    let send = async |protect: Protect<Server>| {
        let app = Router::new().route("/other/of/mcp", get(async || "")).layer(protect);
        send(&app, Method::GET, "/other/of/mcp", Some(&other)).await
    };
    let protect = Protect::new(vestibule.server().clone());
    assert_eq!(send(protect.clone()).await.status(), StatusCode::OK);
    let response = send(protect.at(RES).unwrap()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(challenge(&response).contains(METADATA));
}

#[tokio::test]
async fn a_layer_is_for_a_resource_that_there_is() {
    let (vestibule, _keeper) = vestibule();
    let protect = Protect::new(vestibule);
    assert!(protect.at("http://127.0.0.1:1/MCP").is_err());
}

#[tokio::test]
async fn the_metadata_and_a_preflight_need_no_token() {
    // The only resource of its process, so that every path leads to it.
    let only = Resource::new(RES, vec!["read".to_owned()]).unwrap();
    let app = app(server_for(vec![only]));
    let path = "/.well-known/oauth-protected-resource/mcp";
    let document = json_of(send(&app, Method::GET, path, None).await).await;
    assert_eq!(
        document,
        json!({
            "resource": RES,
            "authorization_servers": ["http://127.0.0.1:1"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["read"],
        })
    );
    let preflight = Request::options("/mcp")
        .header("origin", "https://inspector.test")
        .header("access-control-request-method", "POST");
    let response = answer(&app, preflight.body(Body::default()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
}

/// The [`Vestibule`] asks the store; the server alone sees it when the token expires.
#[tokio::test]
async fn a_revoked_grant_is_seen_at_once_by_whom_asks_the_store() {
    let (vestibule, _keeper) = vestibule();
    let token = token(&vestibule, RES, "read").await;
    let (live, alone) = (app(vestibule.clone()), app(vestibule.server().clone()));
    assert_eq!(send(&live, Method::GET, "/mcp", Some(&token)).await.status(), StatusCode::OK);
    end(&vestibule, &token).await;
    let response = send(&live, Method::GET, "/mcp", Some(&token)).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send(&alone, Method::GET, "/mcp", Some(&token)).await.status(), StatusCode::OK);
}

/// Its client revokes it (RFC 7009).
async fn end(vestibule: &Vestibule<Gate>, token: &str) {
    let revocation = Request::post("/oauth/revoke")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("client_id=app&token={token}")));
    let revoked = vestibule.clone().call(revocation.unwrap()).await.unwrap();
    assert_eq!(revoked.status(), StatusCode::OK);
}

#[tokio::test]
async fn where_the_store_panics_the_answer_is_to_come_again() {
    let (vestibule, keeper) = vestibule();
    let token = token(&vestibule, RES, "read").await;
    keeper.panic_at_the_next_load();
    let response = send(&app(vestibule), Method::GET, "/mcp", Some(&token)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[RETRY_AFTER], "1");
}
