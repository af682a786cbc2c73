use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::cors;
use super::field::may_be_asked;
use super::hierarchy::Hierarchy;
use crate::config::{Issuer, Resource};
use crate::metadata;
use crate::refusal::{HttpFault, Refusal};
use crate::reply::{Parts, Response};

/// Where the metadata of a resource at the root is (RFC 9728 §3).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// One protected resource as whoever protects it needs it: what it is, who issues its tokens, where
/// its metadata is and what that says, and which of its scopes contain others.
#[derive(Debug)]
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
    pub fn new(issuer: &Issuer, resource: Resource) -> Self {
        // RFC 9728 §3.1: the well-known string stands between host and path; what ends the path is
        // not part of it.
        let metadata_path = format!("{WELL_KNOWN}{}", resource.path().trim_end_matches('/'));
        let query = resource.query().map(|query| format!("?{query}")).unwrap_or_default();
        Self {
            metadata_url: format!("{}{metadata_path}{query}", resource.origin()),
            metadata_path,
            document: Bytes::from(describe(issuer, &resource).to_string()),
            hierarchy: Hierarchy::of(&resource.implies),
            resource,
        }
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

    /// Answers what nobody needs a token for: the metadata (RFC 9728 §3.2), at
    /// [`metadata_path`](Self::metadata_path) and at the path of the root, where clients look next;
    /// and anywhere what browsers ask before a script may send its token. `None`: somebody has to be
    /// authenticated.
    #[must_use]
    pub fn answer(&self, request: &Parts) -> Option<Response> {
        const ALLOWED: &str = "GET, HEAD, OPTIONS";
        let path = request.uri.path();
        let is_metadata = path == self.metadata_path || path == WELL_KNOWN;
        let mut response = match &request.method {
            &Method::GET | &Method::HEAD if is_metadata => metadata::document(&self.document),
            &Method::OPTIONS if is_metadata => cors::preflight_of(ALLOWED),
            &Method::OPTIONS if cors::is_preflight(&request.headers) => {
                cors::preflight(&request.headers)
            }
            _ if is_metadata => Refusal::from(HttpFault::Method { allowed: ALLOWED }).to_json(),
            _ => return None,
        };
        if request.method == Method::HEAD {
            response.body = Bytes::new();
        }
        Self::share(&mut response.headers);
        Some(response)
    }

    /// Lets scripts of other sites read an answer of a resource, be it a challenge: nothing here
    /// depends on cookies (Fetch, CORS protocol). Where an answer says itself who may, that stays.
    pub fn share(headers: &mut HeaderMap) {
        cors::share(headers);
    }

    /// The metadata (RFC 9728 §2), as JSON: for whoever serves it by a route of their own.
    #[must_use]
    pub fn metadata(&self) -> &Bytes {
        &self.document
    }

    /// Whether `granted`, scopes separated by spaces, contain a scope.
    pub(crate) fn contain(&self, granted: &str, scope: &str) -> bool {
        self.hierarchy.contain(granted, scope)
    }
}

/// The metadata of a resource (RFC 9728 §2): what has no value is left out, and so is
/// `offline_access`, which is none of the resource's (MCP authorization, Refresh Tokens).
fn describe(issuer: &Issuer, resource: &Resource) -> Value {
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

    fn protected(uri: &str) -> Protected {
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
        let answer = get("GET", protected.metadata_path()).unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, get("GET", WELL_KNOWN).unwrap().body);
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
        assert!(get("HEAD", WELL_KNOWN).unwrap().body.is_empty());
        assert_eq!(get("OPTIONS", WELL_KNOWN).unwrap().status, StatusCode::NO_CONTENT);
        assert_eq!(get("POST", WELL_KNOWN).unwrap().status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(get("GET", "/mcp").is_none() && get("OPTIONS", "/mcp").is_none());
    }

    #[test]
    fn a_preflight_needs_no_token() {
        let request = http::Request::builder()
            .method("OPTIONS")
            .uri("/mcp")
            .header("origin", "https://inspector.test")
            .header("access-control-request-method", "POST");
        let parts = request.body(()).unwrap().into_parts().0;
        let answer = protected("https://mcp.test/mcp").answer(&parts).unwrap();
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("authorization") && allowed.contains("mcp-session-id"));
    }
}
