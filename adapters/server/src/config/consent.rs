use vestibule_core::Consent;

use super::table::Table;

pub(super) const TITLE: &str = "[consent]";
pub(super) const KEYS: &[&str] = &["mode", "remember_for"];

/// `[consent]`: whether people are asked again what they have agreed to before.
pub(super) fn read(table: &Table<'_>) -> Consent {
    let remember_for = table.find("remember_for");
    let lifetime = remember_for.as_ref().and_then(|value| value.duration());
    let mode = table.find("mode").and_then(|mode| mode.parsed(parse));
    let remembers = mode.unwrap_or(false);
    if let (false, Some(value)) = (remembers, &remember_for) {
        value.fault("means something only with mode = \"remember\"");
    }
    if remembers {
        Consent::Remember(lifetime.unwrap_or(Consent::LONGEST))
    } else {
        Consent::Always
    }
}

/// Whether anything is remembered.
fn parse(mode: &str) -> Result<bool, &'static str> {
    match mode {
        "always" => Ok(false),
        "remember" => Ok(true),
        _ => Err("must be \"always\" or \"remember\""),
    }
}
