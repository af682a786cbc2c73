//! The browser leaves for a provider, with its flow in a cookie.

use http::HeaderMap;

use super::pending::PendingUpstream;
use crate::cookies;
use crate::provider::ProviderMetadata;
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// Sets the flow's cookie, drops the oldest ones if there are too many, and redirects to the
/// provider (MCP security best practices: the cookie is set here and not earlier).
pub(super) fn depart(
    setup: &Setup,
    headers: &HeaderMap,
    pending: PendingUpstream,
    metadata: &ProviderMetadata,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let names = setup.cookies();
    let location =
        pending.upstream_location(setup, metadata, now).ok_or(Refusal::RequestTooLong)?;
    let seconds = pending.expires_at().remaining(now).as_secs();
    let handle = pending.handle();
    let value = pending.into_cookie(setup);
    let name = names.flow_name(handle);
    let size = name.len() + value.len();
    if size > cookies::LONGEST {
        return Err(Refusal::RequestTooLong);
    }
    let mut response = Response::see_other(location);
    if let Some(cookie) = names.set_flow(handle, &value, seconds) {
        response = response.and_cookie(cookie);
    }
    let mut others: Vec<_> = names
        .flows(headers)
        .filter(|(other, _)| *other != name)
        .map(|(other, value)| (PendingUpstream::cookie_expiry(setup, value, now), other, value))
        .collect();
    // The youngest first; what does not open any more comes last.
    others.sort_by_key(|(expires_at, ..)| std::cmp::Reverse(*expires_at));
    let mut total = size;
    for (expires_at, other, value) in others {
        total += other.len() + value.len();
        if (expires_at.is_none() || total > cookies::MOST_BYTES)
            && let Some(deletion) = names.delete(other)
        {
            response = response.and_cookie(deletion);
        }
    }
    Ok(response)
}
