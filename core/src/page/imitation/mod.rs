//! Names that imitate: anybody may register a client and call it what they like.

mod looks;

use unicode_normalization::UnicodeNormalization;
use unicode_security::mixed_script::AugmentedScriptSet;

use crate::check::redirect_uri::RegisteredRedirect;
use crate::config::Config;
use crate::flow::AuthorizeRequest;
use crate::setup::Setup;

use looks::{Alphabet, Looks};

/// What is suspicious about a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Imitation<'a> {
    /// It looks like this name, and the answer goes elsewhere.
    Of(&'a str),
    /// One of its words has letters of several scripts.
    MixedScripts,
}

/// An application that many people know, and where its answers go.
struct WellKnown {
    name: &'static str,
    hosts: &'static [&'static str],
    schemes: &'static [&'static str],
}

/// A client that registered itself under such a name and sends answers elsewhere is not it. What
/// stays on the person's own computer has a warning of its own.
static WELL_KNOWN: [WellKnown; 5] = {
    const CODE: &[&str] = &["vscode:", "vscode-insiders:"];
    [
        WellKnown { name: "Claude", hosts: &["claude.ai", "claude.com"], schemes: &[] },
        WellKnown { name: "ChatGPT", hosts: &["chatgpt.com", "openai.com"], schemes: &[] },
        WellKnown { name: "Cursor", hosts: &["cursor.com"], schemes: &["cursor:"] },
        WellKnown { name: "Visual Studio Code", hosts: &["vscode.dev"], schemes: CODE },
        WellKnown { name: "VS Code", hosts: &["vscode.dev"], schemes: CODE },
    ]
};

impl WellKnown {
    /// `host`: of the document about the client.
    fn lives_at(&self, redirect: &RegisteredRedirect, host: Option<&str>) -> bool {
        let destination = redirect.destination();
        let is_own = |host: &str| self.hosts.iter().any(|own| is_below(host, own));
        redirect.is_loopback()
            || host.is_some_and(is_own)
            || if redirect.is_private_use() {
                self.schemes.contains(&destination)
            } else {
                is_own(destination)
            }
    }
}

/// The names that nobody but their owners may look like, seen once: the operator, the providers, the
/// clients that the operator knows, well-known applications.
pub(crate) struct KnownNames {
    alphabet: Alphabet,
    ours: Vec<(String, Looks)>,
    well_known: [(&'static WellKnown, Looks); WELL_KNOWN.len()],
}

impl KnownNames {
    pub(crate) fn of(config: &Config) -> Self {
        let alphabet = Alphabet::new();
        let operator = std::iter::once(config.operator());
        let providers = config.providers.iter().map(|provider| provider.name.as_str());
        let clients = config.clients.iter().filter_map(|client| client.name.as_deref());
        let ours = operator.chain(providers).chain(clients);
        Self {
            ours: ours.map(|name| (name.to_owned(), alphabet.looks(name))).collect(),
            well_known: WELL_KNOWN.each_ref().map(|it| (it, alphabet.looks(it.name))),
            alphabet,
        }
    }

    /// The first that a name looks like, and whose owner does not live where its answers go.
    fn imitated_by(
        &self,
        name: &str,
        redirect: &RegisteredRedirect,
        host: Option<&str>,
    ) -> Option<&str> {
        let looks = self.alphabet.looks(name);
        let ours = self.ours.iter().map(|(name, known)| (name.as_str(), known));
        let others = self.well_known.iter().filter(|(it, _)| !it.lives_at(redirect, host));
        let mut known = ours.chain(others.map(|(it, known)| (it.name, known)));
        known.find(|(_, known)| looks.like(known)).map(|(name, _)| name)
    }
}

/// Whom a client imitates, if it may be called anything: one of the known names, or an address that
/// is not its own.
pub(super) fn imitation<'a>(
    setup: &'a Setup,
    asked: &'a AuthorizeRequest,
) -> Option<Imitation<'a>> {
    if !asked.client().is_stranger() {
        return None;
    }
    let (name, redirect) = (asked.client().name()?, asked.redirect());
    let host = asked.client().document().map(|(url, _)| url.host());
    if let Some(known) = setup.known_names().imitated_by(name, redirect, host) {
        return Some(Imitation::Of(known));
    }
    let lives_at = |address: &str| {
        let address = address.to_lowercase();
        host.is_some_and(|host| is_below(host, &address))
            || !redirect.is_private_use() && is_below(redirect.destination(), &address)
    };
    if let Some(address) = addresses(name).find(|address| !lives_at(address)) {
        return Some(Imitation::Of(address));
    }
    mixes_scripts(name).then_some(Imitation::MixedScripts)
}

/// Whether a host is a domain or lies below it.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What reads as the name of a host.
fn addresses(name: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_alphanumeric() || c == '-' || is_dot(c);
    name.split(move |c| !part(c)).map(|word| word.trim_matches(is_dot)).filter(|it| is_address(it))
}

/// What browsers take for a dot (UTS #46 §2.3).
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}')
}

/// `Node.js`, `v1.2` and `A.Smith` are none.
fn is_address(word: &str) -> bool {
    let mut labels = word.rsplit(is_dot);
    let last = labels.next().unwrap_or_default();
    let is_long = |label: &str| label.chars().nth(1).is_some();
    let second = labels.next().unwrap_or_default();
    is_long(last)
        && last.chars().all(char::is_alphabetic)
        && is_long(second)
        && labels.all(|label| !label.is_empty())
        && !last.eq_ignore_ascii_case("js")
}

/// Unicode UTS #39 §5.1: whether one word has letters of scripts that nobody writes together, but
/// for Latin ones beside those of East Asia (§5.2). Words apart may be of any: `Notizen от 日本`.
fn mixes_scripts(name: &str) -> bool {
    // All of it is Latin, or of no script.
    if name.is_ascii() {
        return false;
    }
    let name: String = name.nfkc().collect();
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.any(|word| {
        let others: String = word.chars().filter(|c| !c.is_ascii()).collect();
        let together = AugmentedScriptSet::for_str(&others);
        let of_east_asia = together.hanb || together.jpan || together.kore;
        !of_east_asia && AugmentedScriptSet::for_str(word).is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_two_alphabets_are_seen() {
        for name in ["pаypal", "Αpple"] {
            assert!(mixes_scripts(name), "{name}");
        }
        let honest = [
            "Notes 2",
            "Заметки MCP",
            "日本語ノート",
            "Café-Notes",
            "한글 노트",
            "MCP Inspector",
            "mc²",
            "No³ Nº",
            "ＡＢＣ",
            "ᏣᎳᎩ",
            "LINE日本",
            "Kakao톡",
        ];
        for name in honest {
            assert!(!mixes_scripts(name), "{name}");
        }
    }

    #[test]
    fn addresses_are_seen() {
        for name in [
            "claude.ai",
            "https://www.example.com/login",
            "(paypal.com)",
            "paypal.com:443, the best",
            "paypal。com",
            "xn--e1afmkfd.example",
        ] {
            assert!(addresses(name).next().is_some(), "{name}");
        }
        for name in ["Node.js", "v1.2", "Notes.", ".env", "a..b", "Notes", "A.Smith", "Notes v.two"]
        {
            assert_eq!(addresses(name).next(), None, "{name}");
        }
    }

    #[test]
    fn a_host_is_below_its_domain_and_no_other() {
        assert!(is_below("www.claude.ai", "claude.ai"));
        assert!(is_below("claude.ai", "claude.ai"));
        assert!(!is_below("notclaude.ai", "claude.ai"));
    }
}
