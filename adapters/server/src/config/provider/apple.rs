use vestibule_core::provider::{Provider, apple};

use super::super::secret::secret;
use super::super::table::Table;
use super::Ours;

/// Sign in with Apple, where a key makes the secrets.
pub(super) fn read(_: usize, table: &Table<'_>, ours: Ours) -> Option<Provider> {
    if let Some(value) = table.find("client_secret") {
        value.fault(
            "Apple gives no secret, but a key: remove it, and write team_id, key_id and key",
        );
    }
    let [team_id, key_id] = [
        ("team_id", "write team_id = \"…\", ten letters and digits, from the membership's details"),
        ("key_id", "write key_id = \"…\", ten letters and digits, which Apple shows with the key"),
    ]
    .map(|(key, mend)| table.require(key, mend).and_then(|value| value.text()));
    let value =
        table.require("key", "write key = { file = \"AuthKey_….p8\" }, as it was downloaded")?;
    let key = secret(&value)?;
    let made = apple(ours.client_id, team_id.unwrap_or("unread"), key_id.unwrap_or("unread"), &key);
    // The error itself speaks of keys that `vestibule keys new` makes, which Apple does not know.
    value.accept(made.map_err(|_| {
        "is no key of Sign in with Apple; write { file = \"AuthKey_….p8\" }, as it was downloaded \
         (PKCS #8 PEM, P-256)"
    }))
}
