//! Cutoffs: one time each, and what was allowed until then is over. They end what cannot be listed:
//! a client's grants, everybody's, and a person's flows that are still on their way.
//!
//! A cutoff is named and sealed under each key that may lie under what it ends, and read under each.
//! When a key is removed its copy is no longer found, and neither opens what that key sealed. For a
//! client that registered itself that key is the one inside its client_id, so a cutoff of it lasts
//! exactly as long as its client_id would.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::grant::Allowed;
use crate::ids::ClientId;
use crate::keys::{KeyRing, Purpose, SealingKey};
use crate::refusal::Refusal;
use crate::seal::{open_record, seal_record};
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Freshness, Load, Record, RecordKey, Version};
use crate::tick::{Tick, Timestamp};

/// What a cutoff ends: everything of this kind that was allowed before it. What is allowed
/// afterwards lives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cutoff {
    /// All grants of this issuer: after a backup was restored.
    Issuer,
    /// All grants of a client. One that registered itself has to register again.
    Client(ClientId),
    /// All grants of a person, whom a provider knows: `provider:id`, as `sub` says it where no
    /// mapper says otherwise.
    Subject(String),
}

/// How soon a cutoff that another process wrote is seen. The store that wrote it sees it at once,
/// and so does whoever asks with [`Freshness::Fresh`].
pub(crate) const SEEN_WITHIN: Freshness = Freshness::AtMost(Duration::from_secs(5));

/// Before everything that can be ended.
const THE_BEGINNING: Timestamp = Timestamp::from_seconds(0);

/// Stands before the content, so that a later form can be told from this one.
const FORM: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    form: u8,
    at: Timestamp,
}

/// The kinds of their records.
const ISSUER: &str = "cutoff/issuer";
const CLIENT: &str = "cutoff/client";
const SUBJECT: &str = "cutoff/subject";

impl Cutoff {
    /// Where it is: under each key that what it ends may be sealed with.
    pub(crate) fn places<'s>(&self, setup: &'s Setup) -> Vec<(RecordKey, &'s SealingKey)> {
        let (kind, name, own_key) = match self {
            Self::Issuer => (ISSUER, "", None),
            Self::Client(id) => (CLIENT, id.as_str(), setup.registered_under(id.as_str())),
            Self::Subject(subject) => (SUBJECT, subject.as_str(), None),
        };
        keys(setup.keys(), own_key).map(|key| (place(key, kind, name), key)).collect()
    }
}

/// The one key of what has its own, or all.
fn keys<'s>(
    ring: &'s KeyRing,
    own_key: Option<&'s SealingKey>,
) -> impl Iterator<Item = &'s SealingKey> {
    let others = if own_key.is_some() { None } else { Some(ring.all()) };
    own_key.into_iter().chain(others.into_iter().flatten())
}

fn place(key: &SealingKey, kind: &'static str, name: &str) -> RecordKey {
    let mac = key.mac(Purpose::CutoffName, &[kind.as_bytes(), name.as_bytes()]);
    RecordKey::new(kind, &mac[..16])
}

/// Where cutoffs of all grants may be: they are asked for at every request, and never move.
pub(crate) fn issuer_places(ring: &KeyRing) -> Vec<RecordKey> {
    ring.all().map(|key| place(key, ISSUER, "")).collect()
}

/// A cutoff's record.
pub(crate) fn to_record(
    key: &SealingKey,
    place: &RecordKey,
    at: Timestamp,
    version: Version,
) -> Record {
    let stored = Stored { form: FORM, at };
    let purpose = Purpose::CutoffRecord;
    let sealed = seal_record(key, purpose, place.as_str(), version.as_bytes(), &stored);
    // There are as many as an operator made, and a client_id has no expiry.
    Record { version, owner: None, expires_at: Timestamp::MAX, bytes: Bytes::from(sealed) }
}

/// The time in a record; `None`: it is corrupt.
pub(crate) fn from_record(setup: &Setup, place: &RecordKey, record: &Record) -> Option<Timestamp> {
    let open = |ring| {
        let version = record.version.as_bytes();
        open_record(ring, Purpose::CutoffRecord, place.as_str(), version, &record.bytes)
    };
    // That of a client that registered itself is under a registration key.
    let stored: Stored = open(setup.keys()).or_else(|| open(setup.registration_keys()))?;
    (stored.form == FORM).then_some(stored.at)
}

/// What cutoffs are held against.
#[derive(Default)]
pub(crate) struct Questions(Vec<Question>);

struct Question {
    /// Where a cutoff may be.
    place: RecordKey,
    /// Since when what it would end is there.
    since: Timestamp,
    freshness: Freshness,
}

/// What several questions have in common.
#[derive(Clone, Copy)]
struct Asking<'s> {
    setup: &'s Setup,
    since: Timestamp,
    freshness: Freshness,
}

