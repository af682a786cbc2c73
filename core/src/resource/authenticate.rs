use std::sync::Arc;

use super::{Challenge, Denied, Principal, Protected, bearer_token, principal};
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
    let Some(protected) = protected else {
        return Err(Challenge::of_no_resource(parts));
    };
    let denied = |reason| Challenge::new(reason, Some(protected));
    let token = bearer_token(&parts.headers).map_err(denied)?;
    principal::read(setup, token, now)
        .and_then(|claimed| claimed.at(protected))
        .ok_or_else(|| denied(Denied::InvalidToken))
}
