//! A grant that gives tokens, generation by generation: rotation with a bounded, idempotent grace
//! (OAuth 2.1 §4.3, RFC 9700 §4.14.2).

use std::time::Duration;

use super::issue::Tokens;
use super::revoke::Revoked;
use crate::config::Lifetimes;
use crate::grant::{Mapping, TokenData};
use crate::ids::GrantId;
use crate::mapper::{IdempotencyKey, MapUser, Occasion};
use crate::tick::Timestamp;

/// A grant whose code was redeemed: its client holds tokens of the present generation.
pub struct TokenGrant {
    pub(crate) id: GrantId,
    pub(crate) data: TokenData,
}

/// What a refresh token that opened means for the grant it names.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rotation {
    /// It was the present one. The next generation begins; the record must be written.
    Rotated(Rotated),
    /// It was spent a moment ago, and its successor has not been used: the answer was lost, or two
    /// processes share the token. The same successor again; nothing is written.
    Again(Rotated),
    /// It was used up. Two parties hold it, and the grant ends.
    Replayed(Revoked),
    /// It is of a generation that the record never reached: a write was lost, and the grant ends.
    LostWrite(Revoked),
}

/// A grant after a rotation, from which tokens of its generation can be issued.
#[derive(Debug)]
pub struct Rotated {
    pub(super) grant: TokenGrant,
}

impl TokenGrant {
    /// The grant's id.
    #[must_use]
    pub fn id(&self) -> GrantId {
        self.id
    }

    /// Judges a refresh token of generation `presented` that opened and is alive.
    #[must_use]
    pub fn rotate(mut self, presented: u64, lifetimes: &Lifetimes, now: Timestamp) -> Rotation {
        let current = self.data.generation;
        if presented > current {
            return Rotation::LostWrite(self.end(now));
        }
        if presented == current {
            self.data.generation += 1;
            self.data.rotated_at = now;
            return Rotation::Rotated(Rotated { grant: self });
        }
        // The window is counted from the one rotation and never renewed.
        // Nodes agree within 60 s: a rotation further ahead means that the clock was set back, and
        // then nobody knows how long ago it was (CLK-01).
        let ahead = self.data.rotated_at > now.after(Duration::from_secs(60));
        let in_grace = !ahead && !self.data.rotated_at.after(lifetimes.grace).has_passed(now);
        if presented + 1 == current && in_grace {
            return Rotation::Again(Rotated { grant: self });
        }
        Rotation::Replayed(self.end(now))
    }

    pub(crate) fn end(self, now: Timestamp) -> Revoked {
        Revoked::new(self.id, self.data.allowed, now, self.data.kept_until)
    }

    /// Not slid by rotation.
    pub(super) fn ends_at(&self, lifetimes: &Lifetimes) -> Timestamp {
        self.data.granted_at.after(lifetimes.grant)
    }

    pub(super) fn access_expires_at(&self, lifetimes: &Lifetimes) -> Timestamp {
        self.data.rotated_at.after(lifetimes.access).min(self.ends_at(lifetimes))
    }

    pub(super) fn refresh_expires_at(&self, lifetimes: &Lifetimes) -> Option<Timestamp> {
        let expires_at = self.data.rotated_at.after(lifetimes.refresh).min(self.ends_at(lifetimes));
        self.data.refreshes.then_some(expires_at)
    }

    /// When it is over if it is not refreshed before: by what its tokens say, and by the lifetime of
    /// today.
    pub(crate) fn ends_unless_refreshed(&self, lifetimes: &Lifetimes) -> Timestamp {
        self.data.kept_until.min(self.ends_at(lifetimes))
    }

    /// The record lives as long as anything that leads to it.
    pub(super) fn keep_for(&mut self, tokens: &Tokens) {
        self.data.kept_until = self.data.kept_until.max(tokens.latest_way_back());
    }

    pub(super) fn question(&self, scope: &str, now: Timestamp) -> MapUser {
        let allowed = &self.data.allowed;
        MapUser {
            occasion: Occasion::Refresh,
            user: allowed.user.clone(),
            upstream_tokens: allowed.kept.as_ref().map(|kept| kept.tokens(now)),
            client_id: allowed.client_id.clone(),
            scope: scope.to_owned(),
            resource: allowed.resource.clone(),
            idempotency_key: IdempotencyKey { grant_id: self.id, generation: self.data.generation },
        }
    }
}

impl Rotated {
    pub(super) fn issue(
        self,
        scope: String,
        mapping: Mapping,
        lifetimes: &Lifetimes,
    ) -> (TokenGrant, Tokens) {
        let mut grant = self.grant;
        let tokens = Tokens::issue(&grant, scope, mapping, lifetimes);
        grant.keep_for(&tokens);
        (grant, tokens)
    }
}

impl std::fmt::Debug for TokenGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenGrant")
            .field("id", &self.id)
            .field("generation", &self.data.generation)
            .finish_non_exhaustive()
    }
}
