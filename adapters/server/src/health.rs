//! `GET /health`: whether the process answers.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// The route, to stand in front of Vestibule's service.
pub(crate) fn route() -> Router {
    Router::new().route("/health", get(health))
}

async fn health() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, r#"{"status":"ok"}"#)
}
