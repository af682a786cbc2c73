//! Names that imitate: anybody may register a client and call it what they like.

use unicode_security::RestrictionLevel;
use unicode_security::confusable_detection::skeleton;
use unicode_security::restriction_level::RestrictionLevelDetection;

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

/// Applications that many people know, and where their answers go (their documentation, as MCP
/// clients): a client that registered itself under such a name and sends answers to another host is
/// not it. What stays on the person's own computer has a warning of its own.
const WELL_KNOWN: [(&str, &[&str]); 5] = [
    ("Claude", &["claude.ai", "claude.com"]),
    ("ChatGPT", &["chatgpt.com", "openai.com"]),
    ("Cursor", &["cursor.com", "cursor"]),
    ("Visual Studio Code", &["vscode.dev", "vscode", "vscode-insiders"]),
    ("VS Code", &["vscode.dev", "vscode", "vscode-insiders"]),
];

/// Shorter names are part of too many others.
const SHORTEST: usize = 4;

/// Whom a client imitates, if it may be called anything: the operator, a provider, a client that
/// the operator knows, a well-known application, or an address that is not its own.
pub(super) fn imitation<'a>(
    setup: &'a Setup,
    asked: &'a AuthorizeRequest,
) -> Option<Imitation<'a>> {
    if !asked.client().registered_itself() {
        return None;
    }
    let (name, host) = (asked.client().name(), asked.redirect().host());
    let own = |hosts: &[&str]| {
        asked.redirect().is_loopback() || hosts.iter().any(|it| is_below(host, it))
    };
    let well_known = WELL_KNOWN.iter().filter(|(_, hosts)| !own(hosts)).map(|(known, _)| *known);
    let providers = setup.providers().iter().map(|provider| provider.name.as_str());
    let clients = setup.config().clients.iter().filter_map(|client| client.name.as_deref());
    let operator = std::iter::once(setup.operator());
    let mut known = operator.chain(providers).chain(clients).chain(well_known);
    let looks = Looks::of(name);
    if let Some(known) = known.find(|known| looks.like(known)) {
        return Some(Imitation::Of(known));
    }
    if let Some(address) = name.split_whitespace().find(|word| is_address(word))
        && !is_below(host, &address.to_lowercase())
    {
        return Some(Imitation::Of(address));
    }
    mixes_scripts(name).then_some(Imitation::MixedScripts)
}

/// How a name looks: letters that look alike are one, and so are upper and lower case, in either
/// order, since `I` looks like `l` and `i` does not.
struct Looks([String; 2]);

impl Looks {
    fn of(name: &str) -> Self {
        let plain = |text: String| text.chars().filter(|c| c.is_alphanumeric()).collect();
        Self([
            plain(skeleton(&name.to_lowercase()).collect()),
            plain(skeleton(name).collect::<String>().to_lowercase()),
        ])
    }

    /// Whether it contains what looks like another name.
    fn like(&self, other: &str) -> bool {
        let other = Self::of(other);
        self.0
            .iter()
            .zip(&other.0)
            .any(|(own, other)| other.chars().count() >= SHORTEST && own.contains(other.as_str()))
    }
}

/// Whether a host is a domain or lies below it.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a word reads as the name of a host. `Node.js` and its like do not.
fn is_address(word: &str) -> bool {
    let mut labels = word.rsplit('.');
    let last = labels.next().unwrap_or_default();
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let mut rest = labels.peekable();
    rest.peek().is_some()
        && rest.all(is_label)
        && last.chars().count() >= 2
        && last.chars().all(char::is_alphabetic)
        && !last.eq_ignore_ascii_case("js")
}

/// Unicode UTS #39 §5.2: a word of one script, or of scripts that are written together, is no more
/// than "highly restrictive". Words apart may be of any: `Notizen от 日本`.
fn mixes_scripts(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let restrained =
        |word: &str| word.detect_restriction_level() <= RestrictionLevel::HighlyRestrictive;
    words.into_iter().any(|word| !restrained(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_seen() {
        for name in
            ["Google", "GOOGLE Drive", "G00gle", "GoogIe", "goog1e", "Gооgle", "G o o g l e"]
        {
            assert!(Looks::of(name).like("Google"), "{name}");
        }
        for name in ["Goggles", "Notes", "", "Gogol"] {
            assert!(!Looks::of(name).like("Google"), "{name}");
        }
    }

    #[test]
    fn a_short_name_is_part_of_too_many_others() {
        assert!(!Looks::of("Max's box").like("x"));
    }

    #[test]
    fn words_of_two_alphabets_are_seen() {
        for name in ["pаypal", "Αpple"] {
            assert!(mixes_scripts(name), "{name}");
        }
        for name in
            ["Notes 2", "Заметки MCP", "日本語ノート", "Café-Notes", "한글 노트", "MCP Inspector"]
        {
            assert!(!mixes_scripts(name), "{name}");
        }
    }

    #[test]
    fn addresses_are_seen() {
        for word in ["claude.ai", "www.example.com", "xn--e1afmkfd.example"] {
            assert!(is_address(word), "{word}");
        }
        for word in ["Node.js", "v1.2", "Notes.", ".env", "a..b", "Notes"] {
            assert!(!is_address(word), "{word}");
        }
    }

    #[test]
    fn a_host_is_below_its_domain_and_no_other() {
        assert!(is_below("www.claude.ai", "claude.ai"));
        assert!(is_below("claude.ai", "claude.ai"));
        assert!(!is_below("notclaude.ai", "claude.ai"));
    }
}
