use vestibule_core::{ClientSecret, ConfiguredClient};

use super::secret::secret;
use super::table::Table;

pub(super) const TITLE: &str = "[[client]]";
pub(super) const KEYS: &[&str] = &["id", "secret", "redirect_uris", "name", "trusted"];

/// One `[[client]]`: a client that the operator knows. What cannot be read is stood in for, so that
/// core can judge the rest; with a fault remembered, nothing is ever made of it.
pub(super) fn read(n: usize, table: &Table<'_>) -> ConfiguredClient {
    let id =
        table.require("id", "write id = \"…\", the client's client_id").and_then(|id| id.text());
    let mut client = match id {
        Some(id) => ConfiguredClient::new(id),
        None => ConfiguredClient::new(&format!("unread-{n}")),
    };
    client.secret = table.find("secret").and_then(|value| secret(&value)).map(ClientSecret::new);
    client.redirect_uris = table
        .require("redirect_uris", "write redirect_uris = [\"…\"], where answers may go")
        .and_then(|value| value.texts())
        .unwrap_or_default();
    client.name = table.find("name").and_then(|value| value.text()).map(str::to_owned);
    client.trusted = table.find("trusted").and_then(|value| value.boolean()).unwrap_or(false);
    client
}
