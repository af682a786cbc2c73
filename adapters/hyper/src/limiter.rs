use std::net::IpAddr;
use std::time::Duration;

use vestibule_core::{Charge, Parts};

/// Counts what requests cost, and says who has nothing left.
///
/// A request is refused with 429 before it is handled where [`Limiter::wait`] says so, and what
/// happened is charged before its answer goes out. Whoever sends many requests at the same moment
/// may get as many more through as flows run at once.
///
/// Where [`payer`](Limiter::payer) or [`wait`](Limiter::wait) panics, the request is answered with
/// 503 and not handled; where [`charge`](Limiter::charge) does, its answer goes out uncounted.
///
/// Addresses are anybody's: keep nothing for each, or only for so many.
pub trait Limiter: Send + Sync {
    /// Who pays for a request: the client's address, as far as it can be known from the
    /// connection's ([`Peer`](crate::Peer), in the extensions) and from what a trusted proxy says.
    /// `None`: nobody does, and the request is not limited.
    fn payer(&self, head: &Parts) -> Option<IpAddr>;

    /// How long this address must wait before it may do this again; `None`: it may.
    fn wait(&self, payer: IpAddr, charge: &Charge) -> Option<Duration>;

    /// Counts that it did.
    fn charge(&self, payer: IpAddr, charge: &Charge);
}

/// Nobody counts.
impl Limiter for () {
    fn payer(&self, _: &Parts) -> Option<IpAddr> {
        None
    }

    fn wait(&self, _: IpAddr, _: &Charge) -> Option<Duration> {
        None
    }

    fn charge(&self, _: IpAddr, _: &Charge) {}
}
