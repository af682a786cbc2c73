//! The application wants to call the provider in a person's name.

use super::{Ending, Living, Wanted, living, revoke_any};
use crate::flow::rotate::TokenGrant;
use crate::refusal::Refusal;
use crate::resource::Principal;
use crate::secret::UpstreamAccessToken;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::Tick;

/// See [`Server::upstream_token`](crate::Server::upstream_token).
pub(crate) fn upstream_token(
    setup: &Setup,
    principal: &Principal,
    tick: &mut Tick,
) -> Step<Result<UpstreamAccessToken, Refusal>> {
    if principal.expires_at.has_passed(tick.now) {
        return Step::Done(Err(Refusal::TokenExpired));
    }
    let (setup, principal, id) = (setup.clone(), principal.clone(), principal.grant_id);
    let checking = setup.clone();
    let may = move |grant: &TokenGrant| fits(&checking, &principal, grant);
    living(&setup, id, Wanted::Tokens, may, tick).then(
        tick,
        move |Living { kept, abandoned, .. }, tick| {
            let token = kept.map(|kept| kept.access_token);
            revoke_any(&setup, abandoned, Ending::Grant, tick).then(tick, |(), _| Step::Done(token))
        },
    )
}

/// A principal has public members: what they say must be what the grant says.
fn fits(setup: &Setup, principal: &Principal, grant: &TokenGrant) -> Result<(), Refusal> {
    let allowed = &grant.data.allowed;
    // A client that is no longer known here has nothing any more.
    if !setup.knows(&allowed.client_id) {
        return Err(Refusal::GrantEnded);
    }
    // What a mapper calls a person is not kept.
    let subject = setup.maps_users() || principal.subject == allowed.user.key();
    let same = principal.client_id == allowed.client_id && principal.resource == allowed.resource;
    if subject && same { Ok(()) } else { Err(Refusal::OtherClient) }
}
