//! `GET /health`: whether the process answers.

use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::running::Own;

/// What core answers to a method that an endpoint does not know.
const METHOD: &str = r#"{"error":"invalid_request","error_description":"The endpoint does not know this method; see Allow."}"#;

/// As every other answer has them.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

const PATH: &str = "/health";

/// The route, to stand in front of Vestibule's service.
pub(crate) fn own() -> Own {
    let routes = Router::new().route(PATH, get(health).fallback(other));
    Own { routes, paths: &[PATH] }
}

async fn health() -> impl IntoResponse {
    (HEADERS, r#"{"status":"ok"}"#)
}

/// Methods that are not answered, refused as core refuses them.
async fn other() -> impl IntoResponse {
    let allow = [(header::ALLOW, "GET, HEAD")];
    (StatusCode::METHOD_NOT_ALLOWED, HEADERS, allow, METHOD)
}
