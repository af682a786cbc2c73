//! What a person need not be asked again: a client that the operator trusts, or what they agreed to
//! before and had remembered, in a sealed cookie of their browser.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::AuthorizeRequest;
use crate::config::Consent;
use crate::ids::ProviderId;
use crate::keys::Purpose;
use crate::provider::Provider;
use crate::seal::{Sealable, open, seal};
use crate::setup::Setup;
use crate::tick::Timestamp;

/// The most that one browser remembers: a cookie of about 600 bytes. The oldest are forgotten.
const MOST: usize = 16;

/// That a person agrees, to go on to which provider, and since when.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) provider: Arc<Provider>,
    /// What a cutoff is held against.
    pub(super) allowed_at: Timestamp,
}

/// Whether nobody has to be asked. `preferred` is the provider that the request names.
pub(super) fn agreed_before(
    setup: &Setup,
    headers: &HeaderMap,
    asked: &AuthorizeRequest,
    preferred: Option<&ProviderId>,
    now: Timestamp,
) -> Option<Agreed> {
    let may_be = |provider: &&Arc<Provider>| preferred.is_none_or(|id| *id == provider.id);
    let mut providers = setup.providers().iter().filter(may_be);
    if asked.client.is_trusted() {
        // Where there is a choice it is the person's.
        return match (providers.next(), providers.next()) {
            (Some(only), None) => Some(Agreed { provider: only.clone(), allowed_at: now }),
            _ => None,
        };
    }
    let lifetime = lifetime(setup, asked)?;
    if !comes_from_nowhere(headers) {
        return None;
    }
    let remembered = Remembered::of(setup, headers, now);
    let agreed = providers.filter_map(|provider| {
        let allowed_at = remembered.since(&digest(asked, provider))?;
        let alive = !allowed_at.after(lifetime).has_passed(now);
        alive.then(|| Agreed { provider: provider.clone(), allowed_at })
    });
    // The provider that they used last.
    agreed.max_by_key(|agreed| agreed.allowed_at)
}

/// How long the answer to a request may be remembered; `None`: not at all.
pub(super) fn lifetime(setup: &Setup, asked: &AuthorizeRequest) -> Option<Duration> {
    let Consent::Remember(lifetime) = setup.config().consent else {
        return None;
    };
    // Anybody can register under any name and address, and any program can listen on a loopback
    // port: what was agreed to for one is nothing that another may have.
    let known = !asked.client.registered_itself() && !asked.redirect.is_loopback();
    known.then_some(lifetime)
}

/// Whether the person came by themselves or from this very site (Fetch Metadata): another site
/// could send them here unasked, to have a code made for whoever watches the client's redirect.
/// What does not say where it comes from may come from anywhere.
fn comes_from_nowhere(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(HeaderName::from_static("sec-fetch-site")).iter();
    match (sites.next().map(HeaderValue::as_bytes), sites.next()) {
        (Some(b"none" | b"same-origin"), None) => true,
        (Some(_) | None, _) => false,
    }
}

/// The content of the cookie.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// The oldest first.
    answers: Vec<Answered>,
    expires_at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answered {
    what: [u8; 16],
    allowed_at: Timestamp,
}

impl Sealable for Remembered {
    const PURPOSE: Purpose = Purpose::Remembered;
    const PREFIX: &'static str = "";
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Remembered {
    /// What a browser brings; nothing where its cookie is not ours or is dead: then people are
    /// asked.
    pub(super) fn of(setup: &Setup, headers: &HeaderMap, now: Timestamp) -> Self {
        let cookie = setup.cookies().remembered(headers);
        let remembered = cookie.and_then(|cookie| open::<Self>(setup.keys(), cookie, now).ok());
        match remembered {
            Some((remembered, _)) => remembered,
            None => Self { answers: Vec::new(), expires_at: now },
        }
    }

    fn since(&self, what: &[u8; 16]) -> Option<Timestamp> {
        self.answers.iter().find(|answer| answer.what == *what).map(|answer| answer.allowed_at)
    }

    pub(super) fn add(&mut self, asked: &AuthorizeRequest, agreed: &Agreed) {
        self.remove(asked, &agreed.provider);
        let what = digest(asked, &agreed.provider);
        self.answers.push(Answered { what, allowed_at: agreed.allowed_at });
        let surplus = self.answers.len().saturating_sub(MOST);
        self.answers.drain(..surplus);
    }

    /// Whether there was anything to forget.
    pub(super) fn remove(&mut self, asked: &AuthorizeRequest, provider: &Provider) -> bool {
        let (what, before) = (digest(asked, provider), self.answers.len());
        self.answers.retain(|answer| answer.what != what);
        self.answers.len() < before
    }

    pub(super) fn into_cookie(mut self, setup: &Setup, now: Timestamp) -> Option<HeaderValue> {
        if self.answers.is_empty() {
            return setup.cookies().delete_remembered();
        }
        self.expires_at = now.after(Consent::LONGEST);
        let value = seal(setup.keys().first(), &self);
        setup.cookies().set_remembered(&value, Consent::LONGEST.as_secs())
    }
}

/// Everything that was agreed to. It is inside a sealed cookie, so a plain hash does.
fn digest(asked: &AuthorizeRequest, provider: &Provider) -> [u8; 16] {
    let parts = [
        asked.client.id().as_str(),
        asked.redirect.as_str(),
        &asked.scope,
        &asked.resource,
        provider.id.as_str(),
    ];
    let mut hash = Sha256::new();
    // What is asked of the provider was on the page too.
    for part in parts.into_iter().chain(provider.scopes.iter().map(String::as_str)) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}
