use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long the documents of a kind serve, and how soon they are asked for again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// So often may be asked for a document at most, whatever it says.
    pub(super) shortest: Duration,
    /// So often is asked for a document at least: what was withdrawn is used no longer than that.
    pub(super) longest: Duration,
    /// For a document that does not say (RFC 9111 §4.2.2 leaves it to whoever keeps it).
    pub(super) usual: Duration,
    /// How long a document is not fetched again because it does not suit.
    pub(super) cool_down: Duration,
    /// How long nobody tries again after a failure.
    pub(crate) rest: Duration,
    /// How long a document goes on serving when it is no longer fresh and no other can be had.
    pub(super) hard_end: Duration,
}

impl Bounds {
    /// For what the operator configured. "Do not store" (RFC 9111 §5.2.2.5) means a minute here too:
    /// what is fetched is public, and a provider must not be able to make every sign-in depend on
    /// one more call.
    pub(crate) const OF_PROVIDERS: Self = Self {
        shortest: Duration::from_secs(MINUTE),
        longest: Duration::from_secs(DAY),
        usual: Duration::from_secs(HOUR),
        cool_down: Duration::from_secs(MINUTE),
        rest: Duration::from_secs(5),
        hard_end: Duration::from_secs(DAY),
    };

    /// For what a client publishes about itself: it says how long that may be kept, no failure is
    /// remembered, and what is no longer fresh is no longer used, since taking a document away is
    /// how a client ends its sign-ins (Client ID Metadata Document §4.4). What was granted before
    /// ends as all grants do. A name of a key that is made up has it
    /// fetched once a minute while it is fresh (JWT-07).
    pub(crate) const OF_CLIENTS: Self = Self {
        shortest: Duration::ZERO,
        longest: Duration::from_secs(DAY),
        usual: Duration::from_secs(10 * MINUTE),
        cool_down: Self::OF_PROVIDERS.cool_down,
        rest: Duration::ZERO,
        hard_end: Duration::ZERO,
    };

    /// For the keys of a client that are elsewhere, perhaps at somebody's who knows nothing of it:
    /// whoever is asked for them is so once a minute at most, and not at once after a failure.
    pub(crate) const OF_CLIENT_KEYS: Self = Self {
        shortest: Self::OF_PROVIDERS.shortest,
        rest: Self::OF_PROVIDERS.rest,
        ..Self::OF_CLIENTS
    };
}
