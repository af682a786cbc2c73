//! The person's own machine.

/// A loopback redirect URI, whose port is chosen when the app runs (RFC 8252 §7.3). `localhost` is
/// one by name, since that is what the clients of this field register.
#[derive(PartialEq, Eq)]
pub(super) struct Loopback<'a> {
    host: &'a str,
    after_port: &'a str,
}

impl<'a> Loopback<'a> {
    pub(super) fn parse(uri: &'a str) -> Option<Self> {
        let rest = uri.strip_prefix("http://")?;
        let host =
            ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| rest.starts_with(host))?;
        let (host, rest) = rest.split_at(host.len());
        let after_port = match rest.strip_prefix(':') {
            Some(port_and_path) => {
                let end = port_and_path
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(port_and_path.len());
                let (port, path) = port_and_path.split_at(end);
                port.parse::<u16>().ok().filter(|port| *port != 0)?;
                path
            }
            None => rest,
        };
        // What follows the port is a path or a query: `http://localhost.evil.test` and
        // `http://localhost@evil.test` are not it.
        (after_port.is_empty() || after_port.starts_with(['/', '?']))
            .then_some(Self { host, after_port })
    }

    pub(super) fn same_but_for_port(registered: &'a str, requested: &'a str) -> bool {
        Self::parse(registered).is_some_and(|registered| Self::parse(requested) == Some(registered))
    }
}
