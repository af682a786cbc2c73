use super::*;

fn permitted(address: &str) -> bool {
    Reach::PublicAddresses.permits(address.parse().unwrap())
}

/// First and last address of what is refused; the addresses before and after, where those are
/// public.
type Edges<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>);

fn check(blocks: &[Edges<'_>]) {
    for &(first, last, before, after) in blocks {
        assert!(!permitted(first), "{first}");
        assert!(!permitted(last), "{last}");
        for outside in before.into_iter().chain(after) {
            assert!(permitted(outside), "{outside}");
        }
    }
}

#[test]
fn cim_04_special_purpose_blocks_of_ipv4() {
    check(&[
        ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
        ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
        ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
        ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
        ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
        ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
        ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
        ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
        ("192.31.196.0", "192.31.196.255", Some("192.31.195.255"), Some("192.31.197.0")),
        ("192.52.193.0", "192.52.193.255", Some("192.52.192.255"), Some("192.52.194.0")),
        ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
        ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
        ("192.175.48.0", "192.175.48.255", Some("192.175.47.255"), Some("192.175.49.0")),
        ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
        ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
        ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
        ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
        ("240.0.0.0", "255.255.255.255", None, None),
    ]);
}

#[test]
fn cim_04_special_purpose_blocks_of_ipv6() {
    const END: &str = "ffff:ffff:ffff:ffff:ffff";
    let before_global = format!("1fff:ffff:ffff:{END}");
    let after_global = "4000::";
    check(&[
        // Everything outside global unicast, by its edges and by its names.
        ("::", &before_global, None, Some("2000::")),
        (after_global, &format!("ffff:ffff:ffff:{END}"), Some("3ffe::1"), None),
        ("::1", "::2", None, None),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:808:808", None, None),
        ("100::", "100::ffff:ffff:ffff:ffff", None, None),
        ("5f00::", &format!("5f00:ffff:ffff:{END}"), None, None),
        ("fc00::", &format!("fdff:ffff:ffff:{END}"), None, None),
        ("fe80::", &format!("febf:ffff:ffff:{END}"), None, None),
        ("fec0::", &format!("feff:ffff:ffff:{END}"), None, None),
        ("ff00::", &format!("ffff:ffff:ffff:{END}"), None, None),
        // Inside it.
        (
            "2001::",
            &format!("2001:1ff:ffff:{END}"),
            Some(&format!("2000:ffff:ffff:{END}")),
            Some("2001:200::"),
        ),
        (
            "2001:db8::",
            &format!("2001:db8:ffff:{END}"),
            Some(&format!("2001:db7:ffff:{END}")),
            Some("2001:db9::"),
        ),
        (
            "2620:4f:8000::",
            &format!("2620:4f:8000:{END}"),
            Some(&format!("2620:4f:7fff:{END}")),
            Some("2620:4f:8001::"),
        ),
        (
            "3fff::",
            &format!("3fff:fff:ffff:{END}"),
            Some(&format!("3ffe:ffff:ffff:{END}")),
            Some("3fff:1000::"),
        ),
    ]);
}

#[test]
fn cim_05_an_embedded_address_is_judged() {
    for embed in [
        |v4: &str| format!("::ffff:{v4}"),
        |v4: &str| format!("64:ff9b::{v4}"),
        |v4: &str| format!("2a00::5efe:{v4}"),
        |v4: &str| format!("2a00::200:5efe:{v4}"),
        six_to_four,
    ] {
        for (private, public) in [
            ("127.0.0.1", "128.0.0.0"),
            ("10.0.0.0", "9.255.255.255"),
            ("169.254.169.254", "169.255.0.0"),
            ("192.168.255.255", "192.169.0.0"),
        ] {
            assert!(!permitted(&embed(private)), "{}", embed(private));
            assert!(permitted(&embed(public)), "{}", embed(public));
        }
    }
}

#[test]
fn cim_05_both_addresses_of_two_must_be_public() {
    let isatap_in_six_to_four = |outer: Ipv4Addr, inner: &str| {
        let [a, b, c, d] = outer.octets();
        format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::5efe:{inner}")
    };
    let (public, private) = (Ipv4Addr::new(8, 8, 8, 8), Ipv4Addr::new(10, 0, 0, 1));
    assert!(permitted(&isatap_in_six_to_four(public, "8.8.8.8")));
    assert!(!permitted(&isatap_in_six_to_four(public, "10.0.0.1")));
    assert!(!permitted(&isatap_in_six_to_four(private, "8.8.8.8")));
}

#[test]
fn cim_05_what_carries_an_address_in_other_ways_is_refused_with_any() {
    // IPv4-compatible (RFC 4291 §2.5.5.1), IPv4-translated (RFC 2765 §2.1), NAT64 of one's own
    // (RFC 8215), Teredo (RFC 4380 §4; the address is inverted).
    for address in ["::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::8.8.8.8", "2001::f7f7:f7f7"] {
        assert!(!permitted(address), "{address}");
    }
    // Next to what is judged by its last octets.
    for address in ["::fffe:8.8.8.8", "64:ff9b::1:8.8.8.8", "64:ff9a::8.8.8.8"] {
        assert!(!permitted(address), "{address}");
    }
}

#[test]
fn what_is_configured_may_be_anywhere() {
    for address in ["127.0.0.1", "10.0.0.1", "::1", "fe80::1", "8.8.8.8"] {
        assert!(Reach::Configured.permits(address.parse().unwrap()), "{address}");
    }
    for url in ["http://localhost/", "http://127.0.0.1/", "https://idp.internal./"] {
        assert!(Reach::Configured.permits_url(&url.parse().unwrap()), "{url}");
    }
}

#[test]
fn cim_06_hosts_that_are_refused_before_they_are_resolved() {
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://a.b.localhost/",
        "https://a.localhost./",
        "https://client.example./",
        "http://client.example/",
        "http://8.8.8.8/",
        "ftp://client.example/",
        "file:///etc/passwd",
        "data:text/plain,",
    ] {
        assert!(!Reach::PublicAddresses.permits_url(&url.parse().unwrap()), "{url}");
    }
    for url in [
        "https://client.example/",
        "https://client.example:8443/",
        "https://notlocalhost/",
        "https://localhost.example/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ] {
        assert!(Reach::PublicAddresses.permits_url(&url.parse().unwrap()), "{url}");
    }
}

fn six_to_four(v4: &str) -> String {
    let [a, b, c, d] = v4.parse::<Ipv4Addr>().unwrap().octets();
    format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1")
}
