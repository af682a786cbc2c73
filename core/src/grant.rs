//! The record of a grant: one per sign-in, moved by compare-and-swap from code to tokens to
//! tombstone.

mod kept;

pub(crate) use kept::{Abandoned, Attempt, Kept, Lease};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::access::Facts;
use crate::check::pkce::CodeChallenge;
use crate::flow::{IssuedCode, Revoked, TokenGrant};
use crate::ids::{ClientId, GrantId};
use crate::keys::{KeyRing, Purpose, SealingKey};
use crate::provider::User;
use crate::seal::{open_record, seal_record};
use crate::secret::AccessToken;
use crate::store::{Owner, Record, RecordKey, Version};
use crate::tick::Timestamp;

/// Stands before the content, so that a later form can be told from this one.
const FORM: u8 = 3;

/// What a record holds. The states own this data and cannot be made from outside: they have no
/// serde of their own.
#[derive(Serialize, Deserialize)]
enum Stored {
    IssuedCode(CodeData),
    Tokens(TokenData),
    Revoked(RevokedData),
}

/// A grant in one of its states.
pub(crate) enum Grant {
    IssuedCode(IssuedCode),
    Tokens(TokenGrant),
    Revoked(Revoked),
}

/// What one person allowed one client.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Allowed {
    /// When the person agreed: what a cutoff is held against.
    pub(crate) allowed_at: Timestamp,
    pub(crate) client_id: ClientId,
    /// Whether the client, as it published itself then, must sign what it asks of the token endpoint.
    pub(crate) client_signs: bool,
    pub(crate) scope: String,
    pub(crate) resource: String,
    pub(crate) user: User,
    /// What rules of access are judged by, beside the person.
    pub(crate) facts: Facts,
    /// Marks of the upstream provider's tokens, where an application could hand them out.
    pub(crate) upstream: Vec<[u8; 16]>,
    /// The upstream provider's tokens themselves, where they are kept.
    pub(crate) kept: Option<Kept>,
}

/// What a redemption of the code must show (RFC 6749 §4.1.3, RFC 7636 §4.6).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Binding {
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: CodeChallenge,
}

/// The application's answer about the person, accepted.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Mapping {
    /// For our own token; `claims` is a JSON object.
    Claims { subject: String, claims: String },
    /// The application's own; `extra` is a JSON object.
    Token { access_token: AccessToken, expires_at: Timestamp, extra: String },
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CodeData {
    pub(crate) allowed: Allowed,
    pub(crate) binding: Binding,
    pub(crate) mapping: Mapping,
    pub(crate) refreshes: bool,
    pub(crate) expires_at: Timestamp,
    pub(crate) kept_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct TokenData {
    pub(crate) allowed: Allowed,
    pub(crate) binding: Binding,
    pub(crate) refreshes: bool,
    pub(crate) granted_at: Timestamp,
    pub(crate) generation: u64,
    pub(crate) rotated_at: Timestamp,
    pub(crate) kept_until: Timestamp,
    /// Who is refreshing the kept tokens.
    pub(crate) lease: Option<Lease>,
}

/// Ids and times only: nothing of the person is left.
#[derive(Serialize, Deserialize)]
pub(crate) struct RevokedData {
    pub(crate) ended_at: Timestamp,
    pub(crate) kept_until: Timestamp,
}

/// A record that is there and cannot be read: refused and reported, never overwritten, never taken
/// for absent.
pub(crate) struct Corrupt;

/// Whose a person's records are, as long as this key seals them.
pub(crate) fn owner(key: &SealingKey, subject: &str) -> Owner {
    let mac = key.mac(Purpose::Owner, &[subject.as_bytes()]);
    let mut owner = [0; 16];
    owner.copy_from_slice(&mac[..16]);
    Owner::from_bytes(owner)
}

impl Grant {
    pub(crate) fn id(&self) -> GrantId {
        match self {
            Self::IssuedCode(code) => code.id,
            Self::Tokens(grant) => grant.id,
            Self::Revoked(revoked) => revoked.id,
        }
    }

    /// Which client it was made for; a tombstone no longer knows.
    pub(crate) fn client_id(&self) -> Option<&ClientId> {
        self.allowed().map(|allowed| &allowed.client_id)
    }

    /// What was allowed; a tombstone no longer knows.
    pub(crate) fn allowed(&self) -> Option<&Allowed> {
        match self {
            Self::IssuedCode(code) => Some(&code.data.allowed),
            Self::Tokens(grant) => Some(&grant.data.allowed),
            Self::Revoked(_) => None,
        }
    }

    /// Notes on a tombstone whether this very request wrote it down for a cutoff.
    pub(crate) fn cut_off_now(self, now: bool) -> Self {
        match self {
            Self::Revoked(revoked) => Self::Revoked(Revoked { cut_off_now: now, ..revoked }),
            other @ (Self::IssuedCode(_) | Self::Tokens(_)) => other,
        }
    }

    /// The upstream tokens that ending it has just taken out of it.
    pub(crate) fn abandoned(&mut self) -> Option<Abandoned> {
        match self {
            Self::Revoked(revoked) => revoked.abandoned.take(),
            Self::IssuedCode(_) | Self::Tokens(_) => None,
        }
    }

    /// Ends it. Ending twice is ending.
    pub(crate) fn end(self, now: Timestamp) -> Revoked {
        match self {
            Self::IssuedCode(code) => code.end(now),
            Self::Tokens(grant) => grant.end(now),
            Self::Revoked(revoked) => revoked,
        }
    }

    /// To be kept under `record_key`, which is its id's.
    pub(crate) fn into_record(
        self,
        ring: &KeyRing,
        record_key: &RecordKey,
        version: Version,
    ) -> Record {
        let key = ring.first();
        let (stored, user, expires_at) = match self {
            Self::IssuedCode(IssuedCode { data, .. }) => {
                let (user, kept_until) = (data.allowed.user.key(), data.kept_until);
                (Stored::IssuedCode(data), Some(user), kept_until)
            }
            Self::Tokens(TokenGrant { data, .. }) => {
                let (user, kept_until) = (data.allowed.user.key(), data.kept_until);
                (Stored::Tokens(data), Some(user), kept_until)
            }
            Self::Revoked(Revoked { data, .. }) => {
                let kept_until = data.kept_until;
                (Stored::Revoked(data), None, kept_until)
            }
        };
        let owner = user.map(|user| owner(key, &user));
        let bytes = seal_record(
            key,
            Purpose::GrantRecord,
            record_key.as_str(),
            version.as_bytes(),
            &(FORM, stored),
        );
        Record { version, owner, expires_at, bytes: Bytes::from(bytes) }
    }

    pub(crate) fn from_record(
        ring: &KeyRing,
        id: GrantId,
        record: &Record,
    ) -> Result<Self, Corrupt> {
        let opened = open_record::<(u8, Stored)>(
            ring,
            Purpose::GrantRecord,
            id.record_key().as_str(),
            record.version.as_bytes(),
            &record.bytes,
        );
        match opened {
            Some((FORM, Stored::IssuedCode(data))) => Ok(Self::IssuedCode(IssuedCode { id, data })),
            Some((FORM, Stored::Tokens(data))) => Ok(Self::Tokens(TokenGrant { id, data })),
            Some((FORM, Stored::Revoked(data))) => Ok(Self::Revoked(Revoked::of_record(id, data))),
            Some(_) | None => Err(Corrupt),
        }
    }
}
