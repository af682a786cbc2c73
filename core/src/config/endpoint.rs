use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

/// The URL of an upstream provider's endpoint: `https`, or `http` on a loopback address; no user
/// name and no fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// Parses the URL.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] for what could leak a secret or is no URL.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(text).map_err(|_| InvalidEndpoint::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(InvalidEndpoint::Insecure),
        }
        if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidEndpoint::ExtraParts);
        }
        Ok(Self(url))
    }

    /// The URL of a path below this one's; what this one asks (its query) is not in it.
    pub(crate) fn below(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url.set_query(None);
        Self(url)
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl Serialize for EndpointUrl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.as_str().serialize(to)
    }
}

impl<'de> Deserialize<'de> for EndpointUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(<&str>::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointUrl({})", self.0)
    }
}

/// What keeps a text from being an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// It does not parse.
    #[error("is not a URL; write it like \"https://idp.example.com/oauth/token\"")]
    NotAUrl,
    /// `http` on a host that is not loopback, or another scheme.
    #[error("must be https (http is for 127.0.0.1, [::1] and localhost only)")]
    Insecure,
    /// A fragment or a user name.
    #[error("must have no fragment and no user name")]
    ExtraParts,
}

/// 127.0.0.0/8, ::1 and `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
