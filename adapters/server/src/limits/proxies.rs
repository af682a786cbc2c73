use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ipnet::IpNet;
use vestibule_core::Parts;
use vestibule_hyper::Peer;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies whose word on where a request came from is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    trusted: Vec<IpNet>,
    said_untrusted: Arc<AtomicBool>,
}

impl Proxies {
    pub(crate) fn new(trusted: Vec<IpNet>) -> Self {
        let trusted = trusted.into_iter().map(canonical).collect();
        Self { trusted, said_untrusted: Arc::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.trusted.is_empty()
    }

    /// From where a request came: the connection's other side or, where that is a trusted proxy,
    /// the right-most address of X-Forwarded-For that is none. What stands left of it may have been
    /// written by anybody.
    ///
    /// `None` where it came over loopback and no proxy is named: a proxy of which nobody told us,
    /// behind which everybody would have to share one budget.
    pub(super) fn client(&self, head: &Parts) -> Option<IpAddr> {
        let Peer(peer) = head.extensions.get()?;
        let mut client = peer.ip().to_canonical();
        if self.is_empty() && client.is_loopback() {
            return None;
        }
        if !self.trusts(client) {
            self.tell_untrusted(client, head);
            return Some(client);
        }
        let fields = head.headers.get_all(X_FORWARDED_FOR).iter().rev();
        let hops = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops {
            // A hop that cannot be read was told by the proxy behind it, which is as far as is known.
            let Some(hop) = address(hop) else { break };
            client = hop;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Says once that somebody sounds like a proxy and is not trusted.
    fn tell_untrusted(&self, peer: IpAddr, head: &Parts) {
        let forwards = head.headers.contains_key(X_FORWARDED_FOR);
        if forwards && !self.said_untrusted.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "vestibule::limits",
                %peer,
                "a request with X-Forwarded-For came from an address that is not among \
                 `trusted_proxies` in [limits]. If it is your proxy, name it there: as it is, all \
                 who come through it share what one address may do. If it is not, nothing is amiss"
            );
        }
    }
}

/// A network of IPv4 addresses that are written as IPv6 ones (`::ffff:10.0.0.0/104`) by itself, as the
/// addresses are that are looked for in it.
fn canonical(network: IpNet) -> IpNet {
    /// The bits before a mapped address (RFC 4291 §2.5.5.2).
    const MAPPED: u8 = 96;
    let mapped = || {
        let address = network.addr().to_canonical();
        let length = network.prefix_len().checked_sub(MAPPED).filter(|_| address.is_ipv4())?;
        IpNet::new(address, length).ok()
    };
    if network.addr().is_ipv6() { mapped().unwrap_or(network) } else { network }
}

/// An address as proxies write it, some with a port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim_matches([' ', '\t']);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok();
    address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded_for: &[&str]) -> Option<String> {
        let mut request = axum::http::Request::get("/");
        for value in forwarded_for {
            request = request.header(X_FORWARDED_FOR, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        head.extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        let trusted = trusted.iter().map(|network| network.parse().unwrap()).collect();
        Proxies::new(trusted).client(&head).map(|client| client.to_string())
    }

    #[test]
    fn htt_16_nobody_is_believed_who_is_not_trusted() {
        let spoofed = &["198.51.100.7"];
        assert_eq!(client(&[], "192.0.2.1", spoofed).unwrap(), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", spoofed).unwrap(), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "127.0.0.1", spoofed).unwrap(), "127.0.0.1");
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(client(&[], loopback, spoofed), None);
        }
    }

    #[test]
    fn dos_04_the_last_hop_that_is_no_proxy_of_ours_pays() {
        let trusted = &["127.0.0.1/32", "10.0.0.0/8", "2001:db8:1::/48"];
        for (fields, pays) in [
            (&["203.0.113.5"][..], "203.0.113.5"),
            // What a client writes itself stands further left.
            (&["198.51.100.7, 203.0.113.5"], "203.0.113.5"),
            (&["198.51.100.7", "203.0.113.5"], "203.0.113.5"),
            (&["198.51.100.7,203.0.113.5 , 10.1.2.3", "2001:db8:1::9"], "203.0.113.5"),
            (&["203.0.113.5:4711"], "203.0.113.5"),
            (&["[2001:db8::5]:4711"], "2001:db8::5"),
            (&["[2001:db8::5]"], "2001:db8::5"),
            (&["::ffff:203.0.113.5"], "203.0.113.5"),
            (&["198.51.100.7, unknown"], "127.0.0.1"),
            (&["198.51.100.7, nonsense, 10.1.2.3"], "10.1.2.3"),
            (&["10.1.2.3"], "10.1.2.3"),
            (&[""], "127.0.0.1"),
            (&[], "127.0.0.1"),
        ] {
            assert_eq!(client(trusted, "127.0.0.1", fields).unwrap(), pays, "{fields:?}");
            assert_eq!(client(trusted, "::ffff:127.0.0.1", fields).unwrap(), pays, "{fields:?}");
        }
    }

    #[test]
    fn dos_04_a_proxys_network_may_be_written_as_one_of_ipv6() {
        for (trusted, proxy) in [
            ("::ffff:10.0.0.0/104", "10.1.2.3"),
            ("::ffff:10.1.2.3/128", "::ffff:10.1.2.3"),
            ("::ffff:0:0/96", "192.0.2.1"),
            ("::1/128", "::1"),
        ] {
            assert_eq!(client(&[trusted], proxy, &["203.0.113.5"]).unwrap(), "203.0.113.5");
        }
        assert_eq!(client(&["::ffff:10.0.0.0/104"], "11.0.0.1", &["x"]).unwrap(), "11.0.0.1");
    }
}
