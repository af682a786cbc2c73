use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::elsewhere;
use super::notes::Notes;
use super::value::Value;

/// A table of the file, of which every key is known.
pub(super) struct Table<'d> {
    notes: &'d Notes,
    /// `provider[0]`; empty for the file itself.
    path: String,
    /// How a message names it: `[[provider]]`, `the file`.
    title: &'static str,
    line: usize,
    entries: &'d DeTable<'d>,
}

impl<'d> Table<'d> {
    /// The whole file.
    pub(super) fn file(notes: &'d Notes, entries: &'d DeTable<'d>, known: &[&str]) -> Self {
        Self { notes, path: String::new(), title: "the file", line: 1, entries }.knowing(known)
    }

    pub(super) fn new(
        notes: &'d Notes,
        path: String,
        title: &'static str,
        line: usize,
        entries: &'d DeTable<'d>,
        known: &[&str],
    ) -> Self {
        Self { notes, path, title, line, entries }.knowing(known)
    }

    /// The value of a key.
    pub(super) fn find(&self, name: &str) -> Option<Value<'d>> {
        let (key, value) = self.entries.get_key_value(name)?;
        Some(self.value(key.get_ref(), key, value))
    }

    /// The value of a key that has several spellings, the first our own. Only one may be written.
    pub(super) fn find_spelled(&self, names: &[&str]) -> Option<Value<'d>> {
        let mut written = names.iter().filter_map(|name| self.find(name));
        let found = written.next()?;
        for other in written {
            let ours = names.first().copied().unwrap_or_default();
            other.fault(format_args!("is another spelling of `{ours}`; write one of them"));
        }
        Some(found)
    }

    /// The value of a key that must be there; `mend` says what to write.
    pub(super) fn require(&self, name: &str, mend: impl fmt::Display) -> Option<Value<'d>> {
        let found = self.find(name);
        if found.is_none() {
            self.notes.fault(&self.key(name), self.line, format_args!("is missing; {mend}"));
        }
        found
    }

    /// Every key and its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, Value<'d>)> {
        self.entries
            .iter()
            .map(|(key, value)| (&**key.get_ref(), self.value(key.get_ref(), key, value)))
    }

    /// Remembers what is wrong with the table as a whole or with a key that is not written.
    pub(super) fn fault(&self, name: &str, text: impl fmt::Display) {
        self.notes.fault(&self.key(name), self.line, text);
    }

    fn knowing(self, known: &[&str]) -> Self {
        for (key, value) in self.entries {
            let name = &**key.get_ref();
            let at = self.value(name, key, value);
            at.saw();
            if !known.is_empty() && !known.contains(&name) {
                at.fault(format_args!(
                    "is not a known key; {}",
                    Mend { name, known, title: self.title }
                ));
            }
        }
        self
    }

    fn key(&self, name: &str) -> String {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let quoted;
        let name = if !name.is_empty() && name.bytes().all(bare) {
            name
        } else {
            quoted = format!("{name:?}");
            &quoted
        };
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn value(
        &self,
        name: &str,
        key: &Spanned<std::borrow::Cow<'d, str>>,
        value: &'d Spanned<DeValue<'d>>,
    ) -> Value<'d> {
        // A table's own span can begin anywhere between its header and its first key: its key is at
        // the header.
        Value::new(self.notes, self.key(name), self.notes.line_at(key.span().start), value)
    }
}

/// What to write in place of an unknown key.
struct Mend<'a> {
    name: &'a str,
    known: &'a [&'a str],
    title: &'a str,
}

impl fmt::Display for Mend<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meant = elsewhere::meant(self.name).filter(|meant| self.known.contains(meant));
        if let Some(meant) = meant {
            return write!(f, "write `{meant}`");
        }
        match nearest(self.name, self.known) {
            Some(near) => write!(f, "did you mean `{near}`?"),
            None => write!(f, "{} has {}", self.title, self.known.join(", ")),
        }
    }
}

/// The known word that an unknown one was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let alike =
        |key: &&str| strsim::normalized_damerau_levenshtein(&name.to_ascii_lowercase(), key);
    let best = known.iter().copied().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(&best) >= 0.6).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["issuer", "listen", "redirect_uris", "scopes", "token_endpoint"];

    #[test]
    fn a_slip_of_the_pen_finds_the_key_that_was_meant() {
        let meant = ["isuer", "Issuer", "redirect_uri", "scope", "token-endpoint"]
            .map(|name| nearest(name, KNOWN));
        let keys = ["issuer", "issuer", "redirect_uris", "scopes", "token_endpoint"];
        assert_eq!(meant, keys.map(Some));
    }

    #[test]
    fn another_word_is_no_slip_of_the_pen() {
        assert_eq!(nearest("colour", KNOWN), None);
    }
}
