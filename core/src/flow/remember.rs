//! What a person need not be asked again: a client that the operator trusts, or what they agreed to
//! before and had remembered, in a sealed cookie of their browser.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::AuthorizeRequest;
use crate::check::fetch_metadata::{self, Site};
use crate::config::Consent;
use crate::ids::ProviderId;
use crate::keys::{Purpose, SealingKey};
use crate::provider::Provider;
use crate::reply::Request;
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
    request: &Request,
    asked: &AuthorizeRequest,
    preferred: Option<&ProviderId>,
    now: Timestamp,
) -> Option<Agreed> {
    // What nobody looks at is a page, and leads nowhere by itself.
    if !fetch_metadata::is_looked_at(request) {
        return None;
    }
    if asked.client.is_trusted() {
        // Where there is a choice it is the person's, whichever provider the client names.
        let [only] = setup.providers() else { return None };
        return Some(Agreed { provider: only.clone(), allowed_at: now });
    }
    let lifetime = lifetime(setup, asked)?;
    // Another site could send them here unasked, to have a code made for whoever watches the
    // client's redirect. What does not say where it comes from may come from anywhere.
    match Site::of(request.headers()) {
        Site::Nobody | Site::Own => {}
        Site::Other | Site::Unsaid => return None,
    }
    let (remembered, _) = Remembered::of(setup, request.headers(), now)?;
    let may_be = |provider: &&Arc<Provider>| preferred.is_none_or(|id| *id == provider.id);
    let agreed = setup.providers().iter().filter(may_be).filter_map(|provider| {
        let allowed_at = remembered.since(&digest(asked, provider))?;
        let alive = !allowed_at.after(lifetime).has_passed(now);
        // Nodes agree within a minute: what lies further ahead was allowed by a clock that was wrong.
        let is_past = allowed_at <= now.after(Duration::from_secs(60));
        (alive && is_past).then(|| Agreed { provider: provider.clone(), allowed_at })
    });
    // The provider that they used last.
    agreed.max_by_key(|agreed| agreed.allowed_at)
}

/// How long the answer to a request may be remembered; `None`: not at all.
pub(super) fn lifetime(setup: &Setup, asked: &AuthorizeRequest) -> Option<Duration> {
    let Consent::Remember(lifetime) = setup.config().consent else {
        return None;
    };
    // Anybody can register under any name and address, any program can listen on a loopback port,
    // and any app can claim a private-use scheme (RFC 8252 §8.6): what was agreed to for one is
    // nothing that another may have.
    let known = !asked.client.is_stranger() && asked.redirect.is_https();
    // People are not asked about a trusted one, or choose their provider.
    (known && !asked.client.is_trusted()).then_some(lifetime)
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
    const PRIVATE: bool = true;
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Remembered {
    /// What a browser brings, with the key that sealed it; `None` where its cookie is not ours or is
    /// dead: then people are asked.
    fn of<'s>(
        setup: &'s Setup,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<(Self, &'s SealingKey)> {
        let cookie = setup.cookies().remembered(headers)?;
        open::<Self>(setup.keys(), cookie, now).ok()
    }

    /// The same, to be changed. What another key has sealed is forgotten: under the first one it
    /// would outlive the cutoffs that have ended it, which go with the key that it was sealed under.
    pub(super) fn to_change(setup: &Setup, headers: &HeaderMap, now: Timestamp) -> Self {
        let first = setup.keys().first();
        match Self::of(setup, headers, now) {
            Some((remembered, key)) if key.id() == first.id() => remembered,
            Some(_) | None => Self { answers: Vec::new(), expires_at: now },
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
        if self.answers.is_empty() {
            return false;
        }
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
