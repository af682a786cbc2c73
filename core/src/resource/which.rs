use std::sync::Arc;

use http::header;

use super::Protected;
use crate::config::Resource;
use crate::reply::Parts;
use crate::setup::Setup;

/// Which configured resource a request is for: the only one; or, among those on the request's host
/// (all, where its host is nobody's, as behind a proxy that names its own), the one whose path the
/// request's path starts with, the longest first, or whose metadata is there. None, or two alike: no
/// token fits.
pub(crate) fn resource_of<'a>(setup: &'a Setup, parts: &Parts) -> Option<&'a Arc<Protected>> {
    if let [only] = setup.protected() {
        return Some(only);
    }
    let path = parts.uri.path();
    if !is_plain(path) {
        return None;
    }
    let host = parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let on_host = |resource: &Resource| {
        host.is_some_and(|host| {
            // A proxy may write the port that goes without saying (RFC 9110 §4.2.3).
            let default_port = if resource.origin().starts_with("https:") { ":443" } else { ":80" };
            let host = host.strip_suffix(default_port).unwrap_or(host);
            resource.authority().eq_ignore_ascii_case(host)
        })
    };
    let host_is_known = setup.resources().iter().any(on_host);
    let covers = |resource: &Resource| {
        let own = resource.path().trim_end_matches('/');
        path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let here = || setup.protected().iter().filter(|it| on_host(it.resource()) || !host_is_known);
    if here().any(|it| it.metadata_path() == path) {
        return only(here().filter(|it| it.metadata_path() == path));
    }
    let candidates = || here().filter(|it| covers(it.resource()));
    let length = |it: &Protected| it.resource().path().trim_end_matches('/').len();
    let longest = candidates().map(|it| length(it)).max()?;
    only(candidates().filter(|it| length(it) == longest))
}

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

/// Whether every router reads a path alike: nothing in it is encoded that need not be, no slash is, and
/// no segment is empty or made of dots (RFC 3986 §6.2.2). `/mcp/%61dmin` is `/mcp/admin` to some.
pub(super) fn is_plain(path: &str) -> bool {
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let last = segments.clone().count() - 1;
    let whole = segments
        .enumerate()
        .all(|(n, segment)| !matches!(segment, "." | "..") && (n == last || !segment.is_empty()));
    let mut encoded = path.split('%').skip(1);
    whole && !path.contains('\\') && encoded.all(|rest| must_be_encoded(rest).unwrap_or(false))
}

fn must_be_encoded(rest: &str) -> Option<bool> {
    let digits = rest.get(..2).filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    Some(!unreserved && !b"/\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aud_07_a_path_that_routers_read_differently_is_nobodys() {
        for path in ["/", "/mcp", "/mcp/", "/mcp/a%20b", "/mcp/%C3%A9", "/mcp/...", ""] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "//mcp",
            "/mcp//admin",
            "/mcp/./admin",
            "/mcp/..",
            "/mcp/%61dmin",
            "/mcp%2Fadmin",
            "/mcp/%2e%2e/admin",
            "/mcp\\admin",
            "/mcp%5cadmin",
            "/mcp/%",
            "/mcp/%4",
            "/mcp/%zz",
            "/mcp/%+1",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
