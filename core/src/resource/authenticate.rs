use std::sync::Arc;

use http::header;

use super::{Challenge, Denied, Principal, Protected, bearer_token, principal};
use crate::config::Resource;
use crate::reply::Parts;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// Judges a request to a resource; to none of them, no token fits. See
/// [`Server::authenticate`](crate::Server::authenticate).
pub(crate) fn authenticate(
    setup: &Setup,
    protected: Option<&Arc<Protected>>,
    parts: &Parts,
    now: Timestamp,
) -> Result<Principal, Challenge> {
    let denied = |reason| Challenge::new(reason, protected);
    let token = bearer_token(&parts.headers).map_err(denied)?;
    principal::read(setup, token, now)
        .and_then(|claimed| claimed.at(protected?))
        .ok_or_else(|| denied(Denied::InvalidToken))
}

/// Which configured resource a request is for: the only one; or, among those on the request's host
/// (all, where its host is nobody's, as behind a proxy that names its own), the one whose path the
/// request's path starts with, the longest first. None, or two alike: no token fits.
pub(crate) fn resource_of<'a>(setup: &'a Setup, parts: &Parts) -> Option<&'a Arc<Protected>> {
    if let [only] = setup.protected() {
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
        let here = setup.protected().iter();
        let here = here.filter(|it| on_host(it.resource()) || !host_is_known);
        here.filter(|it| covers(it.resource()))
    };
    let longest = candidates().map(|it| it.resource().path().len()).max()?;
    let mut candidates = candidates().filter(|it| it.resource().path().len() == longest);
    candidates.next().filter(|_| candidates.next().is_none())
}
