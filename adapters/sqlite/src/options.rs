//! What an operator may want otherwise.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::trouble::Trouble;

/// What an operator may want otherwise.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Whether a file that is not there, or has nothing in it yet, becomes a store. Default true;
    /// false is for whoever looks after a store that exists, where a slip of the pen would make
    /// another.
    pub create: bool,
    /// How long to wait for another process's lock, in whole milliseconds. Default 2 seconds; then
    /// the answer is "unavailable".
    pub busy_timeout: Duration,
    /// How many questions may wait, each for writing and for reading. Default 1024, at least 1 and
    /// at most 65536; one more is answered "unavailable" at once.
    pub waiting_at_most: usize,
    /// How many loads may be answered at once on the threads that ask, which is several times
    /// faster than on another. Each of them needs a connection, opened when it is first needed; one
    /// more than that is answered on the store's own thread. Default: one fewer than there are
    /// processors, at least 1; at most 16.
    ///
    /// Such a load waits for the few pages on the way to its record where nobody has read them for
    /// long, and as long as the disk makes it wait: one that hangs holds up so many threads, so let
    /// there be more of them. 0 is for whoever must never wait for the disk, or has a runtime of
    /// one thread that serves more than the store: then the store's own thread answers all.
    pub loads_at_once: usize,
    /// How long the file may become, in bytes, its write-ahead log not counted; whatever would make
    /// it longer is answered "unavailable". Default: as long as the disk lets it.
    pub max_bytes: Option<u64>,
    /// Who is told when the store stops working and when it works again. Called on the store's own
    /// threads, which wait for it: do not ask the store from there, and do not keep the store
    /// there, which would then never be closed. Default: nobody.
    pub on_trouble: Arc<dyn Fn(&Trouble) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: true,
            busy_timeout: Duration::from_secs(2),
            waiting_at_most: 1024,
            loads_at_once: one_fewer(thread::available_parallelism().map_or(1, NonZero::get)),
            max_bytes: None,
            on_trouble: Arc::new(|_| {}),
        }
    }
}

/// A runtime has a thread for each processor, and one of them is then never held up by the disk,
/// if there are several.
fn one_fewer(processors: usize) -> usize {
    processors.saturating_sub(1).max(1)
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("create", &self.create)
            .field("busy_timeout", &self.busy_timeout)
            .field("waiting_at_most", &self.waiting_at_most)
            .field("loads_at_once", &self.loads_at_once)
            .field("max_bytes", &self.max_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_holds_up_all_threads_of_a_runtime_only_where_there_is_one() {
        for (processors, at_once) in [(1, 1), (2, 1), (3, 2), (16, 15)] {
            assert_eq!(one_fewer(processors), at_once);
        }
    }
}
