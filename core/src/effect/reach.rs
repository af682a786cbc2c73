//! Which addresses a call may connect to.
//!
//! A URL that came from outside can name a host inside: the machine itself, its neighbours, the
//! metadata service of a cloud. Its host says little, since anybody's name may resolve to any
//! address, so it is the address that is judged, in whatever form IPv6 carries it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which addresses an [`HttpCall`](crate::HttpCall) may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// The host stands in the operator's configuration, so any address it resolves to is meant.
    Configured,
    /// The URL came from outside: only `https`, and only globally routable addresses, checked after
    /// resolving the name and then pinned. A transport that cannot do so answers
    /// [`Unreachable::NotPermitted`](crate::Unreachable::NotPermitted).
    PublicAddresses,
}

impl Reach {
    /// Whether a call with this reach may connect to an address.
    ///
    /// A public address is one that is in none of the IANA special-purpose address registries
    /// (RFC 6890), and no multicast; of IPv6, one of the block for global unicast, `2000::/3`.
    /// Whether somebody was given it is not asked. Of an IPv6 address that carries an IPv4 address,
    /// both must be public. A network whose translators use a NAT64
    /// prefix of its own (RFC 6052 §2.2) must itself keep them from what is inside: such an address
    /// looks like any other.
    ///
    /// A transport asks this of **every** address that a name resolves to, before it connects to
    /// the first, and connects to those and no others.
    #[must_use]
    pub fn permits(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::Configured, _) => true,
            (Self::PublicAddresses, IpAddr::V4(address)) => is_public_v4(address),
            (Self::PublicAddresses, IpAddr::V6(address)) => is_public_v6(address),
        }
    }

    /// Whether a call with this reach may go to a URL, as far as that can be said before its name
    /// is resolved.
    ///
    /// From outside comes `https` only: without TLS the answer would be anybody's who sits on the
    /// way, and what listens inside a network is mostly plain. A host that is an address is judged
    /// as one, however it was written: a [`Url`] holds `0x7f.1` and `2130706433` as `127.0.0.1`.
    /// `localhost` and the names below it mean this machine whatever a resolver says (RFC 6761
    /// §6.3), and a name that ends in a dot is another spelling to get past whoever compares names.
    #[must_use]
    pub fn permits_url(self, url: &Url) -> bool {
        match self {
            Self::Configured => true,
            Self::PublicAddresses => url.scheme() == "https" && self.permits_host(url.host()),
        }
    }

    fn permits_host(self, host: Option<Host<&str>>) -> bool {
        match host {
            Some(Host::Ipv4(address)) => self.permits(address.into()),
            Some(Host::Ipv6(address)) => self.permits(address.into()),
            Some(Host::Domain(name)) => {
                !name.ends_with('.') && name != "localhost" && !name.ends_with(".localhost")
            }
            None => false,
        }
    }
}

/// The IANA IPv4 special-purpose address registry, what it calls globally reachable included:
/// nobody publishes a document there. Then multicast (RFC 5771) and class E (RFC 1112 §4) with the
/// broadcast address.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Global unicast, the only block of IPv6 that is given out (RFC 3513 §4). Loopback, unique local,
/// link-local, site-local, multicast, `5f00::/16`, `100::/64` and `64:ff9b:1::/48` are outside it.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// The IANA IPv6 special-purpose address registry, as far as it is inside [`GLOBAL_V6`]; what
/// carries an IPv4 address is judged by that. The first is Teredo, ORCHID and benchmarking.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// IPv4-mapped (RFC 4291 §2.5.5.2): what the machine connects to is the IPv4 address.
const MAPPED: (Ipv6Addr, u32) = (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);

/// NAT64's well-known prefix (RFC 6052 §2.1): the IPv4 address is the last four octets.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// 6to4 (RFC 3056 §2): the IPv4 address is the four octets after the prefix.
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !NOT_PUBLIC_V4.iter().any(|(block, length)| (bits ^ block.to_bits()) >> (32 - length) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if is_in(address, MAPPED) || is_in(address, NAT64) {
        return is_public_v4(last_octets(address));
    }
    is_in(address, GLOBAL_V6)
        && !NOT_PUBLIC_V6.iter().any(|&block| is_in(address, block))
        && (!is_in(address, SIX_TO_FOUR) || is_public_v4(octets_after_six_to_four(address)))
        && (!is_isatap(address) || is_public_v4(last_octets(address)))
}

fn is_in(address: Ipv6Addr, (block, length): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()) >> (128 - length) == 0
}

/// ISATAP (RFC 5214 §6.1): an interface identifier of `0000:5efe`, or `0200:5efe` where the address
/// is said to be unique, and the IPv4 address.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, first, second, _, _] = address.segments();
    matches!(first, 0x0000 | 0x0200) && second == 0x5efe
}

fn last_octets(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

fn octets_after_six_to_four(address: Ipv6Addr) -> Ipv4Addr {
    let [_, _, a, b, c, d, ..] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests;
