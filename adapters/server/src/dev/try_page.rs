//! The try page: a public OAuth client that runs in the browser, as three files without anything
//! from elsewhere.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use super::pages::{asset, assets, page};

/// `/` and what it loads.
pub(super) fn routes() -> Router {
    let html = async || page(StatusCode::OK, include_str!("../../assets/try.html"));
    let script =
        async || asset("text/javascript; charset=utf-8", include_str!("../../assets/try.js"));
    Router::new().route("/", get(html)).route("/try.js", get(script)).merge(assets())
}
