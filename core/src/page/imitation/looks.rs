//! How a name looks, whatever letters it is written in (Unicode UTS #39 §4).

use std::borrow::Cow;

use unicode_security::confusable_detection::skeleton;

/// How a name looks: letters that look alike are one, and so are upper and lower case, in either
/// order, since `I` looks like `l` and `i` does not. A sign that looks like a letter may be one or
/// stand between two: `Goog|e`, `Goo|gle`.
pub(super) struct Looks(Vec<Word>);

/// The letters and digits of a name, and where among them a word begins or ends.
#[derive(PartialEq)]
struct Word {
    letters: String,
    edges: Vec<usize>,
}

/// One character, and what it looks like.
#[derive(Clone, Debug, PartialEq)]
struct Glyph {
    is_letter: bool,
    /// A letter, or a sign that looks like one.
    looks_so: bool,
    /// The letters that it looks like, made small before and after it was looked at.
    lower_first: String,
    lower_last: String,
}

/// What characters look like; the most frequent ones are looked up once.
pub(super) struct Alphabet {
    ascii: [Glyph; 128],
}

impl Alphabet {
    pub(super) fn new() -> Self {
        Self { ascii: std::array::from_fn(|n| Glyph::of(char::from(n as u8))) }
    }

    fn glyph(&self, c: char) -> Cow<'_, Glyph> {
        match self.ascii.get(c as usize) {
            Some(glyph) => Cow::Borrowed(glyph),
            None => Cow::Owned(Glyph::of(c)),
        }
    }

    pub(super) fn looks(&self, name: &str) -> Looks {
        let glyphs: Vec<_> = name.chars().map(|c| (c, self.glyph(c))).collect();
        let ways: [Seen; 4] = [
            |glyph| (glyph.is_letter, &glyph.lower_first),
            |glyph| (glyph.is_letter, &glyph.lower_last),
            |glyph| (glyph.looks_so, &glyph.lower_first),
            |glyph| (glyph.looks_so, &glyph.lower_last),
        ];
        let mut words = Vec::with_capacity(ways.len());
        for seen in ways {
            // Most names look the same in most ways, and each is held against each of others.
            let word = Word::of(&glyphs, seen);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Looks(words)
    }
}

impl Glyph {
    fn of(c: char) -> Self {
        let lower_first: String = skeleton(&c.to_lowercase().to_string()).collect();
        let lower_last: String = skeleton(&c.to_string()).collect();
        let letters = |seen: &str| -> String {
            seen.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
        };
        Self {
            is_letter: c.is_alphanumeric(),
            looks_so: lower_last.contains(char::is_alphanumeric),
            lower_first: letters(&lower_first),
            lower_last: letters(&lower_last),
        }
    }
}

impl Looks {
    /// Whether it contains what looks like another name, as words of its own.
    pub(super) fn like(&self, other: &Self) -> bool {
        self.0.iter().any(|own| other.0.iter().any(|other| own.has(&other.letters)))
    }
}

/// Whether a character counts as a letter, and which ones it looks like.
type Seen = fn(&Glyph) -> (bool, &str);

impl Word {
    fn of(glyphs: &[(char, Cow<'_, Glyph>)], seen: Seen) -> Self {
        let mut letters = String::with_capacity(glyphs.len());
        let mut edges = vec![0];
        let mut before = (' ', false);
        for (c, glyph) in glyphs {
            let (is_letter, looks) = seen(glyph);
            if is_edge(before, (*c, is_letter)) {
                edges.push(letters.len());
            }
            if is_letter {
                letters.push_str(looks);
            }
            before = (*c, is_letter);
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

/// Whether one word ends and another may begin: `Google Drive`, `GoogleDrive`, `Google2`. Each is a
/// character and whether it counts as a letter.
fn is_edge(
    (before, before_is_letter): (char, bool),
    (after, after_is_letter): (char, bool),
) -> bool {
    before_is_letter != after_is_letter
        || !after_is_letter
        || before.is_lowercase() && after.is_uppercase()
        || before.is_numeric() != after.is_numeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(name: &str, known: &str) -> bool {
        let alphabet = Alphabet::new();
        alphabet.looks(name).like(&alphabet.looks(known))
    }

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
            assert!(like(name, "Google"), "{name}");
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
            assert!(!like(name, known), "{name}");
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
            assert!(like(name, known), "{name}");
        }
    }

    #[test]
    fn what_is_looked_up_once_is_what_would_be_seen() {
        let alphabet = Alphabet::new();
        for n in 0..=u8::MAX {
            let c = char::from(n);
            assert_eq!(*alphabet.glyph(c), Glyph::of(c), "{c:?}");
        }
    }
}
