//! What people see: the sign-in page and the error page. No script, nothing loaded from elsewhere.

use askama::Template;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::encoding::base64;
use crate::event::Event;
use crate::flow::{AuthorizeRequest, Rejected};
use crate::ids::ProviderId;
use crate::refusal::Refusal;
use crate::reply::{Reply, Response};
use crate::setup::Setup;

/// The one style element of every page: allowed by its hash, so that nothing else is.
const STYLE: &str = include_str!("../templates/style.css");

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    style: &'a str,
    client_name: &'a str,
    registered_itself: bool,
    redirect_host: &'a str,
    loopback: bool,
    resource: &'a str,
    scopes: Vec<&'a str>,
    action: String,
    form: &'a str,
    buttons: Vec<Button<'a>>,
}

struct Button<'a> {
    id: &'a str,
    name: &'a str,
    scopes: &'a [String],
    preselected: bool,
}

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    style: &'a str,
    title: &'a str,
    what: &'a str,
    mend: &'a str,
    link: Option<Link<'a>>,
}

struct Link<'a> {
    host: &'a str,
    href: String,
}

/// The sign-in page: who asks, where the answer goes, what is asked for, and a button per provider.
pub(crate) fn sign_in(
    setup: &Setup,
    asked: &AuthorizeRequest,
    form: &str,
    preselected: Option<&ProviderId>,
) -> Response {
    let buttons = setup.providers().iter().map(|provider| Button {
        id: provider.id.as_str(),
        name: &provider.name,
        scopes: &provider.scopes,
        preselected: preselected == Some(&provider.id),
    });
    let page = SignIn {
        style: STYLE,
        client_name: asked.client().name(),
        registered_itself: asked.client().registered_itself(),
        redirect_host: asked.redirect().host(),
        loopback: asked.redirect().is_loopback(),
        resource: setup.resource_name(asked.resource()),
        scopes: asked.scopes().collect(),
        action: setup.url(&setup.paths().consent),
        form,
        buttons: buttons.collect(),
    };
    html(StatusCode::OK, page.render(), &form_action(setup, asked))
}

/// Where the form may lead. Chromium applies `form-action` to every redirect that follows: to the
/// provider, whichever hosts it uses, and in the end to the client. `https:` covers all of those;
/// what is not https is named.
fn form_action(setup: &Setup, asked: &AuthorizeRequest) -> String {
    let mut sources = String::from("'self' https:");
    let mut allow = |url: &str| {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let host = rest.trim_start_matches('/').split([':', '/', '?']).next().unwrap_or_default();
        match scheme {
            "https" => {}
            // CSP has no syntax for IPv6 addresses (CSP 3 §2.3.1).
            "http" if host.starts_with('[') => sources.push_str(" http:"),
            "http" => sources.push_str(&format!(" http://{host}:*")),
            private_use => sources.push_str(&format!(" {private_use}:")),
        }
    };
    for provider in setup.providers() {
        allow(provider.authorization_endpoint.url().as_str());
    }
    allow(asked.redirect().as_str());
    sources
}

/// An error page as the whole reply.
pub(crate) fn refuse(setup: &Setup, refusal: Refusal) -> Reply {
    Reply::new(error(setup, &refusal, None), Event::Refused { refusal })
}

/// An error page; with a link back for a client that cannot be redirected to at once (RFC 9700
/// §4.11.2).
pub(crate) fn error(setup: &Setup, refusal: &Refusal, back: Option<&Rejected>) -> Response {
    let wire = refusal.wire();
    let link = back.and_then(|rejected| {
        let location = rejected.redirect(setup).headers.remove(header::LOCATION)?;
        let href = location.to_str().ok()?.to_owned();
        Some(Link { host: rejected.redirect.host(), href })
    });
    let (title, mend) = said(refusal);
    let page = Error { style: STYLE, title, what: &wire.description, mend, link };
    // A page that stands for a failed login is not an authentication challenge: 401 would need one
    // (RFC 9110 §15.5.2).
    let status =
        if wire.status == StatusCode::UNAUTHORIZED { StatusCode::BAD_REQUEST } else { wire.status };
    refusal.with_headers(html(status, page.render(), "'none'"))
}

/// What happened, and what a person can do about it.
fn said(refusal: &Refusal) -> (&'static str, &'static str) {
    const START_AGAIN: &str = "Go back to the application and connect again.";
    match refusal.wire().status.as_u16() {
        503 => ("Please try again", "Nothing was lost. Load this page again in a moment."),
        502 => ("The provider did not help", START_AGAIN),
        _ if matches!(refusal, Refusal::UnknownClient | Refusal::ClientEnded) => (
            "This application is not known here",
            "Remove the connection in the application and add it again, so that it registers anew.",
        ),
        _ if *refusal == Refusal::AlreadyCompleted => (
            "You have signed in already",
            "Go back to the application; if it still waits, connect again.",
        ),
        _ => ("This sign-in cannot go on", START_AGAIN),
    }
}

fn html(status: StatusCode, page: Result<String, askama::Error>, form_action: &str) -> Response {
    let Ok(page) = page else {
        return Refusal::Overloaded.to_json();
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'",
        base64(Sha256::digest(STYLE))
    );
    let response = Response::json(status, page)
        .with(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))
        .with(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"))
        .with(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Hashes are base64 and origins are ASCII; were it otherwise, a page without a policy must not
    // go out.
    match HeaderValue::try_from(policy) {
        Ok(policy) => response.with(header::CONTENT_SECURITY_POLICY, policy),
        Err(_) => Refusal::Overloaded.to_json(),
    }
}
