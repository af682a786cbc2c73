//! Time and randomness, as arguments.

use std::time::Duration;

use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroize;

use crate::secret::redacted_debug;

/// What a driver hands in with a request and with every answer: the time now, and fresh randomness.
///
/// Neither `Clone` nor `Copy`, so that the same randomness cannot be used twice.
///
/// ```
/// use vestibule_core::{Request, Server, Tick};
/// fn fresh(server: &Server, a: Request, b: Request, first: Tick, second: Tick) {
///     let _ = server.handle(a, first);
///     let _ = server.handle(b, second);
/// }
/// ```
///
/// ```compile_fail,E0382
/// use vestibule_core::{Request, Server, Tick};
/// fn reuse(server: &Server, a: Request, b: Request, tick: Tick) {
///     let _ = server.handle(a, tick);
///     let _ = server.handle(b, tick);
/// }
/// ```
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a driver makes one from a clock and a random source"
)]
pub struct Tick {
    /// The time now.
    pub now: Timestamp,
    /// 32 bytes that no other `Tick` has.
    pub entropy: Entropy,
}

impl Tick {
    /// A tick from the seconds since 1970-01-01T00:00:00Z and 32 bytes of a cryptographic random
    /// source.
    #[must_use]
    pub fn new(now: Timestamp, seed: [u8; 32]) -> Self {
        Self { now, entropy: Entropy::new(seed) }
    }
}

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, like the `NumericDate` of RFC 7519
/// §2.
///
/// One inequality holds everywhere: a thing is dead when `now >= expiry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The latest time there is: `i64::MAX` seconds, so that it also fits where seconds are signed.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// From seconds since 1970-01-01T00:00:00Z; anything beyond [`Timestamp::MAX`] becomes that.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        if seconds > Self::MAX.0 { Self::MAX } else { Self(seconds) }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This time and `duration` more, in whole seconds; stops at [`Timestamp::MAX`] instead of
    /// overflowing.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        Self::from_seconds(self.0.saturating_add(duration.as_secs()))
    }

    /// How long it is from now until this time; zero if it has passed.
    #[must_use]
    pub const fn remaining(self, now: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(now.0))
    }

    /// Whether something that expires at this time is dead: `now >= self`.
    #[must_use]
    pub const fn has_passed(self, now: Self) -> bool {
        now.0 >= self.0
    }
}

/// Randomness that is given, not taken: 32 bytes that expand into as many independent values as a
/// step needs.
///
/// HKDF-Expand (RFC 5869 §2.3) with a label and a counter, so that no two draws of one tick are the
/// same.
pub struct Entropy {
    seed: [u8; 32],
    drawn: u8,
}

impl Entropy {
    /// From 32 bytes of a cryptographic random source. The same seed gives the same draws, which is
    /// what makes tests repeatable and what makes a reused seed a disaster.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// `N` bytes, at most 32, that nothing else has.
    pub(crate) fn draw<const N: usize>(&mut self, label: &'static str) -> [u8; N] {
        const { assert!(N <= 32) };
        let mut bytes = [0; N];
        let counter = [self.drawn];
        self.drawn = self.drawn.wrapping_add(1);
        let info: [&[u8]; 3] = [b"vestibule/1/entropy/", &counter, label.as_bytes()];
        match Hkdf::<Sha256>::from_prk(&self.seed) {
            Ok(hkdf) if hkdf.expand_multi_info(&info, &mut bytes).is_ok() => bytes,
            // 32 bytes are a valid pseudorandom key and 32 bytes a valid length (RFC 5869 §2.3):
            // not reached.
            _ => unreachable!("HKDF-Expand of at most 32 bytes from a 32-byte key"),
        }
    }
}

impl Drop for Entropy {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

redacted_debug!(Entropy);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_of_one_tick_differ() {
        let mut entropy = Entropy::new([7; 32]);
        assert_ne!(entropy.draw::<16>("a"), entropy.draw::<16>("a"));
    }

    #[test]
    fn clk_05_the_end_of_time_does_not_overflow() {
        assert_eq!(Timestamp::from_seconds(u64::MAX).after(Duration::MAX), Timestamp::MAX);
    }

    #[test]
    fn clk_04_dead_at_the_very_second_of_expiry() {
        let expiry = Timestamp::from_seconds(100);
        assert_eq!(
            [99, 100, 101].map(|now| expiry.has_passed(Timestamp::from_seconds(now))),
            [false, true, true]
        );
    }
}
