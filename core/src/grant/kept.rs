//! An upstream provider's tokens where they are kept, and who is refreshing them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Allowed;
use crate::ids::ProviderId;
use crate::secret::{UpstreamAccessToken, UpstreamRefreshToken, UpstreamTokens};
use crate::tick::Timestamp;

/// How long before its end an access token counts as over. Whoever is given one still has to make
/// a call with it; its life is counted here from a little after the provider counted it; and nodes
/// agree about the time within 60 s.
const EARLY: Duration = Duration::from_secs(60);

/// How far ahead of ours another node's clock may be. A lease further ahead was written by a clock
/// that was wrong, and would hold for as long as it was.
const SKEW: Duration = Duration::from_secs(60);

/// Tokens of a provider whose `keep_tokens` says so. An ID token is not among them: it speaks of one
/// sign-in, and it has been read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) access_token: UpstreamAccessToken,
    pub(crate) refresh_token: Option<UpstreamRefreshToken>,
    /// `None`: the provider did not say.
    expires_at: Option<Timestamp>,
    scope: Option<String>,
}

impl Kept {
    /// As they came just now, or a moment ago.
    pub(crate) fn new(tokens: &UpstreamTokens, now: Timestamp) -> Self {
        Self {
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            expires_at: tokens.expires_in.map(|lifetime| now.after(lifetime)),
            scope: tokens.scope.clone(),
        }
    }

    /// What a refresh gave in place of these. A provider that does not rotate its refresh tokens
    /// leaves the new one out, and a scope that stayed as it was (RFC 6749 §6).
    pub(crate) fn renewed(&self, tokens: &UpstreamTokens, now: Timestamp) -> Self {
        let new = Self::new(tokens, now);
        Self {
            refresh_token: new.refresh_token.or_else(|| self.refresh_token.clone()),
            scope: new.scope.or_else(|| self.scope.clone()),
            ..new
        }
    }

    /// The refresh token, if it is time to use it.
    pub(crate) fn due(&self, now: Timestamp) -> Option<&UpstreamRefreshToken> {
        let refresh_token = self.refresh_token.as_ref()?;
        let over = self.expires_at?.has_passed(now.after(EARLY));
        over.then_some(refresh_token)
    }

    /// Whether the access token is good for anything, as far as anybody knows.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        !self.expires_at.is_some_and(|expires_at| expires_at.has_passed(now))
    }

    /// Whether a refresh token is the one that is kept.
    pub(crate) fn has(&self, refresh_token: &UpstreamRefreshToken) -> bool {
        self.refresh_token.as_ref().is_some_and(|kept| kept.matches(refresh_token.expose()))
    }

    /// As the application is told of them.
    pub(crate) fn tokens(&self, now: Timestamp) -> UpstreamTokens {
        UpstreamTokens {
            access_token: self.access_token.clone(),
            refresh_token: self.refresh_token.clone(),
            id_token: None,
            expires_in: self.expires_at.map(|expires_at| expires_at.remaining(now)),
            scope: self.scope.clone(),
        }
    }
}

/// Which of all refreshes of upstream tokens one is.
pub(crate) type Attempt = [u8; 16];

/// Somebody is asking the provider, and everybody else waits for what becomes of it.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub(crate) attempt: Attempt,
    taken_at: Timestamp,
    holds: Duration,
}

impl Lease {
    /// How long the writing of what came back may take: it may begin a last time after 5 s and have
    /// 5 s of patience of its own.
    const WRITING: Duration = Duration::from_secs(11);

    /// It holds for as long as the calls may take, and that. A process that ends in between keeps the
    /// others from asking for so long, and no longer.
    pub(crate) fn new(attempt: Attempt, calls: Duration, now: Timestamp) -> Self {
        Self { attempt, taken_at: now, holds: calls + Self::WRITING }
    }

    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        !self.taken_at.after(self.holds).has_passed(now) && self.taken_at <= now.after(SKEW)
    }
}

/// Upstream tokens that no grant holds any more: the provider is asked to end them.
#[derive(Debug)]
pub(crate) struct Abandoned {
    pub(crate) provider: ProviderId,
    pub(crate) kept: Kept,
}

impl Abandoned {
    /// What was allowed is over.
    pub(crate) fn of(allowed: Allowed) -> Option<Self> {
        Some(Self { provider: allowed.user.provider, kept: allowed.kept? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(expires_in: Option<u64>, refresh_token: Option<&str>) -> Kept {
        let tokens = UpstreamTokens {
            access_token: UpstreamAccessToken::new("access"),
            refresh_token: refresh_token.map(UpstreamRefreshToken::new),
            id_token: None,
            expires_in: expires_in.map(Duration::from_secs),
            scope: None,
        };
        Kept::new(&tokens, Timestamp::from_seconds(1000))
    }

    #[test]
    fn tokens_are_due_a_minute_before_their_end() {
        let due = |kept: &Kept, now| kept.due(Timestamp::from_seconds(now)).is_some();
        let hour = kept(Some(3600), Some("refresh"));
        assert_eq!([4539, 4540, 9999].map(|now| due(&hour, now)), [false, true, true]);
        assert!(!due(&kept(Some(3600), None), 9999), "there is nothing to refresh with");
        assert!(!due(&kept(None, Some("refresh")), 9999), "nobody knows that it is over");
    }

    #[test]
    fn clk_01_a_lease_of_a_clock_that_was_wrong_holds_nobody_up() {
        let at = Timestamp::from_seconds;
        let lease = Lease::new([0; 16], Duration::from_secs(5), at(1000));
        assert_eq!([1015, 1016].map(|now| lease.holds(at(now))), [true, false]);
        assert_eq!([940, 939].map(|now| lease.holds(at(now))), [true, false]);
    }
}
