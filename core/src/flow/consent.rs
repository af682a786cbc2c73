//! `POST /oauth/consent`: the person's answer on the sign-in page.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::authorize_request::{Asked, AuthorizeRequest};
use super::depart::depart;
use super::remember::{self, Agreed, Remembered};
use crate::check::fetch_metadata::Site;
use crate::event::Event;
use crate::ids::FlowId;
use crate::keys::Purpose;
use crate::page::Answer;
use crate::params::Params;
use crate::provider::{self, Provider};
use crate::refusal::Refusal;
use crate::reply::{Reply, Request};
use crate::seal::{tag, untag};
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

/// How long the page may stay open.
const PAGE_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// What is in the form: the whole authorization request, so that nothing is kept here while a
/// person thinks. Nothing in it is private, so it is tagged, not sealed; the tag is over this
/// browser's mark too.
#[derive(Serialize, Deserialize)]
pub(super) struct ConsentForm {
    pub(super) flow_id: FlowId,
    pub(super) expires_at: Timestamp,
    asked: Asked,
}

impl ConsentForm {
    pub(super) fn new(flow_id: FlowId, request: &AuthorizeRequest, now: Timestamp) -> Self {
        Self { flow_id, expires_at: now.after(PAGE_LIFETIME), asked: request.to_asked() }
    }

    pub(super) fn to_text(&self, setup: &Setup, browser: &str) -> String {
        tag(setup.keys().first(), Purpose::ConsentForm, "", browser.as_bytes(), self)
    }

    fn read(setup: &Setup, browser: &str, text: &str, now: Timestamp) -> Result<Self, Refusal> {
        let form = untag(setup.keys(), Purpose::ConsentForm, "", browser.as_bytes(), text);
        let (form, _) = form.ok_or(Refusal::FormForged)?;
        let form: Self = form;
        if form.expires_at.has_passed(now) { Err(Refusal::FormExpired) } else { Ok(form) }
    }
}

/// The endpoint.
pub(crate) fn consent(setup: &Setup, request: &Request, tick: &mut Tick) -> Step<Answer> {
    match read(setup, request, tick.now) {
        Ok(Said::Cancelled(answer)) => Step::Done(*answer),
        Ok(Said::Agreed(leaving)) => leave(setup, request.headers(), *leaving, tick),
        Err(refusal) => Step::Done(Answer::refused(refusal)),
    }
}

/// What the person said.
enum Said {
    /// No; the client is told.
    Cancelled(Box<Answer>),
    /// Yes.
    Agreed(Box<Leaving>),
}

/// A person who agreed, before they leave.
pub(super) struct Leaving {
    pub(super) asked: AuthorizeRequest,
    pub(super) agreed: Agreed,
    pub(super) flow_id: FlowId,
    pub(super) page_ends_at: Timestamp,
    /// The cookie of what need not be asked again, where it changes.
    pub(super) remembered: Option<HeaderValue>,
}

fn read(setup: &Setup, request: &Request, now: Timestamp) -> Result<Said, Refusal> {
    refuse_other_sites(setup, request.headers())?;
    let body = request.form()?;
    let mut params = Params::parse(&["form", "provider", "cancel", "remember"], body)?;
    params.repeated()?;
    let browser = setup.cookies().browser(request.headers()).ok_or(Refusal::FormForged)?;
    let form = ConsentForm::read(setup, browser, &params.required("form")?, now)?;
    let (flow_id, page_ends_at) = (form.flow_id, form.expires_at);
    let asked = AuthorizeRequest::reopen(setup, form.asked)?;
    if params.optional("cancel")?.is_some() {
        let client_id = asked.client.id().clone();
        let forgotten = forget(setup, request.headers(), &asked, setup.providers(), now);
        let rejected = asked.rejected(Refusal::Cancelled);
        let told = rejected.redirected(setup, Event::SignInCancelled { client_id });
        return Ok(Said::Cancelled(Box::new(told.and_cookie(forgotten))));
    }
    let provider =
        setup.provider(&params.required("provider")?).ok_or(Refusal::UnknownProvider)?.clone();
    let agreed = Agreed { provider, allowed_at: now };
    let remembered = if params.optional("remember")?.is_some() {
        remember(setup, request.headers(), &asked, &agreed)
    } else {
        forget(setup, request.headers(), &asked, std::slice::from_ref(&agreed.provider), now)
    };
    Ok(Said::Agreed(Box::new(Leaving { asked, agreed, flow_id, page_ends_at, remembered })))
}

/// The browser goes on to the provider, as soon as it is known where that is.
pub(super) fn leave(
    setup: &Setup,
    headers: &HeaderMap,
    leaving: Leaving,
    tick: &mut Tick,
) -> Step<Answer> {
    let (setup, headers) = (setup.clone(), headers.clone());
    provider::metadata(&setup, &leaving.agreed.provider, tick).then(tick, move |metadata, tick| {
        let Leaving { asked, agreed, flow_id, page_ends_at, remembered } = leaving;
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(refusal) => return Step::Done(asked.rejected(refusal).told(&setup)),
        };
        let event = Event::SignInStarted {
            client_id: asked.client.id().clone(),
            provider: agreed.provider.id.clone(),
        };
        let pending = asked.accept(&setup, agreed, &metadata, flow_id, page_ends_at, tick.now);
        Step::Done(match depart(&setup, &headers, pending, &metadata, tick.now) {
            Ok(response) => Answer::from(Reply::new(response, event)).and_cookie(remembered),
            Err(refusal) => Answer::refused(refusal),
        })
    })
}

/// What the box asks for, where it was on the page.
fn remember(
    setup: &Setup,
    headers: &HeaderMap,
    asked: &AuthorizeRequest,
    agreed: &Agreed,
) -> Option<HeaderValue> {
    remember::lifetime(setup, asked)?;
    let mut remembered = Remembered::to_change(setup, headers, agreed.allowed_at);
    remembered.add(asked, agreed);
    remembered.into_cookie(setup, agreed.allowed_at)
}

/// Who answers otherwise, or without the box, is asked again next time.
fn forget(
    setup: &Setup,
    headers: &HeaderMap,
    asked: &AuthorizeRequest,
    providers: &[Arc<Provider>],
    now: Timestamp,
) -> Option<HeaderValue> {
    let mut remembered = Remembered::to_change(setup, headers, now);
    let forgotten = providers.iter().filter(|provider| remembered.remove(asked, provider)).count();
    if forgotten > 0 { remembered.into_cookie(setup, now) } else { None }
}

/// RFC 9700 §4.7.1 and Fetch Metadata: browsers say where a POST comes from, and scripts cannot
/// change what they say.
fn refuse_other_sites(setup: &Setup, headers: &HeaderMap) -> Result<(), Refusal> {
    match Site::of(headers) {
        Site::Own | Site::Nobody => return Ok(()),
        Site::Other => return Err(Refusal::CrossSite),
        Site::Unsaid => {}
    }
    let origin = headers.get(header::ORIGIN);
    match origin.map(|value| value.to_str().unwrap_or("?")) {
        // Our own page sends no referrer, which makes its Origin `null` too; the browser's mark
        // decides then.
        None | Some("null") => Ok(()),
        Some(origin) if origin == setup.issuer().origin() => Ok(()),
        Some(_) => Err(Refusal::CrossSite),
    }
}
