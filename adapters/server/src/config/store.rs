use std::path::PathBuf;

use super::value::Value;

/// Where grants are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// `memory:`: in this process, and gone with it.
    Memory,
    /// `sqlite:PATH`: in a file, which is made if it is not there.
    Sqlite(PathBuf),
}

/// What a file without `store` means, beside that file.
const DEFAULT: &str = "vestibule.db";

/// The URL of a store; a path in it is relative to the configuration file.
pub(super) fn read(value: &Value<'_>) -> Option<StoreUrl> {
    match value.text()?.split_once(':') {
        Some(("memory", "")) => Some(StoreUrl::Memory),
        Some(("sqlite", path)) if !path.is_empty() => {
            Some(StoreUrl::Sqlite(value.folder().join(path)))
        }
        Some(_) | None => {
            value.fault(
                "is not a store this version has; write \"sqlite:PATH\", or \"memory:\" to keep \
                 nothing",
            );
            None
        }
    }
}

/// The store of a configuration file in `folder` that names none.
pub(super) fn default(folder: &std::path::Path) -> StoreUrl {
    StoreUrl::Sqlite(folder.join(DEFAULT))
}
