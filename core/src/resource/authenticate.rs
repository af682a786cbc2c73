use http::{HeaderMap, header};

use super::{Challenge, Principal, principal};
use crate::config::Resource;
use crate::reply::Parts;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// See [`Server::authenticate`](crate::Server::authenticate).
pub(crate) fn authenticate(
    setup: &Setup,
    parts: &Parts,
    now: Timestamp,
) -> Result<Principal, Challenge> {
    let token = bearer_token(&parts.headers)?;
    let resource = resource_of(setup, parts).ok_or(Challenge::InvalidToken)?;
    let principal = principal::read(setup, token, now).ok_or(Challenge::InvalidToken)?;
    if principal.resource == resource.uri() { Ok(principal) } else { Err(Challenge::InvalidToken) }
}

/// RFC 6750 §2.1: the header, and nothing else (OAuth 2.1 §5.1.1 knows no query parameter).
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, Challenge> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Challenge::NoToken)?;
    if values.next().is_some() {
        return Err(Challenge::Malformed);
    }
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Challenge::Malformed)?;
    // Another scheme is no attempt at this one (RFC 9110 §11.6.2).
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(Challenge::NoToken) }
}

/// Which configured resource a request is for: the only one; or, among those on the request's host
/// (all, where its host is nobody's, as behind a proxy that names its own), the one whose path the
/// request's path starts with, the longest first. None, or two alike: no token fits.
fn resource_of<'a>(setup: &'a Setup, parts: &Parts) -> Option<&'a Resource> {
    if let [only] = setup.resources() {
        return Some(only);
    }
    let path = parts.uri.path();
    let host = parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let on_host = |resource: &Resource| {
        host.is_some_and(|host| resource.authority().eq_ignore_ascii_case(host))
    };
    let host_is_known = setup.resources().iter().any(on_host);
    let covers = |resource: &Resource| {
        let own = resource.path().trim_end_matches('/');
        path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let candidates = || {
        let here = setup.resources().iter().filter(|it| on_host(it) || !host_is_known);
        here.filter(|it| covers(it))
    };
    let longest = candidates().map(|resource| resource.path().len()).max()?;
    let mut candidates = candidates().filter(|resource| resource.path().len() == longest);
    candidates.next().filter(|_| candidates.next().is_none())
}
