//! The sign-in page: who asks, where the answer goes, what is asked for, and a button per provider.

use askama::Template;
use http::StatusCode;

use super::imitation::{Imitation, imitation};
use super::{Frame, Reader, html};
use crate::flow::AuthorizeRequest;
use crate::ids::ProviderId;
use crate::language::{Language, Name, Phrase};
use crate::provider::Metadata;
use crate::provider::Provider;
use crate::reply::Response;
use crate::setup::Setup;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    frame: Frame<'a>,
    title: String,
    heading: String,
    /// What to look out for, the worst first.
    warnings: Vec<String>,
    unchecked: Option<String>,
    publisher: Option<Publisher<'a>>,
    answer_goes_to: String,
    redirect_host: &'a str,
    access_to: String,
    resource: &'a str,
    will_be_allowed: String,
    scopes: Vec<Scope<'a>>,
    action: String,
    form: &'a str,
    buttons: Vec<Button<'a>>,
    remember: Option<String>,
    cancel: String,
}

/// Who publishes the client: the host of its client_id (Client ID Metadata Document §6.4).
struct Publisher<'a> {
    published_by: String,
    host: &'a str,
}

struct Scope<'a> {
    name: &'a str,
    description: Option<&'a str>,
}

struct Button<'a> {
    id: &'a str,
    text: String,
    asked: Option<String>,
    /// Whether it stands back behind the one that was asked for.
    other: bool,
}

/// What the page shows beside the request itself.
pub(crate) struct Shown<'a> {
    pub(crate) form: &'a str,
    pub(crate) preselected: Option<&'a ProviderId>,
    /// For how many days the answer could be remembered.
    pub(crate) remember_days: Option<u64>,
}

/// The page.
pub(crate) fn sign_in(
    setup: &Setup,
    asked: &AuthorizeRequest,
    reader: &Reader,
    shown: &Shown<'_>,
) -> Response {
    let language = setup.language(reader.language);
    let say = |phrase: Phrase<'_>| language.say(&phrase);
    let client = asked.client();
    let unnamed = say(Phrase::Unnamed);
    let name = client.name().unwrap_or(&unnamed);
    let named_itself = client.is_stranger() && client.name().is_some();
    let resource = setup.resource(asked.resource());
    let scopes = asked.scopes().map(|name| Scope {
        name,
        description: resource.and_then(|it| it.descriptions.get(name)).map(String::as_str),
    });
    let page = SignIn {
        frame: Frame::of(setup, language),
        title: say(Phrase::SignIn),
        heading: say(Phrase::Asks { client: Name::new(name) }),
        warnings: warnings(setup, asked, language),
        unchecked: named_itself.then(|| say(Phrase::NameUnchecked)),
        publisher: client
            .document()
            .map(|(url, _)| Publisher { published_by: say(Phrase::PublishedBy), host: url.host() }),
        answer_goes_to: say(Phrase::AnswerGoesTo),
        redirect_host: asked.redirect().destination(),
        access_to: say(Phrase::AccessTo),
        resource: setup.resource_name(asked.resource()),
        will_be_allowed: say(Phrase::WillBeAllowed),
        scopes: scopes.collect(),
        action: setup.url(&setup.paths().consent),
        form: shown.form,
        buttons: buttons(setup, language, shown.preselected),
        remember: shown.remember_days.map(|days| say(Phrase::Remember { days })),
        cancel: say(Phrase::Cancel),
    };
    html(setup, StatusCode::OK, page.render(), &form_action(setup, asked))
}

fn warnings(setup: &Setup, asked: &AuthorizeRequest, language: &dyn Language) -> Vec<String> {
    let imitation = imitation(setup, asked).map(|imitation| match imitation {
        Imitation::Of(other) => Phrase::NameImitates { other: Name::new(other) },
        Imitation::MixedScripts => Phrase::NameMixesScripts,
    });
    let loopback = asked.redirect().is_loopback().then_some(Phrase::Loopback);
    let app = asked.redirect().is_private_use().then_some(Phrase::AppOnDevice);
    imitation.into_iter().chain(loopback).chain(app).map(|phrase| language.say(&phrase)).collect()
}

/// In the order of the configuration, but for the one that was asked for, which comes first. It is
/// never pressed for the person, and it does not take the focus, which would lead screen readers
/// past the warnings.
fn buttons<'a>(
    setup: &'a Setup,
    language: &dyn Language,
    preselected: Option<&ProviderId>,
) -> Vec<Button<'a>> {
    let is_first = |provider: &Provider| preselected == Some(&provider.id);
    let mut buttons: Vec<Button<'_>> = Vec::with_capacity(setup.providers().len());
    for provider in setup.providers() {
        let name = Name::new(&provider.name);
        let what = provider.scopes.iter();
        let what = what.map(|scope| language.say(&Phrase::UpstreamScope { scope })).collect();
        let button = Button {
            id: provider.id.as_str(),
            text: language.say(&Phrase::AllowAndSignIn { provider: name }),
            asked: (!provider.scopes.is_empty())
                .then(|| language.say(&Phrase::AskedOf { provider: name, what })),
            other: preselected.is_some() && !is_first(provider),
        };
        if is_first(provider) { buttons.insert(0, button) } else { buttons.push(button) }
    }
    buttons
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
        match &provider.metadata {
            Metadata::Given(metadata) => allow(metadata.authorization_endpoint.url().as_str()),
            // On which host its endpoint is, is not known here; what is not https is a test's.
            Metadata::Published(issuer) => allow(issuer),
        }
    }
    allow(asked.redirect().as_str());
    sources
}
