//! Redirect URIs: what may be registered, and what may be redirected to (RFC 6749 §3.1.2, RFC 8252
//! §7, RFC 9700 §2.1).

use http::HeaderValue;
use url::Url;

use crate::config::{Issuer, Registration};
use crate::refusal::Refusal;

/// A redirect URI that belongs to the client that asks, and that the policy accepts today. Only the
/// check of an authorization request makes one, and nothing else can be redirected to:
///
/// ```
/// fn shown(checked: &vestibule_core::RegisteredRedirect) -> &str {
///     checked.destination()
/// }
/// ```
///
/// ```compile_fail,E0423
/// let unchecked = vestibule_core::RegisteredRedirect("https://evil.test/cb".to_owned());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredRedirect(String);

impl RegisteredRedirect {
    /// As the client sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the answer stays on the person's own machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        Loopback::parse(&self.0).is_some()
    }

    /// Whether the answer goes to whatever app of the person's device opens this scheme (RFC 8252
    /// §7.1).
    #[must_use]
    pub fn is_private_use(&self) -> bool {
        !self.0.starts_with("http://") && !self.0.starts_with("https://")
    }

    /// Whether the answer goes over TLS to a host that has a name: nobody else can take it there.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// What people are shown (MCP authorization, Localhost Redirect URI Risks): the host, or the
    /// scheme of a private-use URI with its colon, so that `claude.ai:` is not taken for a host.
    #[must_use]
    pub fn destination(&self) -> &str {
        match authority_of(&self.0) {
            Some((_, host)) if !self.is_private_use() => host,
            Some(_) | None => &self.0[..=self.0.find(':').unwrap_or_default()],
        }
    }

    /// The URI with parameters added to its query, its own bytes unchanged (RFC 6749 §4.1.2).
    pub(crate) fn location(&self, parameters: &[(&str, &str)]) -> Option<HeaderValue> {
        let mut location = self.0.clone();
        location.push(if self.0.contains('?') { '&' } else { '?' });
        let start = location.len();
        let mut query = form_urlencoded::Serializer::for_suffix(location, start);
        query.extend_pairs(parameters);
        HeaderValue::try_from(query.finish()).ok()
    }
}

/// The redirect URI of an authorization request: one of the client's, byte for byte but for the
/// port of a loopback URI (OAuth 2.1 §2.3.1); the only one where none is given. The policy is
/// applied again, since it may have become stricter.
pub(crate) fn check<'a>(
    policy: &Policy<'_>,
    mut registered: impl Iterator<Item = &'a str>,
    requested: Option<&str>,
) -> Result<RegisteredRedirect, Refusal> {
    let uri = match requested {
        Some(requested) => registered
            .any(|uri| uri == requested || Loopback::same_but_for_port(uri, requested))
            .then_some(requested)
            .ok_or(Refusal::RedirectUriNotRegistered)?,
        None => match (registered.next(), registered.next()) {
            (Some(only), None) => only,
            _ => {
                return Err(Refusal::Missing { parameter: "redirect_uri" });
            }
        },
    };
    policy.accept(uri).map_err(Refusal::RedirectUri)?;
    Ok(RegisteredRedirect(uri.to_owned()))
}

/// Which redirect URIs are acceptable at all.
pub(crate) struct Policy<'a> {
    private_use: &'a [String],
    /// An origin that nobody may register.
    closed: Option<&'a str>,
}

impl<'a> Policy<'a> {
    const LONGEST: usize = 1024;

