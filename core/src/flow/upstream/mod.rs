//! The upstream provider's tokens that a grant keeps: handed to the application, refreshed in one
//! flight over all instances, ended with the grant. They never reach a client. In the same way the
//! provider is asked again for a person's organisations and teams, where rules ask for those.
//!
//! ```text
//! Load --due--> Swap (lease) --> RefreshingUpstream --Http--> Load --> Swap (new tokens; or the grant's end)
//!                            --> memberships        --Http--> Load --> Swap (them;        or the grant's end)
//!      --leased by another--> Pause --> Load ...
//! ```

mod ask;
mod lease;
mod refreshing;
mod revoke;
mod settle;

pub use refreshing::{RefreshedUpstream, RefreshingUpstream};

pub(crate) use ask::upstream_token;
pub(crate) use revoke::{Ending, forget, revoke, revoke_any};

use std::sync::Arc;

use super::rotate::TokenGrant;
use crate::event::Event;
use crate::grant::{Abandoned, Kept};
use crate::ids::GrantId;
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::Step;
use crate::swap::Patience;
use crate::tick::Tick;

use lease::Waiter;

/// What came of asking for a grant's upstream tokens.
pub(crate) struct Living {
    pub(crate) kept: Result<Kept, Refusal>,
    /// What else happened.
    pub(crate) events: Vec<Event>,
    /// Upstream tokens that this has taken out of a grant, or that came for one that is over.
    pub(crate) abandoned: Option<Abandoned>,
}

impl Living {
    fn refused(refusal: Refusal) -> Self {
        Self { kept: Err(refusal), events: Vec::new(), abandoned: None }
    }

    /// The same where something else happened before.
    fn after(mut self, events: Vec<Event>) -> Self {
        self.events.splice(0..0, events);
        self
    }
}

/// What of a grant has to be as new as the provider can make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The tokens.
    Tokens,
    /// And where rules ask for them, the person's organisations and teams.
    Memberships,
}

/// Whether a grant's upstream tokens are whoever asks' to have.
type May = dyn Fn(&TokenGrant) -> Result<(), Refusal> + Send + Sync;

/// A grant's upstream tokens, refreshed first if it is time; and whatever else is `wanted`, asked for
/// again if it is time.
///
/// # Errors
/// What `may` says; [`Refusal::UpstreamTokenNotKept`]; [`Refusal::UpstreamGrantEnded`], and the
/// grant is ended; [`Refusal::UpstreamRefresh`], [`Refusal::MembershipsUnknown`] and
/// [`Refusal::UpstreamRefreshAwaited`], and the grant is as it was; those of a transaction.
pub(crate) fn living(
    setup: &Setup,
    id: GrantId,
    wanted: Wanted,
    may: impl Fn(&TokenGrant) -> Result<(), Refusal> + Send + Sync + 'static,
    tick: &mut Tick,
) -> Step<Living> {
    let (setup, may, patience) = (setup.clone(), Arc::new(may), Patience::from(tick.now));
    let events = Vec::new();
    Waiter { setup, id, may, wanted, patience, awaited: None, events }.look(tick)
}

/// The provider of a grant's upstream tokens, if they are kept and still to be kept.
pub(super) fn keeper<'s>(
    setup: &'s Setup,
    grant: &TokenGrant,
) -> Option<(&'s Arc<Provider>, Kept)> {
    let allowed = &grant.data.allowed;
    let provider = setup.provider(allowed.user.provider.as_str())?;
    let kept = allowed.kept.clone()?;
    provider.keep_tokens.then_some((provider, kept))
}
