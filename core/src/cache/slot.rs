//! A slot: a document, and what is being done about a newer one.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Bounds, Cached, LEASE, Suits, freshness};
use crate::effect::Reach;
use crate::keys::Purpose;
use crate::refusal::Refusal;
use crate::seal::{open_record, seal_record};
use crate::setup::Setup;
use crate::store::{Record, RecordKey, Version};
use crate::tick::{Tick, Timestamp};

/// Stands before the content, so that a later form can be told from this one.
const FORM: u8 = 2;

/// How many slots there are for what strangers name.
const SLOTS: u16 = 1024;

/// How long a document that was too large to be kept is fetched by everybody for themselves: a
/// lease would make them queue for what none of them leaves to the next.
const UNKEPT: Duration = Duration::from_secs(60 * 60);

/// How long it is asked whether a document has changed, before all of it is asked for: by then what
/// was read by rules of before, or under a tag that never changes, is read anew.
const WHOLE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How far ahead of ours another node's clock may be. Times further ahead were written by a clock
/// that was wrong, and would hold for as long as it was.
const SKEW: Duration = Duration::from_secs(60);

/// Where a document is kept, and where it comes from.
pub(super) struct Place {
    setup: Setup,
    pub(super) key: RecordKey,
    pub(super) url: Url,
}

impl Place {
    /// What the configuration names has a place of its own: there are as many as it names. What a
    /// stranger names shares [`SLOTS`], chosen by an HMAC, since with a plain hash they would find a
    /// URL that overwrites a document of their choice. Under the first key only: while keys change,
    /// some instances still look in another place, and a document in two places is no harm.
    pub(super) fn new<D: Cached>(setup: &Setup, url: Url) -> Self {
        let parts = [D::KIND.as_bytes(), url.as_str().as_bytes()];
        let mac = setup.keys().first().mac(Purpose::CacheName, &parts);
        let slot = (u16::from_be_bytes([mac[0], mac[1]]) % SLOTS).to_be_bytes();
        let name = match D::REACH {
            Reach::Configured => &mac[..16],
            Reach::PublicAddresses => &slot,
        };
        Self { setup: setup.clone(), key: RecordKey::new("cache", name), url }
    }

    /// What a record holds, nothing included; what does not open and what is another document's is
    /// nothing.
    pub(super) fn read<D: Cached>(&self, record: Option<&Record>) -> Slot<D> {
        record.and_then(|record| self.open(record)).unwrap_or(Slot::EMPTY)
    }

    fn open<D: Cached>(&self, record: &Record) -> Option<Slot<D>> {
        type Content<D> = (u8, String, String, State, Option<Kept<D>>);
        let (purpose, version) = (Purpose::CacheRecord, record.version.as_bytes());
        let (form, kind, url, state, kept): Content<D> =
            open_record(self.setup.keys(), purpose, self.key.as_str(), version, &record.bytes)?;
        let is_ours = form == FORM && kind == D::KIND && url == self.url.as_str();
        is_ours.then_some(Slot { state, kept })
    }

    /// A record of a new version; `None` where it would be too large.
    pub(super) fn write<D: Cached>(
        &self,
        state: State,
        kept: Option<&Kept<D>>,
        tick: &mut Tick,
    ) -> Option<Record> {
        let version = Version::from_bytes(tick.entropy.draw("record version"));
        let content = (FORM, D::KIND, self.url.as_str(), state, kept);
        let (key, place) = (self.setup.keys().first(), self.key.as_str());
        let sealed = seal_record(key, Purpose::CacheRecord, place, version.as_bytes(), &content);
        let kept_until = kept.map_or(tick.now, Kept::until);
        let expires_at = state.until(&D::BOUNDS, tick.now).max(kept_until);
        let fits = sealed.len() + state.may_grow_by() <= Record::MAX_BYTES;
        let bytes = Bytes::from(sealed);
        fits.then_some(Record { version, owner: None, expires_at, bytes })
    }
}

/// What is in the slot of a place.
pub(super) struct Slot<D> {
    pub(super) state: State,
    pub(super) kept: Option<Kept<D>>,
}

/// What is being done about a newer document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// Nothing.
    Idle,
    /// Somebody is fetching it, and has this long.
    Fetching { until: Timestamp },
    /// Somebody tried at this time, and failed.
    Failed { at: Timestamp },
    /// What was fetched at this time did not fit into a record.
    TooLarge { at: Timestamp },
}

/// A document that was fetched.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept<D> {
    pub(crate) document: D,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
    kept_until: Timestamp,
    tag: Option<Tag>,
}

/// By which it is asked whether a document has changed (RFC 9110 §13.1.2).
#[derive(Serialize, Deserialize)]
struct Tag {
    text: Vec<u8>,
    until: Timestamp,
}

/// What to do on seeing a slot.
pub(super) enum Verdict<D> {
    /// This is the newest document that can be had.
    Use(D),
    /// None can be had.
    Refuse(Refusal),
    /// Another one is being fetched.
    Wait,
    /// Fetch another one. The old one is for when that fails, as long as it is alive, and for when
    /// there is none that is newer.
    Fetch(Option<Kept<D>>),
    /// Fetch it without telling anybody.
    FetchWithoutLease,
}

