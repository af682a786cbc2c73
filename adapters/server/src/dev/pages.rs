//! What the pages of both development servers have in common: headers, style, icon.

use axum::Router;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Everything comes from the own origin and nothing is framed. `form-action` is left open: browsers
/// hold it against redirects as well, and a sign-in's way back ends at a client of any origin.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The arch that stands for Vestibule.
pub(super) const ICON: &str = include_str!("../../assets/icon.svg");

/// An HTML page.
pub(super) fn page(status: StatusCode, html: impl Into<String>) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, html.into()).into_response()
}

/// A file that is part of the program.
pub(super) fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

/// Style and icon, on both servers.
pub(super) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let css = async || asset("text/css; charset=utf-8", include_str!("../../assets/page.css"));
    let icon = async || asset("image/svg+xml", ICON);
    Router::new().route("/dev/page.css", get(css)).route("/dev/icon.svg", get(icon))
}
