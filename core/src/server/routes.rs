//! The way from a path to its endpoint, and what all endpoints share: methods and CORS.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::metadata;
use crate::provider::Provider;
use crate::reply::{Reply, Response};
use crate::resource::{Protected, WELL_KNOWN};
use crate::setup::Setup;

/// What stands at a path.
pub(super) enum Endpoint {
    /// Scripts of other sites may read the answer: nothing depends on who is asking (RFC 9700 §2.6).
    Shared(Shared),
    /// For servers that have a secret: a script has no business there.
    Introspect,
    /// For a person's browser: what is refused is told on a page.
    Browser(Browser),
}

pub(super) enum Shared {
    Document(Bytes),
    Register,
    Token,
    Revoke,
}

pub(super) enum Browser {
    Authorize,
    Consent,
    Callback(Arc<Provider>),
}

impl Shared {
    pub(super) fn allowed(&self) -> &'static str {
        match self {
            Self::Document(_) => "GET, HEAD, OPTIONS",
            Self::Register | Self::Token | Self::Revoke => "POST, OPTIONS",
        }
    }
}

impl Browser {
    pub(super) fn allowed(&self) -> &'static str {
        match self {
            Self::Authorize => "GET, HEAD, POST",
            // A code is for one look: nobody may take one in advance.
            Self::Callback(provider) if provider.way.is_posted() => "GET, POST",
            Self::Callback(_) => "GET",
            Self::Consent => "POST",
        }
    }
}

/// What holds for every answer, whatever it says.
pub(super) struct Manners {
    pub(super) https: bool,
    pub(super) shared: bool,
    pub(super) head: bool,
}

impl Manners {
    pub(super) fn applied_to(&self, mut reply: Reply) -> Reply {
        let headers = &mut reply.response.headers;
        if self.shared {
            share(headers);
        }
        if self.https {
            // RFC 6797, for this very host and not for those below it.
            let year = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
        }
        if self.head {
            reply.response.body = Bytes::new();
        }
        reply
    }
}

fn share(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = HeaderValue::from_static("WWW-Authenticate, Retry-After");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// `OPTIONS` (RFC 9110 §9.3.7).
pub(super) fn options(allowed: &'static str) -> Response {
    Response::empty(StatusCode::NO_CONTENT).with(header::ALLOW, HeaderValue::from_static(allowed))
}

/// What a browser asks before a script of another site may send a request.
pub(super) fn preflight(allowed: &'static str) -> Response {
    permitting(options(allowed))
}

/// The same where nothing stands. Clients inside a browser try several well-known addresses in turn
/// (MCP authorization, Authorization Server Metadata Discovery), each with a header field that has to
/// be permitted first; one that is not looks to them like a broken network, and they stop there
/// instead of reading the 404 and going on.
pub(super) fn preflight_of_nothing(path: &str) -> Option<Response> {
    let may_be_probed = path.contains("/.well-known/");
    may_be_probed.then(|| permitting(Response::empty(StatusCode::NO_CONTENT)))
}

fn permitting(response: Response) -> Response {
    const SHARED: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, mcp-protocol-version"),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    SHARED.into_iter().fold(response, |response, (name, value)| {
        response.with(name, HeaderValue::from_static(value))
    })
}

/// Every path and what stands there. Well-known documents are found where their RFCs put them for
/// an issuer with a path.
pub(super) fn routes(setup: &Setup) -> HashMap<String, Endpoint> {
    let (base, paths) = (setup.issuer().path(), setup.paths());
    let below = |path: &str| format!("{base}{path}");
    let mut routes = HashMap::from([
        // RFC 8414 §3.1: the well-known string stands before the issuer's path.
        (
            format!("/.well-known/oauth-authorization-server{base}"),
            document(metadata::authorization_server(setup)),
        ),
        (below("/.well-known/jwks.json"), document(metadata::jwks(setup))),
        (below(&paths.providers), document(metadata::providers(setup))),
        (below(&paths.register), Endpoint::Shared(Shared::Register)),
        (below(&paths.authorize), Endpoint::Browser(Browser::Authorize)),
        (below(&paths.consent), Endpoint::Browser(Browser::Consent)),
        (below(&paths.token), Endpoint::Shared(Shared::Token)),
        (below(&paths.revoke), Endpoint::Shared(Shared::Revoke)),
    ]);
    if setup.introspection_endpoint().is_some() {
        routes.insert(below(&paths.introspect), Endpoint::Introspect);
    }
    for provider in setup.providers() {
        let path = below(&provider.callback_path(paths));
        routes.insert(path, Endpoint::Browser(Browser::Callback(provider.clone())));
    }
    if let [only] = setup.providers() {
        routes.insert(below(&paths.callback), Endpoint::Browser(Browser::Callback(only.clone())));
    }
    protected_resources(setup, &mut routes);
    routes
}

fn document(body: Bytes) -> Endpoint {
    Endpoint::Shared(Shared::Document(body))
}

/// RFC 9728 §3.1, for resources on the issuer's origin; the root form only if there is exactly one
/// such resource.
fn protected_resources(setup: &Setup, routes: &mut HashMap<String, Endpoint>) {
    let ours = |it: &&Arc<Protected>| it.resource().origin() == setup.issuer().origin();
    let ours: Vec<&Arc<Protected>> = setup.protected().iter().filter(ours).collect();
    if let [only] = &*ours {
        routes.insert(WELL_KNOWN.to_owned(), document(only.metadata().clone()));
    }
    for protected in ours {
        let path = protected.metadata_path().to_owned();
        routes.insert(path, document(protected.metadata().clone()));
    }
}
