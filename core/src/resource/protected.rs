use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::cors;
use super::field::may_be_asked;
use super::hierarchy::Hierarchy;
use crate::config::{Issuer, Resource};
use crate::metadata;
use crate::refusal::Refusal;
use crate::reply::{Parts, Response};

/// Where the metadata of a resource at the root is (RFC 9728 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// One protected resource as whoever protects it needs it: what it is, who issues its tokens, where
/// its metadata is and what that says, and which of its scopes contain others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    resource: Resource,
    metadata_url: String,
    metadata_path: String,
    document: Bytes,
    hierarchy: Hierarchy,
}

impl Protected {
    /// A resource whose tokens `issuer` makes.
    #[must_use]
    pub fn new(issuer: &Issuer, resource: Resource) -> Arc<Self> {
        // RFC 9728 §3.1: the well-known string stands between host and path; what ends the path is
        // not part of it.
        let metadata_path = format!("{WELL_KNOWN}{}", resource.path().trim_end_matches('/'));
        let query = resource.query().map(|query| format!("?{query}")).unwrap_or_default();
        Arc::new(Self {
            metadata_url: format!("{}{metadata_path}{query}", resource.origin()),
            metadata_path,
            document: Bytes::from(describe(issuer, &resource).to_string()),
            hierarchy: Hierarchy::of(&resource.implies),
            resource,
        })
    }

    /// The resource.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// Where the resource's metadata is (RFC 9728 §3.1):
    /// `https://mcp.example.com/.well-known/oauth-protected-resource/mcp`.
    #[must_use]
    pub fn metadata_url(&self) -> &str {
        &self.metadata_url
    }

    /// The path of [`metadata_url`](Self::metadata_url).
    #[must_use]
    pub fn metadata_path(&self) -> &str {
        &self.metadata_path
    }

    /// Answers a request for the metadata (RFC 9728 §3.2), for a process that serves nothing but
    /// this resource: at [`metadata_path`](Self::metadata_path), and at the path of the root, where
    /// clients look next. `GET`, `HEAD` and what browsers ask before them; 404 elsewhere.
    #[must_use]
    pub fn answer(&self, request: &Parts) -> Response {
        const ALLOWED: &str = "GET, HEAD, OPTIONS";
        let path = request.uri.path();
        let is_here = path == self.metadata_path || path == WELL_KNOWN;
        let mut response = match (is_here, &request.method) {
            (false, _) => Refusal::NotFound.to_json(),
            (true, &Method::GET | &Method::HEAD) => metadata::document(&self.document),
            (true, &Method::OPTIONS) => cors::preflight_of(ALLOWED),
            (true, _) => Refusal::Method { allowed: ALLOWED }.to_json(),
        };
        cors::share(&mut response.headers);
        if request.method == Method::HEAD {
            response.body = Bytes::new();
        }
        response
    }

    /// The metadata (RFC 9728 §2).
    pub(crate) fn document(&self) -> &Bytes {
        &self.document
    }

    /// The paths of the metadata on an origin that has it: its own, and the root's where nobody
    /// else's is there.
    pub(crate) fn metadata_paths(&self, alone: bool) -> impl Iterator<Item = String> {
        alone.then(|| WELL_KNOWN.to_owned()).into_iter().chain([self.metadata_path.clone()])
    }

    /// Whether `granted`, scopes separated by spaces, contain a scope.
    pub(crate) fn contain(&self, granted: &str, scope: &str) -> bool {
        self.hierarchy.contain(granted, scope)
    }
}

/// The metadata of a resource (RFC 9728 §2): what has no value is left out, and so is
/// `offline_access`, which is none of the resource's (MCP authorization, Refresh Tokens).
pub(crate) fn describe(issuer: &Issuer, resource: &Resource) -> Value {
    let mut document = json!({
        "resource": resource.uri(),
        "authorization_servers": [issuer.as_str()],
        "bearer_methods_supported": ["header"],
    });
    let scopes: Vec<&String> = resource.scopes.iter().filter(|it| may_be_asked(it)).collect();
    if !scopes.is_empty() {
        document["scopes_supported"] = json!(scopes);
    }
    if let Some(name) = &resource.name {
        document["resource_name"] = json!(name);
    }
    document
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn protected(uri: &str) -> Arc<Protected> {
        let scopes = ["read", "offline_access"].map(str::to_owned);
        let resource = Resource::new(uri, scopes.into()).unwrap();
        Protected::new(&Issuer::parse("https://as.test").unwrap(), resource)
    }

    #[test]
    fn the_well_known_string_stands_between_host_and_path() {
        let at = |uri| protected(uri).metadata_url().to_owned();
        let root = "https://mcp.test/.well-known/oauth-protected-resource";
        assert_eq!(at("https://mcp.test"), root);
        assert_eq!(at("https://MCP.test:443/"), root);
        assert_eq!(at("https://mcp.test/a/b"), format!("{root}/a/b"));
        assert_eq!(at("https://mcp.test/a?b=c"), format!("{root}/a?b=c"));
        let other = "http://127.0.0.1:8080/.well-known/oauth-protected-resource/mcp";
        assert_eq!(at("http://127.0.0.1:8080/mcp"), other);
    }

    #[test]
    fn aud_15_the_metadata_names_the_resource_and_no_offline_access() {
        let protected = protected("https://mcp.test/mcp");
        let get = |method: &str, uri: &str| {
            let request = http::Request::builder().method(method).uri(uri);
            protected.answer(&request.body(()).unwrap().into_parts().0)
        };
        let answer = get("GET", protected.metadata_path());
        assert_eq!((answer.status, get("GET", WELL_KNOWN).status), (StatusCode::OK, answer.status));
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            document,
            json!({
                "resource": "https://mcp.test/mcp",
                "authorization_servers": ["https://as.test"],
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["read"],
            })
        );
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert!(get("HEAD", WELL_KNOWN).body.is_empty());
        assert_eq!(get("OPTIONS", WELL_KNOWN).status, StatusCode::NO_CONTENT);
        assert_eq!(get("POST", WELL_KNOWN).status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(get("GET", "/mcp").status, StatusCode::NOT_FOUND);
    }
}
