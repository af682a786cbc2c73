use vestibule_core::{ClientSecret, Resource, ResourceCredentials};

use super::secret::secret;
use super::table::Table;
use super::value::Value;

pub(super) const TITLE: &str = "[[resource]]";
pub(super) const KEYS: &[&str] = &["uri", "scopes", "name", "id", "secret"];

/// One `[[resource]]`: what tokens are for (RFC 8707).
pub(super) fn read(n: usize, table: &Table<'_>) -> Option<Resource> {
    let scopes = table.find("scopes").and_then(|value| scopes(&value)).unwrap_or_default();
    let names: Vec<String> = scopes.iter().map(|scope| scope.name.clone()).collect();
    let uri = table.require("uri", "write uri = \"https://…\", the URL of the MCP server or API");
    let mut resource = uri
        .and_then(|uri| uri.parsed(|uri| Resource::new(uri, names.clone())))
        // Stands in, so that core can judge the scopes.
        .or_else(|| Resource::new(&format!("https://unread-{n}.invalid/"), names).ok())?;
    resource.name = table.find("name").and_then(|value| value.text()).map(str::to_owned);
    for Scope { name, description, implies } in scopes {
        if let Some(description) = description {
            resource.descriptions.insert(name.clone(), description);
        }
        if !implies.is_empty() {
            resource.implies.insert(name, implies);
        }
    }
    resource.credentials = credentials(table);
    Some(resource)
}

/// What it shows to introspect: both, or neither.
fn credentials(table: &Table<'_>) -> Option<ResourceCredentials> {
    let (id, secret) = (table.find("id"), table.find("secret"));
    match (&id, &secret) {
        (Some(_), None) => {
            table.fault("secret", "is missing; a resource with an id introspects with its secret");
        }
        (None, Some(_)) => table.fault("id", "is missing; write id = \"…\", beside its secret"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    // Each is read, so that each one's fault is found.
    let id = id.and_then(|value| value.text());
    let secret = secret.and_then(|value| self::secret(&value));
    Some(ResourceCredentials::new(id?, ClientSecret::new(secret?)))
}

/// A scope, what people read of it, and which others it contains.
struct Scope {
    name: String,
    description: Option<String>,
    implies: Vec<String>,
}

/// `["notes:read", { name = "notes:write", description = "…", implies = ["notes:read"] }]`.
fn scopes(value: &Value<'_>) -> Option<Vec<Scope>> {
    let items =
        value.items("a list of scopes, like [\"…\", { name = \"…\", description = \"…\" }]")?;
    // Every item is read, so that each one's fault is found.
    let scopes: Vec<_> = items.iter().map(scope).collect();
    scopes.into_iter().collect()
}

fn scope(value: &Value<'_>) -> Option<Scope> {
    if !value.is_table() {
        return Some(Scope {
            name: value.text()?.to_owned(),
            description: None,
            implies: Vec::new(),
        });
    }
    let table = value.table("a scope", &["name", "description", "implies"])?;
    let name = table.require("name", "write name = \"…\", the scope").and_then(|it| it.text());
    let description = table.find("description").and_then(|it| it.text());
    let implies = table.find("implies").and_then(|it| it.texts()).unwrap_or_default();
    Some(Scope { name: name?.to_owned(), description: description.map(str::to_owned), implies })
}
