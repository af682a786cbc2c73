//! `POST /oauth/token`: the token endpoint (RFC 6749 §3.2).

use super::issue::RefreshToken;
use super::redeem::Code;
use super::revoke::Revoked;
use super::transact::{self, Transacted, Undone};
use super::{redeem, refresh, upstream};
use bytes::Bytes;

use crate::check::client_auth::{self, AuthenticatedClient, Authentication};
use crate::cutoff::Questions;
use crate::event::{Ended, Event};
use crate::grant::Abandoned;
use crate::ids::{ClientId, GrantId};
use crate::params::{Params, none_in_query};
use crate::refusal::Refusal;
use crate::reply::{Reply, Request, Response};
use crate::seal::{Sealable, Unopened, open};
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

const PARAMETERS: [&str; 11] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "resource",
];

/// How a grant type ended: tokens, handed out once the record is written, or a refusal; and what
/// happened.
pub(super) struct Outcome {
    result: Result<Response, Refusal>,
    events: Vec<Event>,
    /// A grant that must be ended and could not be.
    unended: Option<GrantId>,
    /// Upstream tokens of a grant that was ended.
    abandoned: Option<Abandoned>,
}

impl Outcome {
    /// What was decided, if it was written down.
    pub(super) fn of(transacted: Transacted<Self>) -> Self {
        let Transacted { outcome, abandoned } = transacted;
        Self { abandoned, ..outcome.unwrap_or_else(Self::undone) }
    }

    /// The same where something else happened before.
    pub(super) fn after(mut self, events: Vec<Event>, abandoned: Option<Abandoned>) -> Self {
        self.events.splice(0..0, events);
        self.abandoned = self.abandoned.or(abandoned);
        self
    }

    pub(super) fn minted(tokens: Response, event: Event) -> Self {
        Self { result: Ok(tokens), events: vec![event], unended: None, abandoned: None }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        let event = Event::Refused { refusal: refusal.clone() };
        Self { result: Err(refusal), events: vec![event], unended: None, abandoned: None }
    }

    /// A tombstone was found.
    pub(super) fn over(revoked: &Revoked) -> Self {
        if revoked.cut_off_now {
            Self::ended(revoked.id, Ended::CutOff, Refusal::GrantEnded)
        } else {
            Self::refused(Refusal::GrantEnded)
        }
    }

    pub(super) fn ended(grant_id: GrantId, why: Ended, refusal: Refusal) -> Self {
        let mut refused = Self::refused(refusal);
        refused.events.insert(0, Event::GrantEnded { grant_id, why });
        refused
    }

    /// What was decided could not be written (STO-07): the request is refused all the same, a
    /// replay that was seen is reported, and the grant is ended as soon as the store is back.
    pub(super) fn undone(undone: Undone<Self>) -> Self {
        let mut refused = Self::refused(undone.refusal);
        if let Some(Self { result: Err(refusal), events, .. }) = undone.decided {
            refused.events.insert(0, Event::Refused { refusal });
            refused.unended = events.iter().find_map(|event| {
                if let Event::GrantEnded { grant_id, .. } = event { Some(*grant_id) } else { None }
            });
        }
        refused
    }

    /// Of a client that was ended itself, all that it had is over too, and what it has to do is to
    /// register again: clients do that on 401 `invalid_client` only (DCR-15).
    fn unless_ended(self, setup: &Setup, client: &ClientId, tick: &mut Tick) -> Step<Self> {
        // What was not made here has cost no question yet, and costs none.
        if !matches!(self.result, Err(Refusal::GrantEnded | Refusal::TokenExpired)) {
            return Step::Done(self);
        }
        Questions::of_registered(setup, client).answer(setup, tick).then(tick, move |over, _| {
            let mut outcome = self;
            // Where nobody can say, what is known is said: the grant is over.
            if over == Ok(true) {
                let refusal = Refusal::ClientEnded;
                outcome.events.pop();
                outcome.events.push(Event::Refused { refusal: refusal.clone() });
                outcome.result = Err(refusal);
            }
            Step::Done(outcome)
        })
    }

