//! What the provider said is written into the grant as it is by then.

use std::sync::Arc;

use super::{Living, keeper};
use crate::access::Memberships;
use crate::event::{Ended, Event};
use crate::flow::mapping;
use crate::flow::rotate::TokenGrant;
use crate::flow::transact::{Decision, Transacted, transact};
use crate::grant::{Abandoned, Attempt, Grant, Kept};
use crate::ids::GrantId;
use crate::provider::{NotRefreshed, Provider};
use crate::refusal::Refusal;
use crate::secret::{UpstreamRefreshToken, UpstreamTokens};
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::swap::Patience;
use crate::tick::{Tick, Timestamp};

/// A call under a lease that is over.
pub(super) struct Landing {
    pub(super) grant_id: GrantId,
    pub(super) attempt: Attempt,
    pub(super) provider: Arc<Provider>,
    pub(super) brought: Brought,
}

/// What it brought.
pub(super) enum Brought {
    Tokens { sent: UpstreamRefreshToken, answer: Result<UpstreamTokens, NotRefreshed> },
    Memberships(Result<Option<Memberships>, Refusal>),
}

/// How it ended.
enum Settled {
    /// The new tokens are in the grant.
    Renewed(Kept),
    /// The person's organisations and teams are.
    Known(Kept),
    /// Somebody else's are: those that came are of no use.
    Overtaken(Kept),
    /// The provider ended it, and so the grant.
    Ended,
    /// The grant was ended meanwhile; whether this very transaction did that for a cutoff.
    Over {
        cut_off_now: bool,
    },
    Refused(Refusal),
}

/// Writes it down. Where the provider rotates, what it sent back a moment ago is dead, and the new
/// token is here only: so this tries for as long as there is patience (REF-20). If that does not
/// help, the lease ends by itself, the next refresh shows the dead token, and the provider's word on
/// that ends the grant.
pub(super) fn settle(
    setup: &Setup,
    landing: Arc<Landing>,
    patience: Patience,
    tick: &mut Tick,
) -> Step<Living> {
    let setup = setup.clone();
    let (deciding, landed) = (setup.clone(), Arc::clone(&landing));
    transact(&setup, landing.grant_id, tick, move |grant, tick| {
        Step::Done(decide(&deciding, &landed, grant, tick.now))
    })
    .then(tick, move |Transacted { outcome, abandoned }, tick| match outcome {
        Ok(settled) => Step::Done(settled.told(&landing, abandoned, tick.now)),
        Err(undone) => match patience.pause(tick.now) {
            Some((pause, patience)) if is_passing(&undone.refusal) => {
                ask(pause).then(tick, move |(), tick| settle(&setup, landing, patience, tick))
            }
            Some(_) | None => Step::Done(Living { abandoned, ..Living::refused(undone.refusal) }),
        },
    })
}

fn is_passing(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::StoreUnavailable | Refusal::Contention)
}