impl<D: Cached> Slot<D> {
    /// A slot with nothing in it.
    pub(super) const EMPTY: Self = Self { state: State::Idle, kept: None };

    /// The document, if it is fresh and suits: good wherever the slot was read.
    pub(super) fn fresh(self, suits: &Suits<D>, now: Timestamp) -> Option<D> {
        let kept = self.kept.filter(|kept| kept.is_alive(now))?;
        (kept.is_fresh(now) && suits(&kept.document)).then_some(kept.document)
    }

    /// What to do on seeing the slot as it is now. Whoever has waited `since` then takes what came of
    /// the call that was waited for, be it a failure, or nothing that is kept.
    pub(super) fn judge(
        self,
        suits: &Suits<D>,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Verdict<D> {
        let came = |kept: &Kept<D>| since.is_some_and(|since| kept.fetched_at >= since);
        let serves = |kept: &Kept<D>| kept.is_alive(now) || came(kept);
        let (kept, over) = match self.kept {
            Some(kept) if serves(&kept) => (Some(kept), None),
            other => (None, other),
        };
        let suits = kept.as_ref().is_some_and(|kept| suits(&kept.document));
        let good_enough = kept
            .as_ref()
            .is_some_and(|kept| kept.is_young(now) || came(kept) || (kept.is_fresh(now) && suits));
        match (self.state, kept) {
            (_, Some(kept)) if good_enough => Verdict::Use(kept.document),
            (State::Fetching { until }, kept) if is_ahead(until, now, LEASE) => match kept {
                // Nobody has to wait for what they have, if only not the newest.
                Some(kept) if suits => Verdict::Use(kept.document),
                Some(_) | None => Verdict::Wait,
            },
            (State::Failed { at }, kept)
                if since.is_some() || is_within(at, now, D::BOUNDS.rest) =>
            {
                match kept {
                    Some(kept) => Verdict::Use(kept.document),
                    None => Verdict::Refuse(Refusal::DocumentFailed),
                }
            }
            (State::TooLarge { at }, None) if is_within(at, now, UNKEPT) => {
                Verdict::FetchWithoutLease
            }
            (
                State::Idle
                | State::Fetching { .. }
                | State::Failed { .. }
                | State::TooLarge { .. },
                kept,
            ) => Verdict::Fetch(kept.or(over)),
        }
    }
}

impl State {
    /// How long it means anything.
    fn until(self, bounds: &Bounds, now: Timestamp) -> Timestamp {
        match self {
            Self::Idle => now,
            Self::Fetching { until } => until,
            Self::Failed { at } => at.after(bounds.rest),
            Self::TooLarge { at } => at.after(UNKEPT),
        }
    }

    /// The longest state is that much longer than this one: a document that is kept must still fit
    /// beside a lease.
    fn may_grow_by(self) -> usize {
        /// A time in its longest binary form: 64 bits in groups of 7.
        const TIME: usize = 10;
        match self {
            Self::Idle => TIME,
            Self::Fetching { .. } | Self::Failed { .. } | Self::TooLarge { .. } => 0,
        }
    }
}

impl<D: Cached> Kept<D> {
    pub(super) fn new(document: D, headers: &HeaderMap, now: Timestamp) -> Self {
        let tag = freshness::entity_tag(headers);
        let tag = tag.map(|tag| Tag { text: tag.as_bytes().to_vec(), until: now.after(WHOLE) });
        Self { document, fetched_at: now, fresh_until: now, kept_until: now, tag }
            .confirmed(headers, now)
    }

    /// The same document, of which it was said just now that it has not changed (RFC 9111 §4.3.4).
    pub(super) fn confirmed(self, headers: &HeaderMap, now: Timestamp) -> Self {
        let fresh_until = now.after(freshness::lifetime(headers, &D::BOUNDS));
        let kept_until = fresh_until.after(D::BOUNDS.hard_end);
        Self { fetched_at: now, fresh_until, kept_until, ..self }
    }

    /// The entity tag to ask by.
    pub(super) fn tag(&self, now: Timestamp) -> Option<HeaderValue> {
        let tag = self.tag.as_ref().filter(|tag| is_ahead(tag.until, now, WHOLE))?;
        HeaderValue::from_bytes(&tag.text).ok()
    }

    /// Until when it is good for anything.
    fn until(&self) -> Timestamp {
        self.tag.as_ref().map_or(self.kept_until, |tag| tag.until.max(self.kept_until))
    }

    /// Whether it may still serve, as long as there is nothing newer.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        self.fetched_at <= now.after(SKEW) && !self.kept_until.has_passed(now)
    }

    /// Whether nobody has to ask for a newer one yet.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        !self.fresh_until.has_passed(now)
    }

    /// Whether it is too young to be asked for again because it does not suit.
    pub(crate) fn is_young(&self, now: Timestamp) -> bool {
        is_within(self.fetched_at, now, D::BOUNDS.cool_down)
    }
}

/// Whether `since` was less than `span` ago.
pub(crate) fn is_within(since: Timestamp, now: Timestamp, span: Duration) -> bool {
    is_ahead(since.after(span), now, span)
}

/// Whether `until` is still to come, and no further ahead than a `span` that began now could be.
fn is_ahead(until: Timestamp, now: Timestamp, span: Duration) -> bool {
    !until.has_passed(now) && until <= now.after(span + SKEW)
}
