//! Names that imitate: anybody may register a client and call it what they like.

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;
use unicode_security::mixed_script::AugmentedScriptSet;

use crate::check::redirect_uri::RegisteredRedirect;
use crate::flow::AuthorizeRequest;
use crate::setup::Setup;

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
const WELL_KNOWN: [WellKnown; 5] = {
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
    fn lives_at(&self, redirect: &RegisteredRedirect) -> bool {
        let destination = redirect.destination();
        redirect.is_loopback()
            || if redirect.is_private_use() {
                self.schemes.contains(&destination)
            } else {
                self.hosts.iter().any(|host| is_below(destination, host))
            }
    }
}

/// Whom a client imitates, if it may be called anything: the operator, a provider, a client that
/// the operator knows, a well-known application, or an address that is not its own.
pub(super) fn imitation<'a>(
    setup: &'a Setup,
    asked: &'a AuthorizeRequest,
) -> Option<Imitation<'a>> {
    if !asked.client().registered_itself() {
        return None;
    }
    let (name, redirect) = (asked.client().name()?, asked.redirect());
    let well_known = WELL_KNOWN.iter().filter(|it| !it.lives_at(redirect)).map(|it| it.name);
    let providers = setup.providers().iter().map(|provider| provider.name.as_str());
    let clients = setup.config().clients.iter().filter_map(|client| client.name.as_deref());
    let operator = std::iter::once(setup.operator());
    let mut known = operator.chain(providers).chain(clients).chain(well_known);
    let looks = Looks::of(name);
    if let Some(known) = known.find(|known| looks.like(known)) {
        return Some(Imitation::Of(known));
    }
    let lives_at = |address: &str| {
        !redirect.is_private_use() && is_below(redirect.destination(), &address.to_lowercase())
    };
    if let Some(address) = addresses(name).find(|address| !lives_at(address)) {
        return Some(Imitation::Of(address));
    }
    mixes_scripts(name).then_some(Imitation::MixedScripts)
}

/// How a name looks: letters that look alike are one, and so are upper and lower case, in either
/// order, since `I` looks like `l` and `i` does not. A sign that looks like a letter may be one or
/// stand between two: `Goog|e`, `Goo|gle`.
struct Looks([Word; 4]);

/// The letters and digits of a name, and where among them a word begins or ends.
struct Word {
    letters: String,
    edges: Vec<usize>,
}

impl Looks {
    fn of(name: &str) -> Self {
        let lower_first = |c: char| -> String { skeleton(&c.to_lowercase().to_string()).collect() };
        let lower_last = |c: char| -> String { skeleton(&c.to_string()).collect() };
        let is_letter = |c: char| c.is_alphanumeric();
        let looks_so = |c: char| lower_last(c).contains(is_letter);
        Self([
            Word::of(name, is_letter, lower_first),
            Word::of(name, is_letter, lower_last),
            Word::of(name, looks_so, lower_first),
            Word::of(name, looks_so, lower_last),
        ])
    }

    /// Whether it contains what looks like another name, as words of its own.
    fn like(&self, other: &str) -> bool {
        let other = Self::of(other);
        self.0.iter().any(|own| other.0.iter().any(|other| own.has(&other.letters)))
    }
}

impl Word {
    fn of(name: &str, is_letter: impl Fn(char) -> bool, seen: impl Fn(char) -> String) -> Self {
        let (mut letters, mut edges) = (String::new(), vec![0]);
        let mut before = ' ';
        for c in name.chars() {
            if is_edge(before, c, &is_letter) {
                edges.push(letters.len());
            }
            if is_letter(c) {
                let seen = seen(c).to_lowercase();
                letters.extend(seen.chars().filter(|c| c.is_alphanumeric()));
            }
            before = c;
        }
        edges.push(letters.len());
        Self { letters, edges }
    }

    fn has(&self, other: &str) -> bool {
        let begins = |at: &usize| {
            let rest = self.letters.get(*at..).unwrap_or_default();
            rest.starts_with(other) && self.edges.contains(&(at + other.len()))
        };
        !other.is_empty() && self.edges.iter().any(begins)
    }
}

/// Whether one word ends and another may begin: `Google Drive`, `GoogleDrive`, `Google2`.
fn is_edge(before: char, after: char, is_letter: impl Fn(char) -> bool) -> bool {
    is_letter(before) != is_letter(after)
        || !is_letter(after)
        || before.is_lowercase() && after.is_uppercase()
        || before.is_numeric() != after.is_numeric()
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
    fn look_alikes_are_seen() {
        for name in [
            "Google",
            "GOOGLE Drive",
            "My GoogleDrive",
            "Google2",
            "G00gle",
            "GoogIe",
            "goog1e",
            "Gооgle",
            "G o o g l e",
            "G.o-o_gle",
            "(Goo\u{301}gle)",
            "Goog|e",
            "Goo|gle",
            "Googl\u{212E}",
        ] {
            assert!(Looks::of(name).like("Google"), "{name}");
        }
    }

    #[test]
    fn other_words_are_not() {
        for (name, known) in [
            ("Goggles", "Google"),
            ("Googleplex", "Google"),
            ("", "Google"),
            ("Precursor", "Cursor"),
            ("Cursory reader", "Cursor"),
            ("Claudette", "Claude"),
            ("Sapling", "SAP"),
            ("Notes", ""),
        ] {
            assert!(!Looks::of(name).like(known), "{name}");
        }
    }

    #[test]
    fn a_short_name_is_a_name_too() {
        for (name, known) in [
            ("SAP", "SAP"),
            ("sap connector", "SAP"),
            ("微信", "微信"),
            ("saSAS", "SAS"),
            ("0penai", "OpenAI"),
            ("Cl\u{237A}ude", "Claude"),
        ] {
            assert!(Looks::of(name).like(known), "{name}");
        }
    }

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
