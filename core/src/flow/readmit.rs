//! Whether the person may still sign in: asked at every refresh.

use super::admit::memberships;
use super::rotate::TokenGrant;
use crate::access::{self, Memberships};
use crate::event::Ended;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

/// A grant that is to end, and why.
pub(super) struct Over {
    pub(super) grant: TokenGrant,
    pub(super) why: Ended,
    pub(super) refusal: Refusal,
}

/// Why a grant is not refreshed.
pub(super) enum NotReadmitted {
    /// It is over.
    Over(Box<Over>),
    /// Nobody can say now; nothing is spent.
    Unknown(Refusal),
}

/// Asks for organisations and teams again where they are due, and judges the person by the rules of
/// today.
pub(super) fn readmit(
    setup: &Setup,
    mut grant: TokenGrant,
    tick: &mut Tick,
) -> Step<Result<TokenGrant, NotReadmitted>> {
    let allowed = &grant.data.allowed;
    let Some(provider) = setup.provider(allowed.user.provider.as_str()) else {
        // Nobody vouches for the person any more. A provider can come back, so nothing ends.
        return Step::Done(Err(NotReadmitted::Unknown(Refusal::ProviderGone)));
    };
    if !memberships_are_due(setup, &grant, tick.now) {
        return Step::Done(judged(setup, grant));
    }
    let Some(kept) = allowed.kept.as_ref().filter(|kept| kept.is_alive(tick.now)) else {
        // There is nothing left to ask with: the person has to come themselves.
        return Step::Done(Err(over(grant, Ended::Upstream, Refusal::UpstreamGrantEnded)));
    };
    let found = memberships(setup, provider, &kept.access_token, tick);
    let setup = setup.clone();
    found.then(tick, move |found, _| {
        Step::Done(match found {
            Ok(found) => {
                grant.data.allowed.facts.memberships = found;
                judged(&setup, grant)
            }
            // The person took back what they had granted there, or is no longer known.
            Err(Refusal::UpstreamStatus(401)) => {
                Err(over(grant, Ended::Upstream, Refusal::UpstreamGrantEnded))
            }
            Err(refusal) => {
                Err(NotReadmitted::Unknown(Refusal::MembershipsUnknown(Box::new(refusal))))
            }
        })
    })
}

/// The same for a refresh that is repeated: what was asked for it a moment ago is in the record.
pub(super) fn readmit_again(
    setup: &Setup,
    grant: TokenGrant,
    now: Timestamp,
) -> Result<TokenGrant, NotReadmitted> {
    let allowed = &grant.data.allowed;
    if setup.provider(allowed.user.provider.as_str()).is_none() {
        return Err(NotReadmitted::Unknown(Refusal::ProviderGone));
    }
    let due = memberships_are_due(setup, &grant, now);
    judged(setup, grant).map_err(|refused| match refused {
        // By what is no longer known to be so, nobody is put out.
        NotReadmitted::Over(_) if due => {
            let busy = Box::new(Refusal::UpstreamBusy);
            NotReadmitted::Unknown(Refusal::MembershipsUnknown(busy))
        }
        refused @ (NotReadmitted::Over(_) | NotReadmitted::Unknown(_)) => refused,
    })
}

fn judged(setup: &Setup, grant: TokenGrant) -> Result<TokenGrant, NotReadmitted> {
    let allowed = &grant.data.allowed;
    match access::judge(setup.access(), &allowed.user, &allowed.facts) {
        Ok(()) => Ok(grant),
        Err(refusal) => Err(over(grant, Ended::Denied, refusal)),
    }
}

fn over(grant: TokenGrant, why: Ended, refusal: Refusal) -> NotReadmitted {
    NotReadmitted::Over(Box::new(Over { grant, why, refusal }))
}

/// Of whoever is refused already, nothing is asked.
fn memberships_are_due(setup: &Setup, grant: &TokenGrant, now: Timestamp) -> bool {
    let allowed = &grant.data.allowed;
    let rules = setup.access().of(&allowed.user.provider);
    let Some(rules) = rules.filter(|rules| rules.asks_for_memberships()) else {
        return false;
    };
    let known = allowed.facts.memberships.as_ref();
    known.is_none_or(|known: &Memberships| known.are_due(rules, now))
        && access::judge_account(setup.access(), &allowed.user, &allowed.facts).is_ok()
}
