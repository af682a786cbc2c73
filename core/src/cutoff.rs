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
use crate::keys::{Purpose, SealingKey};
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

impl Cutoff {
    fn kind(&self) -> &'static str {
        match self {
            Self::Issuer => "cutoff/issuer",
            Self::Client(_) => "cutoff/client",
            Self::Subject(_) => "cutoff/subject",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Issuer => "",
            Self::Client(id) => id.as_str(),
            Self::Subject(subject) => subject,
        }
    }

    /// Where it is: under each key that what it ends may be sealed with.
    pub(crate) fn places<'s>(&self, setup: &'s Setup) -> Vec<(RecordKey, &'s SealingKey)> {
        match self.own_key(setup) {
            Some(key) => vec![(self.record_key(key), key)],
            None => setup.keys().all().map(|key| (self.record_key(key), key)).collect(),
        }
    }

    fn own_key<'s>(&self, setup: &'s Setup) -> Option<&'s SealingKey> {
        let Self::Client(id) = self else { return None };
        setup.registered_under(id.as_str())
    }

    fn record_key(&self, key: &SealingKey) -> RecordKey {
        let mac = key.mac(Purpose::CutoffName, &[self.kind().as_bytes(), self.name().as_bytes()]);
        RecordKey::new(self.kind(), &mac[..16])
    }
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

impl Questions {
    /// For a client that wants something new. Only one that registered itself can be over: one that
    /// is configured is ended by its operator's configuration.
    pub(crate) fn of_client(setup: &Setup, client: &Client) -> Self {
        if client.registered_itself() {
            Self::default().client(setup, client.id(), THE_BEGINNING, Freshness::Fresh)
        } else {
            Self::default()
        }
    }

    /// For a flow of which no person is known yet.
    ///
    /// Anybody can register a client and begin a flow. An answer about that client which a cache
    /// keeps would be something that stays of an anonymous request, so it is asked afresh.
    pub(crate) fn of_flow(setup: &Setup, client: &Client, allowed_at: Timestamp) -> Self {
        let freshness = if client.registered_itself() { Freshness::Fresh } else { SEEN_WITHIN };
        Self::default().about(setup, &Cutoff::Issuer, allowed_at, SEEN_WITHIN).client(
            setup,
            client.id(),
            allowed_at,
            freshness,
        )
    }

    /// For a flow whose person has become known.
    pub(crate) fn of_subject(setup: &Setup, subject: String, allowed_at: Timestamp) -> Self {
        Self::default().about(setup, &Cutoff::Subject(subject), allowed_at, SEEN_WITHIN)
    }

    /// For a grant: all of them.
    pub(crate) fn of_grant(setup: &Setup, allowed: &Allowed, freshness: Freshness) -> Self {
        let allowed_at = allowed.allowed_at;
        Self::default()
            .about(setup, &Cutoff::Subject(allowed.user.key()), allowed_at, freshness)
            .client(setup, &allowed.client_id, allowed_at, freshness)
            .about(setup, &Cutoff::Issuer, allowed_at, freshness)
    }

    /// A client_id was there before anything could end it, however late something was allowed: so
    /// any cutoff of it holds.
    fn client(self, setup: &Setup, id: &ClientId, since: Timestamp, freshness: Freshness) -> Self {
        let registered = setup.registered_under(id.as_str()).is_some();
        let since = if registered { THE_BEGINNING } else { since };
        self.about(setup, &Cutoff::Client(id.clone()), since, freshness)
    }

    fn about(
        mut self,
        setup: &Setup,
        cutoff: &Cutoff,
        since: Timestamp,
        freshness: Freshness,
    ) -> Self {
        let places = cutoff.places(setup).into_iter();
        self.0.extend(places.map(|(place, _)| Question { place, since, freshness }));
        self
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
