//! The way from a path to its endpoint, and what all endpoints share: methods and CORS.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::config::{Config, Resource};
use crate::metadata::{self, Documents};
use crate::provider::Provider;
use crate::reply::{Reply, Response};

/// What stands at a path.
#[derive(Clone)]
pub(super) enum Endpoint {
    Document(Bytes),
    Register,
    Authorize,
    Consent,
    Callback(Arc<Provider>),
    Token,
    Revoke,
}

impl Endpoint {
    pub(super) fn allowed(&self) -> &'static str {
        match self {
            Self::Document(_) => "GET, HEAD, OPTIONS",
            Self::Register | Self::Token | Self::Revoke => "POST, OPTIONS",
            Self::Authorize => "GET, HEAD, POST",
            Self::Callback(_) => "GET",
            Self::Consent => "POST",
        }
    }

    /// Whether scripts of other sites may read the answer: where nothing depends on who is asking
    /// (RFC 9700 §2.6).
    fn is_shared(&self) -> bool {
        match self {
            Self::Document(_) | Self::Register | Self::Token | Self::Revoke => true,
            Self::Authorize | Self::Callback(_) | Self::Consent => false,
        }
    }

    pub(super) fn finish(&self, mut reply: Reply, head: bool) -> Reply {
        if self.is_shared() {
            share(&mut reply.response.headers);
        }
        if head {
            reply.response.body = Bytes::new();
        }
        reply
    }
}

fn share(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = HeaderValue::from_static("WWW-Authenticate");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// What a browser asks before a script of another site may send a request.
pub(super) fn preflight(endpoint: &Endpoint) -> Response {
    let response = Response::empty(StatusCode::NO_CONTENT)
        .with(header::ALLOW, HeaderValue::from_static(endpoint.allowed()));
    if !endpoint.is_shared() {
        return response;
    }
    const SHARED: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, mcp-protocol-version"),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    let mut response = SHARED.into_iter().fold(response, |response, (name, value)| {
        response.with(name, HeaderValue::from_static(value))
    });
    share(&mut response.headers);
    response
}

/// Every path and what stands there. Well-known documents are found where their RFCs put them for
/// an issuer with a path.
pub(super) fn routes(
    config: &Config,
    resources: &[Resource],
    providers: &[Arc<Provider>],
    documents: &Documents,
) -> HashMap<String, Endpoint> {
    let base = config.issuer.path();
    let paths = &config.paths;
    let mut routes = HashMap::new();
    // RFC 8414 §3.1: the well-known string stands before the issuer's path.
    routes.insert(
        format!("/.well-known/oauth-authorization-server{base}"),
        Endpoint::Document(documents.authorization_server.clone()),
    );
    let below = |path: &str| format!("{base}{path}");
    routes.insert(below("/.well-known/jwks.json"), Endpoint::Document(documents.jwks.clone()));
    routes.insert(below(&paths.providers), Endpoint::Document(documents.providers.clone()));
    routes.insert(below(&paths.register), Endpoint::Register);
    routes.insert(below(&paths.authorize), Endpoint::Authorize);
    routes.insert(below(&paths.consent), Endpoint::Consent);
    routes.insert(below(&paths.token), Endpoint::Token);
    routes.insert(below(&paths.revoke), Endpoint::Revoke);
    for provider in providers {
        let path = below(&provider.callback_path(paths));
        routes.insert(path, Endpoint::Callback(provider.clone()));
    }
    if let [only] = providers {
        routes.insert(below(&paths.callback), Endpoint::Callback(only.clone()));
    }
    protected_resources(config, resources, &mut routes);
    routes
}

/// RFC 9728 §3.1, for resources on the issuer's origin; the root form only if there is exactly one
/// such resource.
fn protected_resources(
    config: &Config,
    resources: &[Resource],
    routes: &mut HashMap<String, Endpoint>,
) {
    const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
    let ours = |resource: &&Resource| resource.origin() == config.issuer.origin();
    for resource in resources.iter().filter(ours) {
        let document = Endpoint::Document(metadata::protected_resource(config, resource));
        let path = resource.path().trim_end_matches('/');
        routes.insert(format!("{WELL_KNOWN}{path}"), document.clone());
        if resources.iter().filter(ours).count() == 1 {
            routes.insert(WELL_KNOWN.to_owned(), document);
        }
    }
}
