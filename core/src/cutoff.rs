//! Cutoffs: one time each, and what was allowed until then is over. They end what cannot be listed:
//! a client's grants, everybody's, and a person's flows that are still on their way.
//!
//! A cutoff is named and sealed under the key that lies under what it ends. It is read as long as
//! that key is listed and vanishes with it, and so does everything that it ended: an access to a
//! removed key opens nothing. For a client that registered itself that key is the one inside its
//! client_id, so a cutoff of it lasts exactly as long as its client_id would.

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
    /// All grants of this issuer: after a backup was restored, or a sealing secret leaked.
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

    /// Where it is written: under the key that seals today, or the one inside the client_id.
    pub(crate) fn place<'s>(&self, setup: &'s Setup) -> (RecordKey, &'s SealingKey) {
        let key = self.own_key(setup).unwrap_or(setup.keys().first());
        (self.record_key(key), key)
    }

    /// Where it may be: it was written under the key that sealed in its time.
    fn places(&self, setup: &Setup) -> Vec<RecordKey> {
        match self.own_key(setup) {
            Some(key) => vec![self.record_key(key)],
            None => setup.keys().all().map(|key| self.record_key(key)).collect(),
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

/// What cutoffs are held against: where each may be, and since when what it would end is there.
#[derive(Default)]
pub(crate) struct Questions(Vec<(RecordKey, Timestamp)>);

impl Questions {
    /// For a client that wants something new. Only one that registered itself can be over: one that
    /// is configured is ended by its operator's configuration.
    pub(crate) fn of_client(setup: &Setup, client: &Client) -> Self {
        if client.registered_itself() {
            Self::default().client(setup, client.id(), THE_BEGINNING)
        } else {
            Self::default()
        }
    }

    /// For a flow of which no person is known yet.
    pub(crate) fn of_flow(setup: &Setup, client: &Client, allowed_at: Timestamp) -> Self {
        Self::default().about(setup, &Cutoff::Issuer, allowed_at).client(
            setup,
            client.id(),
            allowed_at,
        )
    }

    /// For a flow whose person has become known.
    pub(crate) fn of_subject(setup: &Setup, subject: String, allowed_at: Timestamp) -> Self {
        Self::default().about(setup, &Cutoff::Subject(subject), allowed_at)
    }

    /// For a grant: all of them.
    pub(crate) fn of_grant(setup: &Setup, allowed: &Allowed) -> Self {
        Self::of_subject(setup, allowed.user.key(), allowed.allowed_at)
            .client(setup, &allowed.client_id, allowed.allowed_at)
            .about(setup, &Cutoff::Issuer, allowed.allowed_at)
    }

    /// A client_id was there before anything could end it, however late something was allowed: so
    /// any cutoff of it holds.
    fn client(self, setup: &Setup, id: &ClientId, since: Timestamp) -> Self {
        let registered = setup.registered_under(id.as_str()).is_some();
        let since = if registered { THE_BEGINNING } else { since };
        self.about(setup, &Cutoff::Client(id.clone()), since)
    }

    fn about(mut self, setup: &Setup, cutoff: &Cutoff, since: Timestamp) -> Self {
        self.0.extend(cutoff.places(setup).into_iter().map(|place| (place, since)));
        self
    }

    /// Whether a cutoff has ended it.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`]; [`Refusal::CorruptCutoff`], which is never taken for none.
    pub(crate) fn answer(
        mut self,
        setup: &Setup,
        freshness: Freshness,
        tick: &mut Tick,
    ) -> Step<Result<bool, Refusal>> {
        let Some((place, since)) = self.0.pop() else {
            return Step::Done(Ok(false));
        };
        let setup = setup.clone();
        let load = Load { key: place.clone(), freshness };
        ask(load).then(tick, move |answer, tick| {
            let at = match answer {
                Err(_) => return Step::Done(Err(Refusal::StoreUnavailable)),
                Ok(None) => return self.answer(&setup, freshness, tick),
                Ok(Some(record)) => from_record(&setup, &place, &record),
            };
            match at {
                None => Step::Done(Err(Refusal::CorruptCutoff)),
                // What was allowed in the very second of the cutoff is ended too.
                Some(at) if since <= at => Step::Done(Ok(true)),
                Some(_) => self.answer(&setup, freshness, tick),
            }
        })
    }
}
