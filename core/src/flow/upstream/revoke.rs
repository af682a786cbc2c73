//! The provider is asked to end what nobody holds any more (RFC 7009): once, and whatever it says.

use std::sync::Arc;
use std::time::Duration;

use crate::effect::{HttpCall, Purpose};
use crate::grant::{Abandoned, Grant, Kept};
use crate::ids::GrantId;
use crate::provider::{self, Provider, ProviderMetadata, token_request};
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Record, RecordKey};
use crate::tick::{Tick, Timestamp};

/// How long the call may take: an operator who ends many grants waits for each.
const DEADLINE: Duration = Duration::from_secs(5);

/// What came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// One grant; the person may have others.
    Grant,
    /// All grants of the person.
    Person,
}

/// Where the provider has an endpoint for it, and would not end other grants with it. GitHub has none
/// of this kind.
pub(crate) fn revoke(setup: &Setup, abandoned: Abandoned, of: Ending, tick: &mut Tick) -> Step<()> {
    let Abandoned { provider, kept } = abandoned;
    let Some(provider) = setup.provider(provider.as_str()).cloned() else {
        return Step::Done(());
    };
    if provider.revokes_everything && of == Ending::Grant {
        return Step::Done(());
    }
    provider::metadata(setup, &provider, tick).then(tick, move |metadata, tick| {
        match metadata.ok().and_then(|metadata| call(&provider, &metadata, &kept, tick.now)) {
            Some(call) => ask(call).then(tick, |_, _| Step::Done(())),
            None => Step::Done(()),
        }
    })
}

/// The same where there may be nothing to end.
pub(crate) fn revoke_any(
    setup: &Setup,
    abandoned: Option<Abandoned>,
    of: Ending,
    tick: &mut Tick,
) -> Step<()> {
    match abandoned {
        Some(abandoned) => revoke(setup, abandoned, of, tick),
        None => Step::Done(()),
    }
}

/// See [`Server::forget`](crate::Server::forget).
pub(crate) fn forget(setup: &Setup, key: &RecordKey, record: &Record, tick: &mut Tick) -> Step<()> {
    // Whoever sweeps too early must not end what lives.
    if !record.expires_at.after(Record::KEPT_AFTER_EXPIRY).has_passed(tick.now) {
        return Step::Done(());
    }
    let grant =
        GrantId::of_record(key).and_then(|id| Grant::from_record(setup.keys(), id, record).ok());
    let abandoned = grant.and_then(|grant| grant.end(tick.now).abandoned);
    revoke_any(setup, abandoned, Ending::Grant, tick)
}

/// The refresh token, if there is one: with it the provider ends the access token too (RFC 7009
/// §2.1).
fn call(
    provider: &Arc<Provider>,
    metadata: &ProviderMetadata,
    kept: &Kept,
    now: Timestamp,
) -> Option<HttpCall> {
    let endpoint = metadata.revocation_endpoint.as_ref()?;
    let (token, hint) = match &kept.refresh_token {
        Some(token) => (token.expose(), "refresh_token"),
        None => (kept.access_token.expose(), "access_token"),
    };
    let parameters = [("token", token), ("token_type_hint", hint)];
    let call = token_request(provider, endpoint, Purpose::RevokeToken, &parameters, now);
    let mut call = call.ok()?;
    call.deadline = DEADLINE;
    Some(call)
}
