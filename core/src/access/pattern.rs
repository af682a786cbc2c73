use std::fmt;

/// One address, `alice@example.com`, or every address of one domain, `*@example.com`.
///
/// Case does not matter, in the domain (RFC 5321 §2.4) or before it: hosts that tell `Alice` from
/// `alice` are not found any more, and who has which mailbox is theirs to say. A domain does not
/// contain its subdomains. It is compared as it is written, in ASCII: an internationalized one in
/// its `xn--` form.
///
/// ```
/// use vestibule_core::EmailPattern;
///
/// # fn main() -> Result<(), vestibule_core::InvalidEmailPattern> {
/// let domain = EmailPattern::parse("*@example.com")?;
/// assert!(domain.matches("Alice@Example.com"));
/// assert!(!domain.matches("alice@sub.example.com"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailPattern {
    /// `None`: anything.
    local: Option<String>,
    domain: String,
}

impl EmailPattern {
    /// Reads one.
    ///
    /// # Errors
    /// [`InvalidEmailPattern`] for anything but an address or `*@` and a domain.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailPattern> {
        let (local, domain) = split(text).ok_or(InvalidEmailPattern)?;
        if !is_domain(domain) || (local != "*" && local.contains('*')) {
            return Err(InvalidEmailPattern);
        }
        let local = (local != "*").then(|| local.to_owned());
        Ok(Self { local, domain: domain.to_owned() })
    }

    /// Whether an address is meant. Whether it is verified is another question.
    #[must_use]
    pub fn matches(&self, address: &str) -> bool {
        let Some((local, domain)) = split(address) else {
            return false;
        };
        domain.eq_ignore_ascii_case(&self.domain)
            && self.local.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(local))
    }
}

/// As it is written in the configuration.
impl fmt::Display for EmailPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local.as_deref().unwrap_or("*"), self.domain)
    }
}

/// What stands before and behind the `@` of a plain address (RFC 5322 §3.4.1 without quoted
/// strings, comments and literals): anything that two readers could take apart in two ways is none.
fn split(address: &str) -> Option<(&str, &str)> {
    let (local, domain) = address.split_once('@')?;
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let plain = !local.is_empty() && local.bytes().all(atom) && !domain.contains('@');
    (plain && address.len() <= 254).then_some((local, domain))
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// A text that is no [`EmailPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is neither an address nor a domain; write \"alice@example.com\", or \"*@example.com\" for all \
     of a domain (subdomains are domains of their own, and other wildcards there are none)"
)]
#[non_exhaustive]
pub struct InvalidEmailPattern;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, address: &str) -> bool {
        EmailPattern::parse(pattern).unwrap().matches(address)
    }

    #[test]
    fn a_domain_means_its_own_addresses_and_no_others() {
        assert!(matches("*@example.com", "a.b+c@EXAMPLE.com"));
        for address in [
            "a@sub.example.com",
            "a@example.com.evil.test",
            "a@evil-example.com",
            "\"a@example.com\"@evil.test",
            "a@evil.test@example.com",
            "\"a@evil.test\"@example.com",
            "a@evil.test,b@example.com",
            "a@example.com\n",
            "a b@example.com",
            "a@example.com.",
            "a@ex\u{0430}mple.com",
            "a@\u{ff45}xample.com",
            "@example.com",
            "example.com",
            "",
        ] {
            assert!(!matches("*@example.com", address), "{address}");
        }
    }

    #[test]
    fn an_address_means_itself_in_any_case() {
        assert!(matches("alice@example.com", "Alice@Example.COM"));
        assert!(!matches("alice@example.com", "alice+x@example.com"));
        assert!(!matches("alice@example.com", "bob@example.com"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "*",
            "@",
            "example.com",
            "*@",
            "@example.com",
            "*@*.example.com",
            "*@*",
            "a*@b.test",
            "*@.example.com",
            "*@example.com.",
            "a@b@c.test",
            "*@ex\u{e4}mple.com",
            "*@-a.test",
            "a b@c.test",
        ] {
            assert_eq!(EmailPattern::parse(text), Err(InvalidEmailPattern), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_shown_as_it_is_written() {
        for text in ["*@example.com", "alice@example.com"] {
            assert_eq!(EmailPattern::parse(text).unwrap().to_string(), text);
        }
    }
}