    /// Names that the answer itself adds (RFC 6749 §4.1.2, RFC 9207 §2).
    const OURS: [&'static str; 6] =
        ["code", "state", "iss", "error", "error_description", "error_uri"];

    pub(crate) fn new(registration: &'a Registration) -> Self {
        Self { private_use: &registration.private_use_schemes, closed: None }
    }

    /// The same for clients that register themselves: none of them lives where this server does.
    ///
    /// An answer that comes back here would do so as from a page of ours (`Sec-Fetch-Site:
    /// same-origin`), and its path and query would be a stranger's. A server on a loopback address is
    /// for development, where applications live beside it.
    pub(crate) fn of_strangers(registration: &'a Registration, issuer: &'a Issuer) -> Self {
        let closed = issuer.is_https().then(|| issuer.origin());
        Self { closed, ..Self::new(registration) }
    }

    /// Whether an operator may allow a scheme: one that no browser runs, reads or opens by itself.
    pub(crate) fn may_be_private_use(scheme: &str) -> bool {
        const KNOWN: [&str; 24] = [
            "about",
            "blob",
            "chrome",
            "content",
            "cid",
            "data",
            "file",
            "filesystem",
            "ftp",
            "ftps",
            "geo",
            "http",
            "https",
            "intent",
            "jar",
            "javascript",
            "mailto",
            "sms",
            "tel",
            "urn",
            "vbscript",
            "view-source",
            "ws",
            "wss",
        ];
        // `http.evil://accounts.example.com` would be read as a web address.
        is_scheme(scheme) && !KNOWN.contains(&scheme) && !scheme.starts_with("http")
    }

    /// Applied when a client registers and again whenever its URI is used.
    pub(crate) fn accept(&self, uri: &str) -> Result<(), Unacceptable> {
        if uri.is_empty() || uri.len() > Self::LONGEST {
            return Err(Unacceptable::Length);
        }
        // Everything that a URI is made of (RFC 3986 §2), less the fragment's sign and the
        // wildcard's.
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()+,;=%".contains(&byte);
        if uri.contains('#') {
            return Err(Unacceptable::Fragment);
        }
        if !uri.bytes().all(allowed) || !is_well_encoded(uri) {
            return Err(Unacceptable::Characters);
        }
        let (scheme, _) = uri.split_once(':').ok_or(Unacceptable::Relative)?;
        if !is_scheme(scheme) {
            return Err(Unacceptable::Relative);
        }
        match scheme {
            "https" => {
                accept_authority(uri)?;
                if self.closed.is_some_and(|origin| is_of_origin(uri, origin)) {
                    return Err(Unacceptable::OwnOrigin);
                }
            }
            "http" => {
                accept_authority(uri)?;
                Loopback::parse(uri).ok_or(Unacceptable::Cleartext)?;
            }
            // RFC 8252 §7.1: a reversed domain name, so that schemes of two apps do not meet.
            _ if scheme.contains('.')
                || self.private_use.iter().any(|allowed| allowed == scheme) =>
            {
                if !Self::may_be_private_use(scheme) || uri.contains('@') {
                    return Err(Unacceptable::Scheme);
                }
            }
            _ if Self::may_be_private_use(scheme) => return Err(Unacceptable::PrivateUse),
            _ => return Err(Unacceptable::Scheme),
        }
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        if path.split('/').any(is_dot_segment) {
            return Err(Unacceptable::DotSegment);
        }
        let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        if names.any(|name| Self::OURS.contains(&&*name)) {
            return Err(Unacceptable::OurParameter);
        }
        Ok(())
    }
}

/// Why a redirect URI cannot be accepted; reads on from "the redirect URI".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unacceptable {
    /// Empty, or longer than 1 024 characters.
    #[error("must have 1 to 1024 characters")]
    Length,
    /// A character that a URI cannot have, a wildcard, or an encoded control character.
    #[error("has a character in it that is not allowed")]
    Characters,
    /// No scheme, or one that is not in lower case.
    #[error("must be absolute, its scheme in lower case")]
    Relative,
    /// RFC 6749 §3.1.2.
    #[error("must not have a fragment")]
    Fragment,
    /// `http` to anywhere but the person's own machine.
    #[error("must be https (http is for 127.0.0.1, [::1] and localhost only)")]
    Cleartext,
    /// A private-use scheme without a dot, which the operator can allow and has not.
    #[error(
        "has a private-use scheme that the operator has to allow: [registration] private_use_schemes"
    )]
    PrivateUse,
    /// A scheme that nothing here may be redirected to.
    #[error("has a scheme that is not allowed here")]
    Scheme,
    /// A user name, an empty host, a bad port, or a host that two parsers read differently.
    #[error("has a host or port that is not plain")]
    Authority,
    /// The issuer's own origin, for a client that registers itself.
    #[error("must not be on this server's own host")]
    OwnOrigin,
    /// `.` or `..` in the path, encoded or not.
    #[error("must not have dot segments in its path")]
    DotSegment,
    /// A query with `code`, `state`, `iss` or `error` in it.
    #[error("must not have code, state, iss or error in its query")]
    OurParameter,
}

