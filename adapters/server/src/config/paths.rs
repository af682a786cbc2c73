use vestibule_core::Paths;

use super::table::Table;

pub(super) const TITLE: &str = "[paths]";
pub(super) const KEYS: &[&str] = &[
    "mount",
    "authorize",
    "consent",
    "callback",
    "token",
    "register",
    "revoke",
    "introspect",
    "providers",
];

/// `[paths]`: where the endpoints are; what is not said is below `mount`, which is `/oauth` unless
/// said.
pub(super) fn read(table: &Table<'_>) -> Paths {
    let mut paths = mount(table).map(Paths::mounted_at).unwrap_or_default();
    let read = |key, path: &mut String| {
        if let Some(text) = table.find(key).and_then(|value| value.text()) {
            text.clone_into(path);
        }
    };
    read("authorize", &mut paths.authorize);
    read("consent", &mut paths.consent);
    read("callback", &mut paths.callback);
    read("token", &mut paths.token);
    read("register", &mut paths.register);
    read("revoke", &mut paths.revoke);
    read("introspect", &mut paths.introspect);
    read("providers", &mut paths.providers);
    paths
}

/// Judged here already: below a bad mount every path would be bad, and only one of them is to be
/// mended.
fn mount<'d>(table: &Table<'d>) -> Option<&'d str> {
    let value = table.find("mount")?;
    let mount = value.any_text()?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let segment = |text: &str| !matches!(text, "" | "." | "..") && text.bytes().all(allowed);
    let good = mount.is_empty()
        || mount.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment));
    if !good {
        value.fault(
            "must be empty, or start with `/`, not end with `/`, and have only A-Z a-z 0-9 - . _ ~ \
            and / in it",
        );
        return None;
    }
    Some(mount)
}
