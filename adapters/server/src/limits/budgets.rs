use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// How many budgets there are. Each takes 8 bytes once a neighbour is drawn from, and there are never
/// more: addresses share them, by a hash that nobody outside can compute. So nobody aims at another's
/// budget; but who has tens of thousands of networks can use up most of them for everybody. That is
/// no hurdle with IPv6: one /48 has as many /64s as there are budgets.
const SLOTS: usize = 1 << 16;

/// What each address may still do: so many in a minute, all of them at once if it likes.
pub(super) struct Budgets<C: Clock<Instant = Nanos> = Monotonic> {
    limiter: RateLimiter<Draw, Slots, C, NoOpMiddleware<Nanos>>,
    hasher: RandomState,
}

impl Budgets {
    pub(super) fn per_minute(most: NonZeroU32) -> Self {
        Self::with_clock(most, Monotonic(Instant::now()))
    }
}

impl<C: Clock<Instant = Nanos>> Budgets<C> {
    fn with_clock(most: NonZeroU32, clock: C) -> Self {
        let limiter = RateLimiter::new(Quota::per_minute(most), Slots::new(), clock);
        Self { limiter, hasher: RandomState::new() }
    }

    /// How long this address must wait until it has something again of what this is about; `None`:
    /// it has.
    pub(super) fn wait(&self, address: IpAddr, about: &str) -> Option<Duration> {
        let looked =
            self.limiter.check_key(&Draw { slot: self.slot(address, about), spends: false });
        looked.err().map(|not_until| not_until.wait_time_from(self.limiter.clock().now()))
    }

    /// Takes one from what this address has, if it has any.
    pub(super) fn spend(&self, address: IpAddr, about: &str) {
        let _ = self.limiter.check_key(&Draw { slot: self.slot(address, about), spends: true });
    }

    fn slot(&self, address: IpAddr, about: &str) -> usize {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            // A network is given to one household or one machine, which has all addresses in it.
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        };
        let hash = self.hasher.hash_one((network, about));
        // The remainder is one of them.
        usize::try_from(hash % SLOTS as u64).unwrap_or_default()
    }
}

/// Looks at a budget, or takes from it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Draw {
    slot: usize,
    spends: bool,
}

/// The budgets' states, in place of a map: nobody can make it grow beyond its pages. One that nobody
/// has drawn from takes no memory, and most servers need none of them.
struct Slots {
    pages: [OnceLock<Box<Page>>; SLOTS / PAGE],
}

/// How many slots begin together.
const PAGE: usize = 1 << 9;

type Page = [InMemoryState; PAGE];

impl Slots {
    fn new() -> Self {
        Self { pages: [const { OnceLock::new() }; SLOTS / PAGE] }
    }

    /// `None`: nobody has drawn from it yet.
    fn begun(&self, slot: usize) -> Option<&InMemoryState> {
        self.pages[slot / PAGE].get().map(|page| &page[slot % PAGE])
    }

    fn state(&self, slot: usize) -> &InMemoryState {
        let page = self.pages[slot / PAGE]
            .get_or_init(|| Box::new(std::array::from_fn(|_| InMemoryState::default())));
        &page[slot % PAGE]
    }
}

impl StateStore for Slots {
    type Key = Draw;

    fn measure_and_replace<T, F, E>(&self, draw: &Draw, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if draw.spends {
            return self.state(draw.slot).measure_and_replace(&NotKeyed::NonKey, decide);
        }
        // Who only looks leaves nothing behind.
        let Some(state) = self.begun(draw.slot) else {
            return decide(None).map(|(outcome, _)| outcome);
        };
        // An error leaves the state as it is, so the decision is handed out as one.
        let looked = |before| Err::<(Infallible, Nanos), _>(decide(before));
        match state.measure_and_replace(&NotKeyed::NonKey, looked) {
            Ok(never) => match never {},
            Err(decision) => decision.map(|(outcome, _)| outcome),
        }
    }
}

/// The time since the program began, by a clock that is never set.
pub(super) struct Monotonic(Instant);

impl Clock for Monotonic {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn budgets() -> (Budgets<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Budgets::with_clock(NonZeroU32::new(60).unwrap(), clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How often it can be spent before there is nothing left.
    fn left(budgets: &Budgets<FakeRelativeClock>, address: IpAddr) -> usize {
        let spends = || {
            let may = budgets.wait(address, "").is_none();
            budgets.spend(address, "");
            may
        };
        std::iter::repeat_with(spends).take_while(|may| *may).count()
    }

    #[test]
    fn a_budget_is_used_up_and_comes_back_with_time() {
        let (budgets, clock) = budgets();
        let ours = address("192.0.2.1");
        for _ in 0..1000 {
            assert_eq!(budgets.wait(ours, ""), None, "looking takes nothing");
        }
        assert_eq!(left(&budgets, ours), 60);
        assert_eq!(budgets.wait(ours, ""), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_millis(300));
        assert_eq!(budgets.wait(ours, ""), Some(Duration::from_millis(700)));
        clock.advance(Duration::from_millis(700));
        assert_eq!(left(&budgets, ours), 1);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(left(&budgets, ours), 60);
    }

    #[test]
    fn dos_04_a_network_and_other_spellings_of_an_address_have_one_budget() {
        let (budgets, _) = budgets();
        assert_eq!(left(&budgets, address("2001:db8::1")), 60);
        assert_eq!(left(&budgets, address("2001:db8:0:0:ffff:ffff:ffff:ffff")), 0);
        assert_eq!(left(&budgets, address("192.0.2.1")), 60);
        assert_eq!(left(&budgets, address("::ffff:192.0.2.1")), 0);
    }

    #[test]
    fn cla_21_each_client_has_a_budget_of_its_own_at_an_address() {
        let (budgets, _) = budgets();
        let ours = address("192.0.2.1");
        for _ in 0..60 {
            budgets.spend(ours, "one");
        }
        assert!(budgets.wait(ours, "one").is_some());
        // One other may share its slot, by chance; not many.
        let others = (0..20).map(|n| n.to_string());
        let shut_out = others.filter(|other| budgets.wait(ours, other).is_some()).count();
        assert!(shut_out <= 1, "{shut_out}");
    }

    /// A million addresses that each do one thing leave as many bytes as nobody does, and the
    /// others their budgets.
    #[test]
    fn dos_05_a_million_addresses_take_no_memory() {
        let (budgets, _) = budgets();
        for n in 0..1_000_000 {
            let network = (0x2001_0db8_u128 << 96) | (n << 64);
            budgets.spend(IpAddr::V6(network.into()), "");
        }
        let slots = budgets.limiter.into_state_store();
        assert_eq!(slots.pages.len() * size_of::<Page>(), SLOTS * 8);
    }

    #[test]
    fn who_does_nothing_takes_no_memory_at_all() {
        let (budgets, _) = budgets();
        for n in 0..1000 {
            let looked = budgets.wait(IpAddr::V6((n << 64).into()), "");
            assert_eq!(looked, None, "nothing was drawn");
        }
        budgets.spend(address("192.0.2.1"), "");
        let slots = budgets.limiter.into_state_store();
        assert_eq!(slots.pages.iter().filter(|page| page.get().is_some()).count(), 1);
    }
}
