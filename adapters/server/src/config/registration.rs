use vestibule_core::{HostPattern, InitialAccessToken, Registration};

use super::sealing;
use super::secret::secrets;
use super::table::Table;
use super::value::Value;

pub(super) const TITLE: &str = "[registration]";
pub(super) const KEYS: &[&str] = &[
    "dynamic",
    "initial_access_tokens",
    "metadata_documents",
    "metadata_document_hosts",
    "private_use_schemes",
    "secrets",
];

/// `[registration]`: who may be a client without being configured, and with which redirect URIs.
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
    if let Some(wanted) = table.find("metadata_documents").and_then(|value| value.boolean()) {
        registration.metadata_documents = wanted;
    }
    if let Some(value) = table.find("metadata_document_hosts") {
        registration.metadata_document_hosts = hosts(&value, registration.metadata_documents);
    }
    if let Some(schemes) = table.find("private_use_schemes").and_then(|value| value.texts()) {
        registration.private_use_schemes = schemes;
    }
    if let Some(value) = table.find("secrets") {
        registration.secrets = sealing::read(&value);
    }
    registration
}

/// The hosts that documents may be at. A list that is empty would be read as "none" by people, and
/// as "any" by core.
fn hosts(value: &Value<'_>, wanted: bool) -> Vec<HostPattern> {
    let Some(items) = value.items("a list of hosts, like [\"claude.ai\", \"*.example.com\"]")
    else {
        return Vec::new();
    };
    if items.is_empty() {
        value.fault(
            "has nothing in it; remove it for any host, or set `metadata_documents = false`",
        );
    } else if !wanted {
        value.fault("means nothing where `metadata_documents` is false; remove one of them");
    }
    items.iter().filter_map(|item| item.parsed(HostPattern::parse)).collect()
}
