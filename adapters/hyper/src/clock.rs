use std::time::{SystemTime, UNIX_EPOCH};

use rand::Rng;
use vestibule_core::drive::Clock;
use vestibule_core::{Pause, Tick, Timestamp};

/// The system's clock, random bytes of ChaCha seeded by the operating system, and tokio's timer.
///
/// The generator is one per thread and takes a new seed from the operating system after every 64
/// KiB. It is not told when a virtual machine is restored from a snapshot: a program that lives in
/// one must start anew after that.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to set")]
pub struct SystemClock;

impl SystemClock {
    /// The time now; a clock that stands before 1970 counts as standing at its start, where
    /// everything is still to come.
    #[must_use]
    pub fn now(self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp::from_seconds(since_1970.map_or(0, |passed| passed.as_secs()))
    }
}

impl Clock for SystemClock {
    /// # Panics
    /// If the operating system gives no randomness: weak bytes would be worse than no answer, and
    /// [`Vestibule`](crate::Vestibule) answers a panic with 503.
    fn tick(&self) -> Tick {
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        Tick::new(self.now(), seed)
    }

    async fn pause(&self, pause: Pause) {
        tokio::time::sleep(pause.at_most).await;
    }
}