    fn into_reply(self, setup: &Setup, tick: &mut Tick) -> Reply {
        let refused = |refusal: Refusal| refusal.to_client(setup);
        let mut reply = Reply::from(self.result.unwrap_or_else(refused));
        reply.events = self.events;
        let abandoned = self
            .abandoned
            .map(|tokens| upstream::revoke(setup, tokens, upstream::Ending::Grant, tick));
        // A grant that was ended is not to be ended.
        reply.follow_up =
            abandoned.or_else(|| self.unended.map(|grant_id| end_later(setup, grant_id, tick)));
        reply
    }
}

/// Opens a code or a refresh token that is alive.
pub(super) fn open_token<T: Sealable>(
    setup: &Setup,
    text: &str,
    now: Timestamp,
) -> Result<T, Refusal> {
    open(setup.keys(), text, now).map(|(token, _)| token).map_err(|why| match why {
        Unopened::Forged => Refusal::TokenForged,
        Unopened::Expired => Refusal::TokenExpired,
    })
}

/// Tries once more to end a grant, after the answer.
fn end_later(setup: &Setup, grant_id: GrantId, tick: &mut Tick) -> Step<()> {
    let setup = setup.clone();
    transact::end(&setup, grant_id, tick).then(tick, move |ended, tick| {
        upstream::revoke_any(&setup, ended.abandoned, upstream::Ending::Grant, tick)
    })
}

/// The endpoint.
pub(crate) fn token(setup: &Setup, request: &Request, tick: &mut Tick) -> Step<Reply> {
    dispatch(setup, request, tick)
        .unwrap_or_else(|refusal| Step::Done(Outcome::refused(refusal).into_reply(setup, tick)))
}

fn dispatch(setup: &Setup, request: &Request, tick: &mut Tick) -> Result<Step<Reply>, Refusal> {
    let body = request.form()?;
    // Refused even where the body has them too.
    none_in_query(&["client_secret", "code", "refresh_token"], request.query())?;
    let mut params = Params::parse(&PARAMETERS, body)?;
    params.repeated()?;
    let claimed = match client_auth::authenticate(setup, request.headers(), &mut params, tick.now)?
    {
        Authentication::Done(client) => return grant(setup, client, &mut params, tick),
        Authentication::Claimed(claimed) => claimed,
    };
    let grant_id = presented(setup, &mut params, tick.now)?;
    let (setup, body) = (setup.clone(), Bytes::copy_from_slice(body));
    Ok(claimed.prove(&setup, grant_id, tick).then(tick, move |client, tick| {
        let granted = client.and_then(|client| {
            grant(&setup, client, &mut Params::parse(&PARAMETERS, &body)?, tick)
        });
        granted.unwrap_or_else(|refusal| {
            Step::Done(Outcome::refused(refusal).into_reply(&setup, tick))
        })
    }))
}

/// The grant that the code or refresh token of a request leads to.
fn presented(
    setup: &Setup,
    params: &mut Params<'_, { PARAMETERS.len() }>,
    now: Timestamp,
) -> Result<GrantId, Refusal> {
    match &*params.required("grant_type")? {
        "authorization_code" => {
            let code: Code = open_token(setup, &params.required("code")?, now)?;
            Ok(code.grant_id)
        }
        "refresh_token" => {
            let token: RefreshToken = open_token(setup, &params.required("refresh_token")?, now)?;
            Ok(token.grant_id)
        }
        _ => Err(Refusal::GrantType),
    }
}

/// The grant types, for a client that is authenticated.
fn grant(
    setup: &Setup,
    client: AuthenticatedClient,
    params: &mut Params<'_, { PARAMETERS.len() }>,
    tick: &mut Tick,
) -> Result<Step<Reply>, Refusal> {
    let client_id = client.id().clone();
    let outcome = match &*params.required("grant_type")? {
        "authorization_code" => redeem::redeem(setup, client, params, tick),
        "refresh_token" if !client.refreshes() => return Err(Refusal::GrantTypeNotRegistered),
        "refresh_token" => refresh::refresh(setup, client, params, tick),
        _ => return Err(Refusal::GrantType),
    };
    let setup = setup.clone();
    Ok(outcome.then(tick, move |outcome, tick| {
        let outcome = outcome.unless_ended(&setup, &client_id, tick);
        outcome.then(tick, move |outcome, tick| Step::Done(outcome.into_reply(&setup, tick)))
    }))
}
