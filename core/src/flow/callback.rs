//! `GET /oauth/callback/{provider}`: the person comes back from a provider (RFC 6749 §4.1.2).

use std::sync::Arc;

use super::fetch::fetch;
use super::pending::PendingUpstream;
use super::posted::{self, Fields};
use super::{Rejected, identity};
use crate::cutoff::Questions;
use crate::ids::FlowHandle;
use crate::page::Answer;
use crate::params::Params;
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::reply::Request;
use crate::secret::redacted_debug;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::Load;
use crate::tenant::{IssuerOfTenants, is_tenant_id};
use crate::tick::Tick;

const PARAMETERS: [&str; 5] = ["code", "state", "iss", "error", posted::PARAMETER];

/// The person is back with a code, in the browser that left, by the path of the provider that was
/// asked.
#[derive(Debug)]
pub struct Callback {
    /// In a box, since it is moved at every question that comes before the answer.
    pub(super) pending: Box<PendingUpstream>,
    pub(super) code: UpstreamCode,
    /// The person's name as the browser brought it, where the provider has it do so.
    pub(super) name: Option<String>,
}

/// The provider's authorization code.
pub(super) struct UpstreamCode(pub(super) String);

redacted_debug!(UpstreamCode);

/// What the provider said in the browser's query.
enum Said {
    Code { code: String, name: Option<String> },
    Error(Refusal),
}

/// The endpoint of one provider.
pub(crate) fn callback(
    setup: &Setup,
    provider: Arc<Provider>,
    request: &Request,
    tick: &mut Tick,
) -> Step<Answer> {
    let (pending, said) = match read(setup, provider, request, tick) {
        Ok(read) => read,
        Err(refusal) => return Step::Done(Answer::refused(refusal)),
    };
    let handle = pending.handle();
    match said {
        Said::Error(refusal) => {
            Step::Done(answer_client(setup, handle, pending.request.rejected(refusal)))
        }
        Said::Code { code, name } => {
            let callback = pending.returned(UpstreamCode(code), name);
            complete(setup, handle, callback, tick)
        }
    }
}

/// In this order: the state opens, it is this provider's, this browser has the flow's cookie, the
/// issuer is right.
fn read(
    setup: &Setup,
    provider: Arc<Provider>,
    request: &Request,
    tick: &Tick,
) -> Result<(PendingUpstream, Said), Refusal> {
    let Fields { code, state, iss, error, name } = fields(setup, &provider, request, tick)?;
    let state = state.ok_or(Refusal::StateForged)?;
    let handle = PendingUpstream::flow_of_state(setup, &provider, &state, tick.now)?;
    let cookie = setup.cookies().flow(request.headers(), handle).ok_or(Refusal::OtherBrowser)?;
    let pending = PendingUpstream::from_cookie(setup, provider, handle, cookie, tick.now)?;
    // Mix-up defence (RFC 9207 §2.4).
    let issuer_is_right = match (pending.provider.metadata.issuer(), iss.as_deref()) {
        (Some(expected), Some(iss)) => is_issuer(expected, iss),
        (_, None) => !pending.needs_iss(),
        // Nothing is known to compare it with.
        (None, Some(_)) => true,
    };
    let said = match (code, error) {
        _ if !issuer_is_right => Said::Error(Refusal::UpstreamIssuer),
        (Some(code), None) => Said::Code { code, name },
        // The provider's own words are not passed on: they may say anything (UPS-25).
        (None, Some(error)) => Said::Error(match &*error {
            "access_denied" => Refusal::UpstreamDenied,
            // Apple's and LinkedIn's word for it; and LinkedIn's where nobody signed in.
            "user_cancelled_authorize" | "user_cancelled_login" => Refusal::UpstreamDenied,
            "temporarily_unavailable" => Refusal::UpstreamBusy,
            _ => Refusal::UpstreamError,
        }),
        (Some(_), Some(_)) | (None, None) => Said::Error(Refusal::CallbackMalformed),
    };
    Ok((pending, said))
}

