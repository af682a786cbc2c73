use vestibule_core::provider::ClaimNames;

use super::super::table::Table;

pub(super) const TITLE: &str = "[provider.claims]";
pub(super) const KEYS: &[&str] =
    &["subject", "within", "email", "email_verified", "name", "picture"];

/// `[provider.claims]`: in which members of its documents the provider says who somebody is.
pub(super) fn read(table: &Table<'_>, names: &mut ClaimNames) {
    let read = |key: &str, names: &mut Vec<String>| {
        if let Some(given) = table.find(key).and_then(|value| value.text_or_texts()) {
            *names = given;
        }
    };
    read("subject", &mut names.subject);
    read("email", &mut names.email);
    read("email_verified", &mut names.email_verified);
    read("name", &mut names.name);
    read("picture", &mut names.picture);
    if let Some(within) = table.find("within").and_then(|value| value.text()) {
        names.within = Some(within.to_owned());
    }
}