/// A loopback redirect URI, whose port is chosen when the app runs (RFC 8252 §7.3). `localhost` is
/// one by name, since that is what the clients of this field register.
#[derive(PartialEq, Eq)]
struct Loopback<'a> {
    host: &'a str,
    after_port: &'a str,
}

impl<'a> Loopback<'a> {
    fn parse(uri: &'a str) -> Option<Self> {
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

    fn same_but_for_port(registered: &'a str, requested: &'a str) -> bool {
        Self::parse(registered).is_some_and(|registered| Self::parse(requested) == Some(registered))
    }
}

/// Authority and host as RFC 3986 §3.2 cuts them, and nothing that WHATWG URL would cut
/// differently.
fn accept_authority(uri: &str) -> Result<(), Unacceptable> {
    let (authority, host) = authority_of(uri).ok_or(Unacceptable::Authority)?;
    let port = authority[host.len()..].strip_prefix(':');
    let port_is_plain = match port {
        Some(digits) => {
            digits.parse::<u16>().is_ok_and(|port| port.to_string() == digits && port != 0)
        }
        None => authority.len() == host.len(),
    };
    // The second opinion: a host such as `0x7f.1`, `127.0.0.1.` or one that IDNA would fold reads
    // differently there.
    let url = Url::parse(uri).map_err(|_| Unacceptable::Authority)?;
    let same = url.host_str().is_some_and(|other| other.eq_ignore_ascii_case(host));
    if same && port_is_plain && !authority.contains(['@', '%']) && !host.ends_with('.') {
        Ok(())
    } else {
        Err(Unacceptable::Authority)
    }
}

/// Whether a plain https URI is of an origin that is written in its canonical form. A port that is
/// the default one may be written out.
fn is_of_origin(uri: &str, origin: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.origin().ascii_serialization() == origin)
}

fn authority_of(uri: &str) -> Option<(&str, &str)> {
    let (_, rest) = uri.split_once("://")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let host = match authority.strip_prefix('[') {
        Some(v6) => &authority[..v6.find(']')? + 2],
        None => authority.split(':').next().unwrap_or_default(),
    };
    (!host.is_empty()).then_some((authority, host))
}

fn is_scheme(scheme: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'.' | b'-');
    scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.bytes().all(allowed)
}

/// Every `%` is followed by two hexadecimal digits, and none of them hides a control character.
fn is_well_encoded(uri: &str) -> bool {
    uri.split('%').skip(1).all(|after| {
        after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).is_some_and(|byte| {
            after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit) && byte >= 0x20 && byte != 0x7F
        })
    })
}

/// `.`, `..`, their dots encoded however deep, and `..;x`, which some servers read as `..`.
fn is_dot_segment(segment: &str) -> bool {
    let mut segment = segment.to_ascii_lowercase();
    while segment.contains("%25") {
        segment = segment.replace("%25", "%");
    }
    let plain = segment.replace("%2e", ".").replace("%3b", ";");
    matches!(plain.split(';').next(), Some("." | ".."))
}

#[cfg(test)]
mod tests;
