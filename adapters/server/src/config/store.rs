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
        Some(("sqlite", path)) if !path.is_empty() && !path.starts_with("//") => {
            let path = value.folder().join(path);
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
                value.fault(format_args!(
                    "the folder {folder:?} is not there; make it, or name another. The path is \
                     relative to this file"
                ));
                return None;
            }
            Some(StoreUrl::Sqlite(path))
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
