//! `POST /oauth/consent`: the person's answer on the sign-in page.

use std::time::Duration;

use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};

use super::authorize::{Asked, AuthorizeRequest};
use super::pending::PendingUpstream;
use crate::cookies;
use crate::event::Event;
use crate::ids::FlowId;
use crate::keys::Purpose;
use crate::page;
use crate::params::Params;
use crate::refusal::Refusal;
use crate::reply::{Reply, Request, Response};
use crate::seal::{tag, untag};
use crate::setup::Setup;
use crate::tick::Timestamp;

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
pub(crate) fn consent(setup: &Setup, request: &Request, now: Timestamp) -> Reply {
    answer(setup, request, now).unwrap_or_else(|refusal| page::refuse(setup, refusal))
}

fn answer(setup: &Setup, request: &Request, now: Timestamp) -> Result<Reply, Refusal> {
    refuse_other_sites(setup, request.headers())?;
    let body = request.form()?;
    let mut params = Params::parse(&["form", "provider", "cancel"], body)?;
    params.repeated()?;
    let browser = setup.cookies().browser(request.headers()).ok_or(Refusal::FormForged)?;
    let form = ConsentForm::read(setup, browser, &params.required("form")?, now)?;
    let (flow_id, page_ends_at) = (form.flow_id, form.expires_at);
    let asked = AuthorizeRequest::reopen(setup, form.asked)?;
    if params.optional("cancel")?.is_some() {
        let event = Event::SignInCancelled { client_id: asked.client.id().clone() };
        let rejected = asked.rejected(Refusal::Cancelled);
        return Ok(Reply::new(rejected.redirect(setup), event));
    }
    let provider =
        setup.provider(&params.required("provider")?).ok_or(Refusal::UnknownProvider)?.clone();
    let event = Event::SignInStarted {
        client_id: asked.client.id().clone(),
        provider: provider.id.clone(),
    };
    let pending = asked.accept(setup, provider, flow_id, page_ends_at, now);
    let response = send_upstream(setup, request.headers(), pending, now)?;
    Ok(Reply::new(response, event))
}

/// RFC 9700 §4.7.1 and Fetch Metadata: browsers say where a POST comes from, and scripts cannot
/// change what they say.
fn refuse_other_sites(setup: &Setup, headers: &HeaderMap) -> Result<(), Refusal> {
    let text =
        |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    if let Some(site) = text(http::HeaderName::from_static("sec-fetch-site")) {
        return if matches!(site, "same-origin" | "none") {
            Ok(())
        } else {
            Err(Refusal::CrossSite)
        };
    }
    match text(header::ORIGIN) {
        // Our own page sends no referrer, which makes its Origin `null` too; the browser's mark
        // decides then.
        None | Some("null") => Ok(()),
        Some(origin) if origin == setup.issuer().origin() => Ok(()),
        Some(_) => Err(Refusal::CrossSite),
    }
}

/// Sets the flow's cookie, drops the oldest ones if there are too many, and redirects to the
/// provider (MCP security best practices: the cookie is set here and not earlier).
fn send_upstream(
    setup: &Setup,
    headers: &HeaderMap,
    pending: PendingUpstream,
    now: Timestamp,
) -> Result<Response, Refusal> {
    let names = setup.cookies();
    let location = pending.upstream_location(setup, now).ok_or(Refusal::RequestTooLong)?;
    let seconds = pending.expires_at().remaining(now).as_secs();
    let handle = pending.handle();
    let value = pending.into_cookie(setup);
    let name = names.flow_name(handle);
    let size = name.len() + value.len();
    if size > cookies::LONGEST {
        return Err(Refusal::RequestTooLong);
    }
    let mut response = Response::see_other(location);
    if let Some(cookie) = names.set_flow(handle, &value, seconds) {
        response = response.and_cookie(cookie);
    }
    let mut others: Vec<_> = names
        .flows(headers)
        .filter(|(other, _)| *other != name)
        .map(|(other, value)| (PendingUpstream::cookie_expiry(setup, value, now), other, value))
        .collect();
    // The youngest first; what does not open any more comes last.
    others.sort_by_key(|(expires_at, ..)| std::cmp::Reverse(*expires_at));
    let mut total = size;
    for (expires_at, other, value) in others {
        total += other.len() + value.len();
        if (expires_at.is_none() || total > cookies::MOST_BYTES)
            && let Some(deletion) = names.delete(other)
        {
            response = response.and_cookie(deletion);
        }
    }
    Ok(response)
}
