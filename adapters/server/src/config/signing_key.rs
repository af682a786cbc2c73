use vestibule_core::{Algorithm, SigningKey};

use super::secret::secret;
use super::table::Table;

pub(super) const TITLE: &str = "[[signing_key]]";
pub(super) const KEYS: &[&str] = &["algorithm", "key"];

/// One `[[signing_key]]`. The first signs, all are published and verify.
pub(super) fn read(table: &Table<'_>) -> Option<SigningKey> {
    let algorithm = match table.find("algorithm") {
        Some(value) => value.parsed(str::parse::<Algorithm>),
        None => Some(Algorithm::default()),
    };
    let value = table.require("key", "write key = { env = \"…\" } or { file = \"…\" }")?;
    let text = secret(&value)?;
    // Without a known algorithm there is nothing to hold the key against.
    value.accept(SigningKey::parse(algorithm?, &text))
}
