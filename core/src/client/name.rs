//! A name as people will read it.

use unicode_normalization::char::is_combining_mark;

/// The longest name, in characters: it is part of the client_id.
const LONGEST: usize = 64;

/// More marks on one letter than any language writes would cover what stands around it.
const MOST_MARKS: usize = 3;

/// At most 64 characters, none of which breaks a line, hides itself, turns the text around or covers
/// what is beside it. `None`: nothing is left that could be read.
pub(super) fn readable(name: &str) -> Option<String> {
    let mut visible = String::with_capacity(name.len().min(4 * LONGEST));
    let mut marks = 0;
    for c in name.chars().map(|c| if c.is_whitespace() { ' ' } else { c }) {
        if is_hidden(c) {
            continue;
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks <= MOST_MARKS {
            visible.push(c);
        }
    }
    let visible = visible.trim();
    if !visible.chars().any(char::is_alphanumeric) {
        return None;
    }
    Some(match visible.char_indices().nth(LONGEST) {
        // One character less, for the sign that it goes on.
        Some(_) => visible.chars().take(LONGEST - 1).chain(['…']).collect(),
        None => visible.to_owned(),
    })
}

/// Controls, formats, and letters that look like nothing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        )
        || matches!(c, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}')
        || matches!(c, '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_04_htt_14_names_lose_what_hides_or_turns_text() {
        assert_eq!(readable(" A\r\nB\u{202E}C\u{200B} ").unwrap(), "A  BC");
    }

    #[test]
    fn web_04_a_long_name_is_cut() {
        assert_eq!(readable(&"x".repeat(10_000)).unwrap(), "x".repeat(63) + "…");
        assert_eq!(readable(&"x".repeat(64)).unwrap(), "x".repeat(64));
    }

    #[test]
    fn web_04_what_nobody_can_read_is_no_name() {
        for name in ["", "  ", "\u{2800}", "\u{3164}\u{200B}", "\u{301}", "!?", "\u{E0041}"] {
            assert_eq!(readable(name), None, "{name:?}");
        }
    }

    #[test]
    fn web_04_marks_do_not_pile_up() {
        assert_eq!(readable(&format!("A{}b", "\u{301}".repeat(20))).unwrap().chars().count(), 5);
        assert_eq!(readable("Việt हिन्दी").unwrap(), "Việt हिन्दी");
    }
}
