use url::Host;

/// A host, or all hosts below one: `claude.ai`, `*.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    domain: String,
    below: bool,
}

impl HostPattern {
    /// Reads a pattern. `*.example.com` stands for every host below `example.com`, at any depth, and
    /// not for `example.com` itself.
    ///
    /// # Errors
    /// [`InvalidHostPattern`] for what is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidHostPattern> {
        let (below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        match Host::parse(name) {
            // In the form in which a URL has it: lower case, without letters beyond ASCII.
            Ok(Host::Domain(domain)) if !domain.ends_with('.') && !domain.contains('*') => {
                Ok(Self { domain, below })
            }
            _ => Err(InvalidHostPattern),
        }
    }

    /// Whether a URL's host is one of them.
    pub(crate) fn matches(&self, host: &str) -> bool {
        match host.strip_suffix(&self.domain) {
            Some("") => !self.below,
            Some(rest) => self.below && rest.len() > 1 && rest.ends_with('.'),
            None => false,
        }
    }
}

/// A text that stands for no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a host, or `*.` and the name of a domain, such as \"*.example.com\"")]
#[non_exhaustive]
pub struct InvalidHostPattern;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_itself_and_a_pattern_what_is_below() {
        let is = |pattern: &str, host: &str| HostPattern::parse(pattern).unwrap().matches(host);
        assert!(is("Claude.AI", "claude.ai"));
        assert!(!is("claude.ai", "www.claude.ai") && !is("claude.ai", "notclaude.ai"));
        assert!(is("*.example.com", "a.example.com") && is("*.example.com", "a.b.example.com"));
        assert!(!is("*.example.com", "example.com") && !is("*.example.com", "badexample.com"));
        assert!(!is("*.example.com", ".example.com"));
    }

    #[test]
    fn what_is_no_host_is_no_pattern() {
        for text in ["", "*", "*.", "a.*.com", "https://a.test", "a.test:443", "127.0.0.1", "a."] {
            assert_eq!(HostPattern::parse(text), Err(InvalidHostPattern), "{text:?}");
        }
    }
}
