use std::fmt;

use url::Url;

use super::endpoint::is_loopback;

/// The issuer identifier (RFC 8414 §2): one canonical string, used byte for byte in the metadata,
/// in `iss` and in tokens.
///
/// `https` with a host in lower case, no default port, no trailing slash, no query and no fragment;
/// `http` only on a loopback address, for development.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Issuer {
    text: String,
    path_at: usize,
}

impl Issuer {
    /// Parses the canonical form and nothing else.
    ///
    /// # Errors
    /// [`InvalidIssuer`], with the canonical form where only the spelling is off.
    pub fn parse(text: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(InvalidIssuer::Insecure),
        }
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(InvalidIssuer::ExtraParts);
        }
        let canonical = url.as_str().trim_end_matches('/');
        if canonical != text {
            return Err(InvalidIssuer::NotCanonical { canonical: canonical.to_owned() });
        }
        let path_at = canonical.len() - url.path().trim_end_matches('/').len();
        Ok(Self { text: text.to_owned(), path_at })
    }

    /// The issuer as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port: `https://auth.example.com`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.text[..self.path_at]
    }

    /// The path: empty, or `/tenant`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// Whether cookies must be `Secure`: everywhere but on a loopback `http` issuer.
    pub(crate) fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.text)
    }
}

/// What keeps a text from being an issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidIssuer {
    /// It does not parse.
    #[error("is not a URL; write it like \"https://auth.example.com\"")]
    NotAUrl,
    /// `http` on a host that is not loopback, or another scheme.
    #[error("must be https (http is for 127.0.0.1, [::1] and localhost only)")]
    Insecure,
    /// A query, a fragment or a user name.
    #[error("must have no query, no fragment and no user name (RFC 8414 §2)")]
    ExtraParts,
    /// The same URL has a canonical spelling.
    #[error("is not in its canonical form; write \"{canonical}\"")]
    NotCanonical {
        /// That spelling.
        canonical: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_issuer_with_a_path() {
        let issuer = Issuer::parse("https://as.test/tenant").unwrap();
        assert_eq!((issuer.origin(), issuer.path()), ("https://as.test", "/tenant"));
    }

    #[test]
    fn other_spellings_are_refused_with_the_canonical_one() {
        for spelling in ["https://as.test/", "https://AS.test", "https://as.test:443"] {
            let canonical = "https://as.test".to_owned();
            assert_eq!(Issuer::parse(spelling), Err(InvalidIssuer::NotCanonical { canonical }));
        }
    }

    #[test]
    fn cleartext_is_for_loopback_only() {
        assert!(Issuer::parse("http://127.0.0.1:3000").is_ok());
        assert_eq!(Issuer::parse("http://as.test"), Err(InvalidIssuer::Insecure));
    }
}
