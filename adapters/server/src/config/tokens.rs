use vestibule_core::Lifetimes;

use super::table::Table;

pub(super) const TITLE: &str = "[tokens]";
pub(super) const KEYS: &[&str] = &["access", "refresh", "grant", "grace", "code"];

/// `[tokens]`: how long things live.
pub(super) fn read(table: &Table<'_>) -> Lifetimes {
    let mut lifetimes = Lifetimes::default();
    let read = |key, lifetime: &mut _| {
        if let Some(duration) = table.find(key).and_then(|value| value.duration()) {
            *lifetime = duration;
        }
    };
    read("access", &mut lifetimes.access);
    read("refresh", &mut lifetimes.refresh);
    read("grant", &mut lifetimes.grant);
    read("grace", &mut lifetimes.grace);
    read("code", &mut lifetimes.code);
    lifetimes
}