/// Whether the answer means anything is told by the refresh token that it is about: where the record
/// has another one by now, a later refresh was faster, and what is said of the old one is no news.
fn decide(
    setup: &Setup,
    landing: &Landing,
    grant: Option<Grant>,
    now: Timestamp,
) -> Decision<Settled> {
    let mut grant = match grant {
        None => return Decision::Keep(Settled::Refused(Refusal::GrantUnknown)),
        // Revoking beats a lease.
        Some(Grant::Revoked(revoked)) => {
            return Decision::Keep(Settled::Over { cut_off_now: revoked.cut_off_now });
        }
        Some(Grant::IssuedCode(_)) => {
            return Decision::Keep(Settled::Refused(Refusal::GrantEnded));
        }
        Some(Grant::Tokens(grant)) => grant,
    };
    let Some((_, kept)) = keeper(setup, &grant) else {
        return Decision::Keep(Settled::Refused(Refusal::UpstreamTokenNotKept));
    };
    if let Brought::Tokens { sent, .. } = &landing.brought
        && !kept.has(sent)
    {
        return Decision::Keep(Settled::Overtaken(kept));
    }
    let ours = grant.data.lease.is_some_and(|lease| lease.attempt == landing.attempt);
    if ours {
        grant.data.lease = None;
    }
    let trouble = match &landing.brought {
        Brought::Tokens { answer: Ok(tokens), .. } => {
            let renewed = kept.renewed(tokens, now);
            grant.renew(setup, renewed.clone(), now);
            return Decision::Write(Grant::Tokens(grant), Settled::Renewed(renewed));
        }
        Brought::Memberships(Ok(found)) => {
            grant.data.allowed.facts.memberships.clone_from(found);
            return Decision::Write(Grant::Tokens(grant), Settled::Known(kept));
        }
        // Of 401: the person took back what they had granted there, or is no longer known.
        Brought::Tokens { answer: Err(NotRefreshed::Over), .. }
        | Brought::Memberships(Err(Refusal::UpstreamStatus(401))) => {
            let mut revoked = grant.end(now);
            // The provider has ended them already.
            revoked.abandoned = None;
            return Decision::Write(Grant::Revoked(revoked), Settled::Ended);
        }
        Brought::Tokens { answer: Err(NotRefreshed::Trouble(refusal)), .. } => {
            Refusal::UpstreamRefresh(Box::new(refusal.clone()))
        }
        Brought::Memberships(Err(refusal)) => {
            Refusal::MembershipsUnknown(Box::new(refusal.clone()))
        }
    };
    let settled = Settled::Refused(trouble);
    if ours { Decision::Write(Grant::Tokens(grant), settled) } else { Decision::Keep(settled) }
}

impl Brought {
    /// The tokens that came.
    fn tokens(&self) -> Option<&UpstreamTokens> {
        match self {
            Self::Tokens { answer, .. } => answer.as_ref().ok(),
            Self::Memberships(_) => None,
        }
    }
}

impl TokenGrant {
    /// Other upstream tokens are kept from now on, and known again.
    fn renew(&mut self, setup: &Setup, kept: Kept, now: Timestamp) {
        let allowed = &mut self.data.allowed;
        if setup.maps_users() {
            mapping::add_marks(setup, &mut allowed.upstream, &kept.tokens(now));
        }
        allowed.kept = Some(kept);
    }
}

impl Settled {
    fn told(self, landing: &Landing, abandoned: Option<Abandoned>, now: Timestamp) -> Living {
        let (grant_id, provider) = (landing.grant_id, landing.provider.id.clone());
        let ended = |why| vec![Event::GrantEnded { grant_id, why }];
        let (kept, events, abandoned) = match self {
            Self::Renewed(kept) => {
                (Ok(kept), vec![Event::UpstreamRefreshed { grant_id, provider }], abandoned)
            }
            Self::Known(kept) | Self::Overtaken(kept) => (Ok(kept), Vec::new(), abandoned),
            Self::Ended => (Err(Refusal::UpstreamGrantEnded), ended(Ended::Upstream), abandoned),
            Self::Over { cut_off_now } => {
                let events = if cut_off_now { ended(Ended::CutOff) } else { Vec::new() };
                // Whoever ended the grant before has asked for the end of the tokens that were in it,
                // and these came after that. Where this very transaction ended it, the refresh token
                // that was sent may be the one that still lives.
                let new = |tokens| match &abandoned {
                    Some(old) => old.kept.renewed(tokens, now),
                    None => Kept::new(tokens, now),
                };
                let new = landing.brought.tokens().map(new);
                let new = new.map(|kept| Abandoned { provider, kept });
                (Err(Refusal::GrantEnded), events, new.or(abandoned))
            }
            Self::Refused(refusal) => (Err(refusal), Vec::new(), abandoned),
        };
        Living { kept, events, abandoned }
    }
}