impl Asking<'_> {
    fn at(self, place: RecordKey) -> Question {
        Question { place, since: self.since, freshness: self.freshness }
    }
}

impl Questions {
    /// For a client that wants something new. Only one that registered itself can be over: one that
    /// is configured, or publishes itself, is ended by its operator's configuration.
    pub(crate) fn of_client(setup: &Setup, client: &Client) -> Self {
        Self::of_registration(setup, client.id(), setup.key_inside(client))
    }

    /// The same for an id that was found to be somebody's.
    pub(crate) fn of_registered(setup: &Setup, id: &ClientId) -> Self {
        Self::of_registration(setup, id, setup.found_under(id))
    }

    fn of_registration(setup: &Setup, id: &ClientId, own_key: Option<&SealingKey>) -> Self {
        let mut questions = Self::default();
        if own_key.is_some() {
            let asking = Asking { setup, since: THE_BEGINNING, freshness: Freshness::Fresh };
            questions.client(asking, id, own_key);
        }
        questions
    }

    /// For a flow of which no person is known yet.
    ///
    /// Anybody can register a client and begin a flow. An answer about that client which a cache
    /// keeps would be something that stays of an anonymous request, so it is asked afresh.
    pub(crate) fn of_flow(setup: &Setup, client: &Client, allowed_at: Timestamp) -> Self {
        let freshness = if client.is_stranger() { Freshness::Fresh } else { SEEN_WITHIN };
        let asking = Asking { setup, since: allowed_at, freshness };
        let mut questions = Self(Vec::with_capacity(2));
        questions.issuer(Asking { freshness: SEEN_WITHIN, ..asking });
        questions.client(asking, client.id(), setup.key_inside(client));
        questions
    }

    /// For a flow whose person has become known.
    pub(crate) fn of_subject(setup: &Setup, subject: &str, allowed_at: Timestamp) -> Self {
        let mut questions = Self::default();
        questions.subject(Asking { setup, since: allowed_at, freshness: SEEN_WITHIN }, subject);
        questions
    }

    /// For a grant: all of them.
    pub(crate) fn of_grant(setup: &Setup, allowed: &Allowed, freshness: Freshness) -> Self {
        let asking = Asking { setup, since: allowed.allowed_at, freshness };
        let own_key = setup.found_under(&allowed.client_id);
        let mut questions = Self(Vec::with_capacity(3));
        questions.subject(asking, &allowed.user.key());
        questions.client(asking, &allowed.client_id, own_key);
        questions.issuer(asking);
        questions
    }

    fn issuer(&mut self, asking: Asking<'_>) {
        self.0.extend(asking.setup.issuer_cutoffs().iter().cloned().map(|it| asking.at(it)));
    }

    /// `own_key` is the one inside the id of a client that registered itself. Such an id was there
    /// before anything could end it, however late something was allowed: so any cutoff of it holds.
    fn client(&mut self, asking: Asking<'_>, id: &ClientId, own_key: Option<&SealingKey>) {
        let since = if own_key.is_some() { THE_BEGINNING } else { asking.since };
        let asking = Asking { since, ..asking };
        let keys = keys(asking.setup.keys(), own_key);
        self.0.extend(keys.map(|key| asking.at(place(key, CLIENT, id.as_str()))));
    }

    fn subject(&mut self, asking: Asking<'_>, subject: &str) {
        let keys = asking.setup.keys().all();
        self.0.extend(keys.map(|key| asking.at(place(key, SUBJECT, subject))));
    }

    /// Whether a cutoff has ended it.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`]; [`Refusal::CorruptCutoff`], which is never taken for none.
    pub(crate) fn answer(mut self, setup: &Setup, tick: &mut Tick) -> Step<Result<bool, Refusal>> {
        let Some(Question { place, since, freshness }) = self.0.pop() else {
            return Step::Done(Ok(false));
        };
        let setup = setup.clone();
        let load = Load { key: place.clone(), freshness };
        ask(load).then(tick, move |answer, tick| {
            let at = match answer {
                Err(_) => return Step::Done(Err(Refusal::StoreUnavailable)),
                Ok(None) => return self.answer(&setup, tick),
                Ok(Some(record)) => from_record(&setup, &place, &record),
            };
            match at {
                None => Step::Done(Err(Refusal::CorruptCutoff)),
                // What was allowed in the very second of the cutoff is ended too.
                Some(at) if since <= at || is_ahead(since, tick.now) => Step::Done(Ok(true)),
                Some(_) => self.answer(&setup, tick),
            }
        })
    }
}

/// Nodes agree within 60 s: what was allowed further ahead was allowed by a clock that was wrong, and
/// nobody knows whether that was before the cutoff (CLK-01).
fn is_ahead(since: Timestamp, now: Timestamp) -> bool {
    since > now.after(Duration::from_secs(60))
}
