//! Whether the person may sign in.

use super::{Identity, Rejected};
use crate::access::{self, Memberships};
use crate::provider::{Provider, Way};
use crate::refusal::Refusal;
use crate::secret::UpstreamAccessToken;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::Tick;

/// Judges the person, and asks for their organisations and teams where rules need them: only of
/// whoever satisfies all others.
pub(super) fn admit(
    setup: &Setup,
    mut identity: Identity,
    tick: &mut Tick,
) -> Step<Result<Identity, Box<Rejected>>> {
    let access = setup.access();
    if let Err(refusal) = access::judge_account(access, &identity.user, &identity.facts) {
        return Step::Done(Err(identity.refused(refusal)));
    }
    let token = &identity.tokens.access_token;
    let setup = setup.clone();
    memberships(&setup, &identity.pending.provider, token, tick).then(tick, move |found, _| {
        let judged = found.and_then(|found| {
            identity.facts.memberships = found;
            access::judge(setup.access(), &identity.user, &identity.facts)
        });
        Step::Done(match judged {
            Ok(()) => Ok(identity),
            Err(refusal) => Err(identity.refused(refusal)),
        })
    })
}

/// A person's organisations and teams, where rules ask for them.
pub(super) fn memberships(
    setup: &Setup,
    provider: &Provider,
    token: &UpstreamAccessToken,
    tick: &mut Tick,
) -> Step<Result<Option<Memberships>, Refusal>> {
    let rules = setup.access().of(&provider.id);
    let Some(rules) = rules.filter(|rules| rules.asks_for_memberships()) else {
        return Step::Done(Ok(None));
    };
    // The configuration was checked: nobody else has them.
    let Way::GitHub(api) = &provider.way else {
        return Step::Done(Ok(None));
    };
    access::fetch(api, rules, token, tick.now).then(tick, |found, _| Step::Done(found.map(Some)))
}
