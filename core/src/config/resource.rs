use std::collections::BTreeMap;

use url::{Position, Url};

/// A protected resource that tokens are made for (RFC 8707, RFC 9728).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    uri: String,
    canonical: Url,
    /// The scopes that can be granted for it (RFC 6749 §3.3), in the order in which they are shown.
    pub scopes: Vec<String>,
    /// What a scope allows, as people read it on the sign-in page: `notes:read` → "Read your notes".
    /// One that has no words is shown by itself.
    pub descriptions: BTreeMap<String, String>,
    /// What people read; the URI if there is none.
    pub name: Option<String>,
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
            name: None,
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

    /// Host and, if it is not the default, port: as a `Host` header has them.
    pub(crate) fn authority(&self) -> &str {
        self.canonical.authority()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.canonical.origin().ascii_serialization()
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
