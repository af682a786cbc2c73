//! `private_key_jwt` (RFC 7523 §2.2), for clients that publish keys beside what they say of
//! themselves.
//!
//! Whoever holds no code or refresh token of a client cannot make this server fetch anything for it,
//! nor remember anything: what was presented is looked up first, then the keys are fetched, and in
//! the end it is written down that the assertion was used.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::client_auth::AuthenticatedClient;
use crate::cache::{self, Bounds, Cached};
use crate::client::document::{Document, DocumentUrl, PublishedKeys};
use crate::effect::{Purpose, Reach};
use crate::grant::Grant;
use crate::ids::GrantId;
use crate::jose::{AssertionFault, ClientAssertion, JwkSet};
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::{Step, ask};
use crate::store::{Load, Record, RecordKey, Swap, Swapped, Version};
use crate::swap::{Patience, swap};
use crate::tick::Tick;

/// The one value of `client_assertion_type` (RFC 7523 §2.2).
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion that was read, of a client whose document says with which keys it signs.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(super) url: DocumentUrl,
    pub(super) assertion: ClientAssertion,
}

/// The keys that a client publishes in a document of their own.
#[derive(Debug, Serialize, Deserialize)]
struct ClientKeys(JwkSet);

impl Cached for ClientKeys {
    const KIND: &'static str = "client-jwks";
    const PURPOSE: Purpose = Purpose::FetchClientKeys;
    const REACH: Reach = Reach::PublicAddresses;
    const BOUNDS: Bounds = Bounds::OF_CLIENT_KEYS;

    fn read(_: &Url, body: &[u8]) -> Result<Self, Refusal> {
        JwkSet::parse(body).map(Self).map_err(Refusal::UpstreamMalformed)
    }
}

impl Claimed {
    /// Authenticates the client, which has presented what leads to a grant.
    ///
    /// # Errors
    /// [`Refusal::GrantUnknown`], [`Refusal::GrantEnded`] or [`Refusal::OtherClient`] where the grant
    /// is no living one of this client: nothing was fetched then. [`Refusal::ClientDocument`] and
    /// [`Refusal::ClientAssertion`] where it is not who it says (CIM-17).
    pub(crate) fn prove(
        self,
        setup: &Setup,
        grant_id: GrantId,
        tick: &mut Tick,
    ) -> Step<Result<AuthenticatedClient, Refusal>> {
        let setup = setup.clone();
        ask(Load::fresh(grant_id.record_key())).then(tick, move |answer, tick| {
            let grant = match answer {
                Err(_) => Err(Refusal::StoreUnavailable),
                Ok(None) => Err(Refusal::GrantUnknown),
                Ok(Some(record)) => Grant::from_record(setup.keys(), grant_id, &record)
                    .map_err(|_| Refusal::CorruptRecord),
            };
            let owner = grant.and_then(|grant| match grant.client_id() {
                None => Err(Refusal::GrantEnded),
                Some(id) if id == self.url.id() => Ok(()),
                Some(_) => Err(Refusal::OtherClient),
            });
            match owner {
                Ok(()) => self.find_keys(setup, tick),
                Err(refusal) => Step::Done(Err(refusal)),
            }
        })
    }

    fn find_keys(
        self,
        setup: Setup,
        tick: &mut Tick,
    ) -> Step<Result<AuthenticatedClient, Refusal>> {
        let wanted = self.assertion.signed_by();
        let library = setup.config().signature_library.clone();
        // A key that the document does not have yet may be a new one.
        let suits = move |document: &Document| match &document.keys {
            Some(PublishedKeys::Here(set)) => wanted.is_among(set, library.as_deref()),
            Some(PublishedKeys::At(_)) | None => true,
        };
        cache::fetched(&setup, self.url.as_url().clone(), suits, tick).then(
            tick,
            move |document, tick| match document.map(|document: Document| document.keys) {
                Ok(Some(PublishedKeys::Here(set))) => self.verify(setup, &set, tick),
                Ok(Some(PublishedKeys::At(uri))) => self.fetch_keys(setup, uri.url(), tick),
                Ok(None) => refuse(AssertionFault::NoKeys),
                Err(why) => Step::Done(Err(Refusal::ClientDocument(Box::new(why)))),
            },
        )
    }

    fn fetch_keys(
        self,
        setup: Setup,
        uri: &Url,
        tick: &mut Tick,
    ) -> Step<Result<AuthenticatedClient, Refusal>> {
        let wanted = self.assertion.signed_by();
        let library = setup.config().signature_library.clone();
        let suits = move |keys: &ClientKeys| wanted.is_among(&keys.0, library.as_deref());
        cache::fetched(&setup, uri.clone(), suits, tick).then(tick, move |keys, tick| match keys {
            Ok(ClientKeys(set)) => self.verify(setup, &set, tick),
            Err(why) => Step::Done(Err(Refusal::ClientDocument(Box::new(why)))),
        })
    }

    fn verify(
        self,
        setup: Setup,
        set: &JwkSet,
        tick: &mut Tick,
    ) -> Step<Result<AuthenticatedClient, Refusal>> {
        match self.assertion.verify(set, setup.config().signature_library.as_deref()) {
            Ok(()) => self.spend(tick),
            Err(fault) => refuse(fault),
        }
    }

    /// CLA-14: of several that show it at once, one is the first.
    fn spend(self, tick: &mut Tick) -> Step<Result<AuthenticatedClient, Refusal>> {
        let version = Version::from_bytes(tick.entropy.draw("record version"));
        let (expires_at, bytes) = (self.assertion.is_over_at(), Bytes::new());
        let record = Record { version, owner: None, expires_at, bytes };
        let creation = Swap::new(self.place(), None, Some(record));
        let patience = Patience::from(tick.now);
        swap(creation, patience, tick).then(tick, move |written, _| {
            Step::Done(match written {
                Ok((Swapped::Done, _)) => Ok(AuthenticatedClient::signed(self.url)),
                Ok((Swapped::Conflict, _)) => {
                    Err(Refusal::ClientAssertion(AssertionFault::Replayed))
                }
                Err(refusal) => Err(refusal),
            })
        })
    }

    /// By a plain hash: under a key it would be another place after a change of keys, and an
    /// assertion could be used in both. There is nothing in the record but that it is there.
    fn place(&self) -> RecordKey {
        let mut hash = Sha256::new();
        for part in [self.url.id().as_str(), &self.assertion.jti] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        RecordKey::new("assertion", &hash.finalize()[..16])
    }
}

fn refuse(fault: AssertionFault) -> Step<Result<AuthenticatedClient, Refusal>> {
    Step::Done(Err(Refusal::ClientAssertion(fault)))
}
