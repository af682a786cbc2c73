use super::Verifier;
use crate::cache::{Bounds, is_within};
use crate::resource::{Challenge, Denied, Principal};
use crate::tick::Timestamp;

/// Whether a [`Verifier`] has to be refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever refreshes has to know all there can be")]
pub enum Need {
    /// The outcome stands.
    Nothing,
    /// The outcome stands, and the keys are no longer fresh: answer now, and refresh beside it.
    Soon,
    /// Other keys could change the outcome: refresh, then authenticate the request once more.
    First,
}

impl Verifier {
    /// Whether [`refresh`](Self::refresh) should run, after what came of
    /// [`authenticate`](Self::authenticate).
    ///
    /// However many tokens with made-up keys come, it is [`Need::First`] for them only where the
    /// last keys are older than 60 seconds (JWT-07); and for 5 seconds after a failure it is
    /// [`Need::Nothing`]. That bounds one verifier after the other. Whoever serves requests side by
    /// side lets one refresh at a time, and the others wait for it.
    #[must_use]
    pub fn need(&self, outcome: &Result<Principal, Challenge>, now: Timestamp) -> Need {
        if self.has_failed(now) {
            return Need::Nothing;
        }
        let keys = self.keys(now);
        match outcome.as_ref().map_err(Challenge::reason) {
            Err(Denied::Unavailable) => Need::First,
            Err(Denied::UnknownKey) if keys.is_none_or(|keys| !keys.is_young(now)) => Need::First,
            Ok(_)
            | Err(
                Denied::NoToken
                | Denied::Malformed
                | Denied::InvalidToken
                | Denied::UnknownKey
                | Denied::Revoked
                | Denied::InsufficientScope,
            ) => match keys {
                Some(keys) if keys.is_fresh(now) => Need::Nothing,
                // A request without a token can be answered without keys.
                Some(_) | None => Need::Soon,
            },
        }
    }

    /// Whether a refresh has failed that recently that nobody tries again.
    pub(super) fn has_failed(&self, now: Timestamp) -> bool {
        const REST: std::time::Duration = Bounds::OF_PROVIDERS.rest;
        self.failed.as_ref().is_some_and(|failed| is_within(failed.at, now, REST))
    }
}
