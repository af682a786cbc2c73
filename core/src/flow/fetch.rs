//! From the code that the browser brought to the person: every question to the provider, in order.

use super::admit::admit;
use super::callback::Callback;
use super::emails::emails;
use super::exchange::ExchangingCode;
use super::userinfo::{Described, userinfo};
use super::verify::verify;
use super::{Identity, Rejected};
use crate::access::Facts;
use crate::provider;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::Tick;

/// What the questions end with.
pub(super) type Fetched = Result<Identity, Box<Rejected>>;

/// Metadata, tokens, ID token, userinfo, addresses, memberships: each where the provider has it.
pub(super) fn fetch(setup: &Setup, callback: Callback, tick: &mut Tick) -> Step<Fetched> {
    let setup = setup.clone();
    let name = callback.name.clone();
    let metadata = provider::metadata(&setup, &callback.pending.provider, tick);
    let exchanged = metadata.then(tick, |metadata, tick| match metadata {
        Ok(metadata) => ExchangingCode::ask(callback, metadata, tick.now),
        Err(refusal) => Step::Done(Err(Box::new(callback.pending.request.rejected(refusal)))),
    });
    let (verifying, admitting) = (setup.clone(), setup.clone());
    exchanged
        .and_then(tick, move |exchanged, tick| verify(&verifying, exchanged, tick))
        .and_then(tick, |verified, _| userinfo(verified))
        .and_then(tick, |described, _| emails(described))
        .and_then(tick, move |described, _| Step::Done(identify(&setup, described, name)))
        .and_then(tick, move |identity, tick| admit(&admitting, identity, tick))
}

fn identify(setup: &Setup, described: Described, name: Option<String>) -> Fetched {
    let Described { exchanged, documents } = described;
    let organization = documents.organization(&exchanged.pending.provider);
    match documents.person(&exchanged.pending.provider) {
        Ok(mut user) => {
            // What is signed counts more.
            user.name = user.name.or(name);
            if !setup.maps_users() {
                // Nobody will ask for it, so it is not kept.
                user.raw = serde_json::Map::new();
            }
            let facts = Facts { organization, memberships: None };
            Ok(Identity { pending: exchanged.pending, user, facts, tokens: exchanged.tokens })
        }
        Err(refusal) => Err(exchanged.rejected(refusal)),
    }
}
