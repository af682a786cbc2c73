use std::sync::Arc;

use super::{Challenge, Denied, Principal, Protected, authenticate};
use crate::cutoff::Questions;
use crate::grant::Grant;
use crate::ids::GrantId;
use crate::refusal::Refusal;
use crate::reply::Parts;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Freshness, Load};
use crate::tick::Tick;

/// See [`Server::authenticate_live`](crate::Server::authenticate_live).
pub(crate) fn authenticate_live(
    setup: &Setup,
    protected: Option<&Arc<Protected>>,
    parts: &Parts,
    tick: &mut Tick,
) -> Step<Result<Principal, Challenge>> {
    let principal = match authenticate(setup, protected, parts, tick.now) {
        Ok(principal) => principal,
        Err(challenge) => return Step::Done(Err(challenge)),
    };
    let protected = protected.cloned();
    is_alive(setup, principal.grant_id, tick).then(tick, move |alive, _| {
        let denied = |reason| Err(Challenge::new(reason, protected.as_ref()));
        Step::Done(match alive {
            Ok(true) => Ok(principal),
            Ok(false) => denied(Denied::Revoked),
            Err(_) => denied(Denied::Unavailable),
        })
    })
}

/// Whether a grant still gives anything: its record says so, its client is known, and no cutoff has
/// ended it. What is asked is as fresh as the store can be.
///
/// # Errors
/// A [`Refusal`] where the store does not say.
pub(crate) fn is_alive(
    setup: &Setup,
    grant_id: GrantId,
    tick: &mut Tick,
) -> Step<Result<bool, Refusal>> {
    let setup = setup.clone();
    ask(Load::fresh(grant_id.record_key())).then(tick, move |answer, tick| {
        let Ok(found) = answer else {
            return Step::Done(Err(Refusal::StoreUnavailable));
        };
        let grant = found.map(|record| Grant::from_record(setup.keys(), grant_id, &record));
        // A record lives longer than what leads to it: without one, or with one that cannot be
        // read, nothing is granted.
        let Some(Ok(Grant::Tokens(grant))) = grant else {
            return Step::Done(Ok(false));
        };
        // A client that is no longer known here, since its operator removed it or the key inside its
        // client_id, has nothing any more.
        if !setup.knows(&grant.data.allowed.client_id) {
            return Step::Done(Ok(false));
        }
        let cutoffs = Questions::of_grant(&setup, &grant.data.allowed, Freshness::Fresh);
        cutoffs.answer(&setup, tick).then(tick, |over, _| Step::Done(over.map(|over| !over)))
    })
}
