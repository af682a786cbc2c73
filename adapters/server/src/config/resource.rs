use vestibule_core::Resource;

use super::table::Table;

pub(super) const TITLE: &str = "[[resource]]";
pub(super) const KEYS: &[&str] = &["uri", "scopes", "name"];

/// One `[[resource]]`: what tokens are for (RFC 8707).
pub(super) fn read(n: usize, table: &Table<'_>) -> Option<Resource> {
    let scopes = table.find("scopes").and_then(|value| value.texts()).unwrap_or_default();
    let uri = table.require("uri", "write uri = \"https://…\", the URL of the MCP server or API");
    let mut resource = uri
        .and_then(|uri| uri.parsed(|uri| Resource::new(uri, scopes.clone())))
        // Stands in, so that core can judge the scopes.
        .or_else(|| Resource::new(&format!("https://unread-{n}.invalid/"), scopes).ok())?;
    resource.name = table.find("name").and_then(|value| value.text()).map(str::to_owned);
    Some(resource)
}
