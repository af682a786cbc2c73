//! Redirect URIs: what may be registered, and what may be redirected to (RFC 6749 §3.1.2, RFC 8252
//! §7, RFC 9700 §2.1).

mod authority;
mod loopback;
mod policy;

use http::HeaderValue;

pub(crate) use policy::Policy;
pub use policy::Unacceptable;

use crate::refusal::Refusal;
use authority::authority_of;
use loopback::Loopback;

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
        let mut location = String::with_capacity(self.0.len() + 256);
        location.push_str(&self.0);
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

#[cfg(test)]
mod tests;
