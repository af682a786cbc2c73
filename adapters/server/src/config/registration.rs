use vestibule_core::{InitialAccessToken, Registration};

use super::sealing;
use super::secret::secrets;
use super::table::Table;

pub(super) const TITLE: &str = "[registration]";
pub(super) const KEYS: &[&str] =
    &["dynamic", "initial_access_tokens", "private_use_schemes", "secrets"];

/// `[registration]`: who may register, and with which redirect URIs.
pub(super) fn read(table: &Table<'_>) -> Registration {
    let mut registration = Registration::default();
    if let Some(dynamic) = table.find("dynamic").and_then(|value| value.boolean()) {
        registration.dynamic = dynamic;
    }
    if let Some(value) = table.find("initial_access_tokens") {
        registration.initial_access_tokens = secrets(&value)
            .into_iter()
            .filter_map(|(item, token)| item.accept(InitialAccessToken::parse(&token)))
            .collect();
    }
    if let Some(schemes) = table.find("private_use_schemes").and_then(|value| value.texts()) {
        registration.private_use_schemes = schemes;
    }
    if let Some(value) = table.find("secrets") {
        registration.secrets = sealing::read(&value);
    }
    registration
}
