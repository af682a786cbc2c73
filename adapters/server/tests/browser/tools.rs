//! What these tests need on the machine.

use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::path::PathBuf;

/// Where things are.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

impl Tools {
    /// `None`: something is missing, and the test does nothing.
    pub(crate) fn find() -> Option<Self> {
        Some(Self { chromium: program("chromium")?, chromedriver: program("chromedriver")? })
    }
}

/// axe-core, as a script. `None`: it is missing, and the test does nothing.
pub(crate) fn axe() -> Option<String> {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/node_modules/axe-core/axe.min.js");
    let script = fs::read_to_string(file).ok();
    script.or_else(|| missing("axe-core", "run `npm ci` in adapters/server/tests/browser"))
}

fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.or_else(|| missing(name, "install chromium and chromium-driver"))
}

fn missing<T>(what: &str, mend: &str) -> Option<T> {
    assert!(env::var_os("CI").is_none(), "{what} is missing: {mend}");
    // Not by `eprintln!`, which is kept back from whoever runs the tests.
    let _ = stderr().write_all(format!("skipped: {what} is missing ({mend})\n").as_bytes());
    None
}
