//! The side of the protected resource: who sent this request? (RFC 6750, RFC 9068, RFC 9728)

mod authenticate;
mod bearer;
mod challenge;
mod cors;
mod denied;
mod field;
mod hierarchy;
mod introspect;
mod live;
mod principal;
mod protected;
mod verifier;
mod which;

pub use challenge::Challenge;
pub use denied::Denied;
pub use principal::Principal;
pub use protected::Protected;
pub use verifier::{Need, Verifier};

pub(crate) use protected::WELL_KNOWN;
pub(crate) use which::resource_of;

pub(crate) use authenticate::authenticate;
pub(crate) use bearer::bearer_token;
pub(crate) use field::BearerField;
pub(crate) use introspect::introspect;
pub(crate) use live::authenticate_live;

use crate::ids::GrantId;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// The grant that an access token of this server leads to, if it is alive.
pub(crate) fn grant_of_access_token(setup: &Setup, token: &str, now: Timestamp) -> Option<GrantId> {
    principal::read(setup, token, now).map(|claimed| claimed.grant_id)
}
