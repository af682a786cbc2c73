//! The side of the protected resource: who sent this request? (RFC 6750, RFC 9068)

mod authenticate;
mod challenge;
mod introspect;
mod live;
mod principal;

pub use challenge::Challenge;
pub use principal::Principal;

pub(crate) use authenticate::{authenticate, bearer_token};
pub(crate) use introspect::introspect;
pub(crate) use live::authenticate_live;

use crate::ids::GrantId;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// The grant that an access token of this server leads to, if it is alive.
pub(crate) fn grant_of_access_token(setup: &Setup, token: &str, now: Timestamp) -> Option<GrantId> {
    principal::read(setup, token, now).map(|principal| principal.grant_id)
}
