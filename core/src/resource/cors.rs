//! What browsers have to be told so that scripts of other sites can be clients (Fetch, CORS
//! protocol): nothing here depends on cookies, so any site may ask.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::reply::Response;

/// What a script may read beside the body.
const EXPOSED: &str = "WWW-Authenticate, Retry-After, mcp-session-id";

/// What MCP clients send (MCP transports, Streamable HTTP).
const SENT: &str = "authorization, content-type, mcp-protocol-version, mcp-method, mcp-name, \
                    mcp-session-id, last-event-id";

/// Whether a browser asks on behalf of a script; another `OPTIONS` is the resource's own business.
pub(super) fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to `OPTIONS`, which browsers send before a request of a script, and without its
/// token: it must be answered before anybody is authenticated. Whatever the script wants to send it
/// may: what it may do is for the resource to say, once it knows who asks.
pub(super) fn preflight(asked: &HeaderMap) -> Response {
    let mut response = preflight_of("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        response.headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        let vary = HeaderValue::from_static("Access-Control-Request-Headers");
        response.headers.insert(header::VARY, vary);
    }
    response
}

/// The same where other methods are known.
pub(super) fn preflight_of(allowed: &'static str) -> Response {
    let fields: [(HeaderName, &'static str); 5] = [
        (header::ALLOW, allowed),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, allowed),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    let response = Response::empty(StatusCode::NO_CONTENT);
    fields.into_iter().fold(response, |response, (name, value)| {
        response.with(name, HeaderValue::from_static(value))
    })
}

/// Lets scripts of other sites read an answer of a resource, the challenge in it too: nothing here
/// depends on cookies. Where the answer says itself who may, that stays.
pub(super) fn share(headers: &mut HeaderMap) {
    if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers
        .entry(header::ACCESS_CONTROL_EXPOSE_HEADERS)
        .or_insert(HeaderValue::from_static(EXPOSED));
}
