//! Whether the person may still sign in: asked at every refresh.

use super::rotate::TokenGrant;
use crate::access::{self, Memberships};
use crate::event::Ended;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::tick::Timestamp;

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

/// Judges the person by the rules of today. Their organisations and teams were asked for again before,
/// where they were due and could be; `again` is a refresh that is repeated, for which that was done a
/// moment ago.
pub(super) fn readmit(
    setup: &Setup,
    grant: TokenGrant,
    again: bool,
    now: Timestamp,
) -> Result<TokenGrant, NotReadmitted> {
    let allowed = &grant.data.allowed;
    if setup.provider(allowed.user.provider.as_str()).is_none() {
        // Nobody vouches for the person any more. A provider can come back, so nothing ends.
        return Err(NotReadmitted::Unknown(Refusal::ProviderGone));
    }
    let due = memberships_are_due(setup, &grant, now);
    let may_be_asked = allowed.kept.as_ref().is_some_and(|kept| kept.is_alive(now));
    match access::judge(setup.access(), &allowed.user, &allowed.facts) {
        Ok(()) if !due || again => Ok(grant),
        Err(refusal) if !due => Err(over(grant, Ended::Denied, refusal)),
        // By what is no longer known to be so, nobody is put out, nor let in.
        Ok(()) | Err(_) if again || may_be_asked => {
            let busy = Box::new(Refusal::UpstreamBusy);
            Err(NotReadmitted::Unknown(Refusal::MembershipsUnknown(busy)))
        }
        // There is nothing left to ask with: the person has to come themselves.
        Ok(()) | Err(_) => Err(over(grant, Ended::Upstream, Refusal::UpstreamGrantEnded)),
    }
}

fn over(grant: TokenGrant, why: Ended, refusal: Refusal) -> NotReadmitted {
    NotReadmitted::Over(Box::new(Over { grant, why, refusal }))
}

/// Whether a person's organisations and teams have to be asked for again. Of whoever is refused
/// already, nothing is.
pub(super) fn memberships_are_due(setup: &Setup, grant: &TokenGrant, now: Timestamp) -> bool {
    let allowed = &grant.data.allowed;
    let rules = setup.access().of(&allowed.user.provider);
    let Some(rules) = rules.filter(|rules| rules.asks_for_memberships()) else {
        return false;
    };
    let known = allowed.facts.memberships.as_ref();
    known.is_none_or(|known: &Memberships| known.are_due(rules, now))
        && access::judge_account(setup.access(), &allowed.user, &allowed.facts).is_ok()
}
