//! What may be registered.

use super::authority::{accept_authority, is_of_origin};
use super::loopback::Loopback;
use crate::config::{Issuer, Registration};

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
    // Whatever is one begins so.
    if !segment.starts_with(['.', '%']) {
        return false;
    }
    let mut segment = segment.to_ascii_lowercase();
    while segment.contains("%25") {
        segment = segment.replace("%25", "%");
    }
    let plain = segment.replace("%2e", ".").replace("%3b", ";");
    matches!(plain.split(';').next(), Some("." | ".."))
}
