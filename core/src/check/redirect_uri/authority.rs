//! Hosts and ports, read so that no other parser reads them otherwise.

use url::Url;

use super::Unacceptable;

/// Authority and host as RFC 3986 §3.2 cuts them, and nothing that WHATWG URL would cut
/// differently.
pub(super) fn accept_authority(uri: &str) -> Result<(), Unacceptable> {
    let (authority, host) = authority_of(uri).ok_or(Unacceptable::Authority)?;
    let port = authority[host.len()..].strip_prefix(':');
    let port_is_plain = match port {
        Some(digits) => {
            digits.parse::<u16>().is_ok_and(|port| port.to_string() == digits && port != 0)
        }
        None => authority.len() == host.len(),
    };
    if reads_alike(uri, host)?
        && port_is_plain
        && !authority.contains(['@', '%'])
        && !host.ends_with('.')
    {
        Ok(())
    } else {
        Err(Unacceptable::Authority)
    }
}

/// The second opinion: a host such as `0x7f.1`, `127.0.0.1.` or one that IDNA would fold reads
/// differently to WHATWG URL.
fn reads_alike(uri: &str, host: &str) -> Result<bool, Unacceptable> {
    if is_plain_name(host) {
        return Ok(true);
    }
    let url = Url::parse(uri).map_err(|_| Unacceptable::Authority)?;
    Ok(url.host_str().is_some_and(|other| other.eq_ignore_ascii_case(host)))
}

/// Whether a host is a name that every parser reads alike: small letters, digits and hyphens, no
/// label empty, none of IDNA, and the last one no number.
fn is_plain_name(host: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let label_is_plain = |label: &[u8]| {
        !label.is_empty() && !label.starts_with(b"xn--") && label.iter().copied().all(plain)
    };
    host.len() <= 253
        && host.as_bytes().split(|&byte| byte == b'.').all(label_is_plain)
        && host
            .rsplit('.')
            .next()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Whether a plain https URI is of an origin that is written in its canonical form. A port that is
/// the default one may be written out.
pub(super) fn is_of_origin(uri: &str, origin: &str) -> bool {
    // Another host that both read alike is another origin.
    if let (Some((_, host)), Some((_, own))) = (authority_of(uri), authority_of(origin))
        && is_plain_name(host)
        && host != own
    {
        return false;
    }
    Url::parse(uri).is_ok_and(|url| url.origin().ascii_serialization() == origin)
}

/// The authority, and the host in it, of a URI that has one: right behind its scheme, and nowhere
/// else. `https:evil.test/x://good.test` has none, whatever browsers make of it.
pub(super) fn authority_of(uri: &str) -> Option<(&str, &str)> {
    // Byte by byte: there are few, and what is looked for is ASCII, so that no character is cut.
    let rest = uri[uri.bytes().position(|byte| byte == b':')?..].strip_prefix("://")?;
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let host = match authority.strip_prefix('[') {
        Some(v6) => &authority[..v6.find(']')? + 2],
        None => {
            &authority[..authority.bytes().position(|byte| byte == b':').unwrap_or(authority.len())]
        }
    };
    (!host.is_empty()).then_some((authority, host))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is accepted, another parser finds the same host in it: what is spared a second
        /// opinion would have had the same one.
        #[test]
        fn what_is_accepted_has_the_same_host_for_another_parser(
            uri in "https?:/{0,3}[a-z0-9x.-]{0,8}[:/@?%a-z0-9.-]{0,12}(://[a-z.]{1,8})?",
        ) {
            if accept_authority(&uri).is_ok() {
                let read = Url::parse(&uri).unwrap();
                prop_assert_eq!(read.host_str(), authority_of(&uri).map(|(_, host)| host));
            }
        }

        #[test]
        fn a_plain_name_reads_alike(host in "[a-z0-9x-]{1,6}(\\.[a-z0-9x-]{1,6}){0,3}") {
            let read = Url::parse(&format!("https://{host}/cb"));
            let read = read.as_ref().ok().and_then(Url::host_str);
            prop_assert!(!is_plain_name(&host) || read == Some(host.as_str()), "{read:?}");
        }
    }

    #[test]
    fn an_authority_stands_right_behind_the_scheme() {
        for uri in [
            "https:evil.test/x://good.test/cb",
            "https:/evil.test/x://good.test/cb",
            "https:///good.test/cb",
            "https:good.test",
        ] {
            assert!(accept_authority(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn what_parsers_read_differently_is_no_plain_name() {
        for host in [
            "0x7f.1",
            "127.0.0.1",
            "a.0x1",
            "A.test",
            "xn--e1afmkfd.test",
            "a..test",
            "a.test.",
            "",
        ] {
            assert!(!is_plain_name(host), "{host}");
        }
        assert!(is_plain_name("auth-2.example.com"));
    }
}