/// What the provider says: in the query, or where it posts, sealed in there; never in both.
fn fields(
    setup: &Setup,
    provider: &Provider,
    request: &Request,
    tick: &Tick,
) -> Result<Fields, Refusal> {
    let mut params = Params::parse(&PARAMETERS, request.query().as_bytes())?;
    params.repeated()?;
    let plain = Fields::read(&mut params)?;
    let posted = params.optional(posted::PARAMETER)?.filter(|_| provider.way.is_posted());
    match posted {
        None => Ok(plain),
        Some(posted) if plain.are_empty() => Fields::open(setup, &posted, tick.now),
        Some(_) => Err(Refusal::StateForged),
    }
}

/// Whether an `iss` is the issuer: or that of one of its tenants, of which the ID token will tell.
fn is_issuer(expected: &str, iss: &str) -> bool {
    match IssuerOfTenants::parse(expected) {
        None => expected == iss,
        Some(tenants) => tenants.tenant_of(iss).is_some_and(is_tenant_id),
    }
}

impl PendingUpstream {
    /// The browser brought a code back.
    fn returned(self, code: UpstreamCode, name: Option<String>) -> Callback {
        Callback { pending: Box::new(self), code, name }
    }
}

/// From the code to the redirect. A flow that has left a record is over before anything is asked of
/// the provider.
fn complete(
    setup: &Setup,
    handle: FlowHandle,
    callback: Callback,
    tick: &mut Tick,
) -> Step<Answer> {
    let setup = setup.clone();
    let load = Load::fresh(callback.pending.derived.grant_id.record_key());
    ask(load).then(tick, move |answer, tick| {
        match answer {
            Ok(None) => {}
            Ok(Some(_)) => {
                let answer = Answer::refused(Refusal::AlreadyCompleted);
                return Step::Done(without_cookie(&setup, handle, answer));
            }
            // Nothing is spent yet, the cookie stays: loading the page again goes on.
            Err(_) => return Step::Done(Answer::refused(Refusal::StoreUnavailable)),
        }
        let request = &callback.pending.request;
        let cutoffs = Questions::of_flow(&setup, &request.client, callback.pending.allowed_at());
        cutoffs.answer(&setup, tick).then(tick, move |over, tick| match over {
            Ok(false) => exchange(&setup, handle, callback, tick),
            Ok(true) => {
                let rejected = callback.pending.request.rejected(Refusal::CutOff);
                Step::Done(answer_client(&setup, handle, rejected))
            }
            Err(refusal) => Step::Done(Answer::refused(refusal)),
        })
    })
}

/// The provider is asked, and the person gets their answer.
fn exchange(
    setup: &Setup,
    handle: FlowHandle,
    callback: Callback,
    tick: &mut Tick,
) -> Step<Answer> {
    let setup = setup.clone();
    fetch(&setup, callback, tick).then(tick, move |fetched, tick| {
        let identity = match fetched {
            Ok(identity) => identity,
            Err(rejected) => return Step::Done(answer_client(&setup, handle, *rejected)),
        };
        identity::issue(&setup, identity, tick).then(tick, move |issued, _| {
            let answer = match issued {
                Ok(reply) => reply.into(),
                Err(identity::NotIssued::AlreadyCompleted) => {
                    Answer::refused(Refusal::AlreadyCompleted)
                }
                Err(identity::NotIssued::Rejected(rejected)) => {
                    return Step::Done(answer_client(&setup, handle, *rejected));
                }
            };
            Step::Done(without_cookie(&setup, handle, answer))
        })
    })
}

/// Tells the client by redirect, or the person where it is they who may not; and ends the flow in
/// this browser.
fn answer_client(setup: &Setup, handle: FlowHandle, rejected: Rejected) -> Answer {
    // A cutoff ends what was remembered too; otherwise the same consent would come again.
    let forgotten = if rejected.refusal == Refusal::CutOff {
        setup.cookies().delete_remembered()
    } else {
        None
    };
    let answer = if let Refusal::NotAllowed(_) = rejected.refusal {
        rejected.told_to_the_person()
    } else {
        rejected.told(setup)
    };
    without_cookie(setup, handle, answer).and_cookie(forgotten)
}

/// The flow is over: its cookie goes.
fn without_cookie(setup: &Setup, handle: FlowHandle, answer: Answer) -> Answer {
    answer.and_cookie(setup.cookies().delete_flow(handle))
}
