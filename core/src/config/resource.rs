use std::collections::{BTreeMap, HashSet};
use std::iter;

use url::{Position, Url};

use super::Config;
use super::fault::{Fault, Faults, check_id, check_secret, check_unique};
use crate::ids::ClientId;
use crate::secret::ClientSecret;

/// A protected resource that tokens are made for (RFC 8707, RFC 9728).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resource {
    uri: String,
    canonical: Url,
    /// The scopes that can be granted for it (RFC 6749 §3.3), in the order in which they are shown.
    pub scopes: Vec<String>,
    /// What a scope allows, as people read it on the sign-in page: `notes:read` → "Read your notes".
    /// One that has no words is shown by itself.
    pub descriptions: BTreeMap<String, String>,
    /// Which scopes contain others: with `notes:write` → `["notes:read"]`, whoever was granted
    /// `notes:write` has `notes:read` too, and all that this contains. It is applied when a token is
    /// judged, not when it is issued: the token, and what introspection says of it, has what was
    /// granted.
    pub implies: BTreeMap<String, Vec<String>>,
    /// What people read; the URI if there is none.
    pub name: Option<String>,
    /// What it shows to ask about its tokens at the introspection endpoint (RFC 7662 §2.1); `None`: it
    /// may not ask.
    pub credentials: Option<ResourceCredentials>,
}

/// Who a resource is at the introspection endpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResourceCredentials {
    /// What it shows as `client_id`. It is not a client's: each id has one secret.
    pub id: ClientId,
    /// What it shows as `client_secret`.
    pub secret: ClientSecret,
}

impl ResourceCredentials {
    /// An id and its secret, of at least 16 characters.
    #[must_use]
    pub fn new(id: &str, secret: ClientSecret) -> Self {
        Self { id: ClientId::new(id), secret }
    }
}

impl Resource {
    /// A resource and the scopes it knows.
    ///
    /// # Errors
    /// [`InvalidResource`] if `uri` is not an absolute `http` or `https` URI, or has a fragment
    /// (RFC 8707 §2).
    pub fn new(uri: &str, scopes: Vec<String>) -> Result<Self, InvalidResource> {
        let canonical = parse(uri).ok_or(InvalidResource)?;
        Ok(Self {
            uri: uri.to_owned(),
            canonical,
            scopes,
            descriptions: BTreeMap::new(),
            implies: BTreeMap::new(),
            name: None,
            credentials: None,
        })
    }

    /// The URI as configured: this very string becomes `aud`.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn canonical(&self) -> &str {
        self.canonical.as_str()
    }

    /// `/mcp`; `/` for a root.
    pub(crate) fn path(&self) -> &str {
        self.canonical.path()
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.canonical.query()
    }

    /// Host and, if it is not the default, port: as a `Host` header has them.
    pub(crate) fn authority(&self) -> &str {
        self.canonical.authority()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.canonical.origin().ascii_serialization()
    }
}

/// What is wrong with the resources.
pub(super) fn check_resources(config: &Config, faults: &mut Faults) {
    // The metadata of a resource on the issuer's own origin is found by its path (RFC 9728 §3.1).
    let own = config.resources.iter().map(|resource| match resource.origin() {
        origin if origin == config.issuer.origin() => resource.path().trim_end_matches('/'),
        _ => resource.canonical(),
    });
    check_unique(faults, "resource", "uri", own);
    for (n, resource) in config.resources.iter().enumerate() {
        faults.check_scopes(format_args!("resource[{n}].scopes"), &resource.scopes);
        for scope in resource.descriptions.keys().filter(|scope| !resource.scopes.contains(scope)) {
            let fault = Fault::DescribesNothing { scope: scope.clone() };
            faults.add(format_args!("resource[{n}].scopes"), fault);
        }
        let hierarchy = resource.implies.iter();
        let named = hierarchy.flat_map(|(scope, implied)| iter::once(scope).chain(implied));
        for scope in named.filter(|scope| !resource.scopes.contains(scope)) {
            let fault = Fault::ImpliesNothing { scope: scope.clone() };
            faults.add(format_args!("resource[{n}].scopes"), fault);
        }
    }
    check_credentials(config, faults);
}

/// Ids are unique among resources and clients: a log and the count of wrong secrets name no more than
/// the id.
fn check_credentials(config: &Config, faults: &mut Faults) {
    let mut seen: HashSet<&str> = config.clients.iter().map(|client| client.id.as_str()).collect();
    for (n, resource) in config.resources.iter().enumerate() {
        let Some(ResourceCredentials { id, secret }) = &resource.credentials else {
            continue;
        };
        check_id(faults, format_args!("resource[{n}].id"), id.as_str());
        check_secret(faults, format_args!("resource[{n}].secret"), secret);
        if !seen.insert(id.as_str()) {
            let value = id.as_str().to_owned();
            faults.add(format_args!("resource[{n}].id"), Fault::IdTaken { value });
        }
    }
}

/// A text that names no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an absolute http or https URI without a fragment (RFC 8707 §2)")]
#[non_exhaustive]
pub struct InvalidResource;

/// The form in which two resources are compared: scheme and host in lower case, no default port, an
/// empty path as `/` (RFC 3986 §6.2.3). Anything else is taken as it is: `/mcp` and `/mcp/` are two
/// resources.
pub(crate) fn canonical_resource(text: &str) -> Option<String> {
    parse(text).map(String::from)
}

fn parse(text: &str) -> Option<Url> {
    const LONGEST: usize = 2048;
    if text.len() > LONGEST
        || !text.bytes().all(|byte| byte.is_ascii_graphic())
        || text.contains('\\')
    {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let schemed = matches!(url.scheme(), "http" | "https");
    // WHATWG URL would repair `https:host` and `https:/host`.
    let authority = text.get(url.scheme().len()..)?.starts_with("://");
    let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    (schemed && authority && plain && is_spelled_out(text, &url)).then_some(url)
}

/// Whether a text is what WHATWG URL made of it, but for case of scheme and host, a default port
/// and an empty path: dot segments, superfluous slashes, encoded hosts and strange ports are not
/// repaired.
fn is_spelled_out(text: &str, url: &Url) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let own_path = &url[Position::BeforePath..];
    let own_authority = &url[Position::BeforeHost..Position::BeforePath];
    let default_port = if url.scheme() == "https" { ":443" } else { ":80" };
    let port_left_out = authority.strip_suffix(default_port).unwrap_or(authority);
    (path == own_path || own_path.strip_prefix('/') == Some(path) && !path.starts_with('/'))
        && (own_authority.eq_ignore_ascii_case(authority)
            || own_authority.eq_ignore_ascii_case(port_left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_with_and_without_slash_are_one() {
        assert_eq!(
            canonical_resource("https://MCP.test:443"),
            canonical_resource("https://mcp.test/")
        );
    }

    #[test]
    fn aud_07_paths_are_compared_exactly() {
        assert_ne!(
            canonical_resource("https://mcp.test/mcp"),
            canonical_resource("https://mcp.test/mcp/")
        );
    }

    #[test]
    fn aud_03_what_is_no_resource() {
        for text in
            ["", "/mcp", "urn:x", "https://mcp.test/#f", "https:mcp.test", "https:\\\\mcp.test"]
        {
            assert_eq!(canonical_resource(text), None, "{text}");
        }
    }
}
