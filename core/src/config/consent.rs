use std::time::Duration;

/// Whether people are asked again what they have agreed to before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consent {
    /// Every time.
    #[default]
    Always,
    /// Not where they said so: for this long at most, in the same browser, for the same client,
    /// redirect URI, scopes, resource and provider. Never for a client that registered itself, never
    /// where the answer goes to anything but an `https` address, and never where another site sent
    /// them here.
    Remember(Duration),
}

impl Consent {
    /// The longest time that anything may be remembered.
    pub const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
}
