use vestibule_core::{Access, EmailPattern, ProviderAccess, ProviderId};

use super::table::Table;
use super::value::Value;

pub(super) const TITLE: &str = "[access]";
pub(super) const KEYS: &[&str] = &["emails", "providers"];

const PROVIDER_TITLE: &str = "[access.providers.ID]";
const PROVIDER_KEYS: &[&str] = &["organizations", "teams", "hosted_domains", "tenants"];

/// `[access]`: who may sign in.
///
/// A list or a table with nothing in it is a fault: it would be read as "nobody" by whoever wrote
/// it, and means everybody.
pub(super) fn read(table: &Table<'_>) -> Access {
    let mut access = Access::default();
    let (emails, providers) = (table.find("emails"), table.find("providers"));
    if emails.is_none() && providers.is_none() {
        table.fault("emails", "is missing; write emails = [\"*@example.com\"], or remove [access]");
    }
    if let Some(value) = emails {
        access.emails = patterns(&value);
    }
    let tables = providers.and_then(|value| {
        let table = value.table("like [access.providers.github]", &[])?;
        if table.entries().next().is_none() {
            value.fault("names no provider; write [access.providers.ID], or remove it");
        }
        Some(table)
    });
    for (id, value) in tables.iter().flat_map(|table| table.entries()) {
        let parsed = value.accept(ProviderId::parse(id));
        let rules = value.table(PROVIDER_TITLE, PROVIDER_KEYS).map(|table| rules(&table));
        if let (Some(id), Some(rules)) = (parsed, rules) {
            access.providers.insert(id, rules);
        }
    }
    access
}

fn patterns(value: &Value<'_>) -> Vec<EmailPattern> {
    let items = value.items("a list of addresses and domains, like [\"*@example.com\"]");
    if items.as_ref().is_some_and(Vec::is_empty) {
        nothing(value);
    }
    items.iter().flatten().filter_map(|item| item.parsed(EmailPattern::parse)).collect()
}

fn rules(table: &Table<'_>) -> ProviderAccess {
    let list = |key: &str| {
        let value = table.find(key)?;
        let entries = value.texts()?;
        if entries.is_empty() {
            nothing(&value);
        }
        Some(entries)
    };
    let mut rules = ProviderAccess::default();
    rules.organizations = list("organizations").unwrap_or_default();
    rules.teams = list("teams").unwrap_or_default();
    rules.hosted_domains = list("hosted_domains").unwrap_or_default();
    rules.tenants = list("tenants").unwrap_or_default();
    rules
}

fn nothing(value: &Value<'_>) {
    value.fault("has nothing in it, and would keep nobody out; fill it, or remove it");
}
