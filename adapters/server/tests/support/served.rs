//! The program with a configuration that wants nothing of anybody.

use std::fs;

use tempfile::TempDir;

use super::{Running, vestibule};

pub(crate) const CONFIGURATION: &str = r#"
issuer = "https://auth.example.com"
listen = "127.0.0.1:0"
secrets = ["planted-planted-planted-planted-planted"]
store = "memory:"

[[provider]]
id = "idp"
authorization_endpoint = "https://idp.example.com/authorize"
token_endpoint = "https://idp.example.com/token"
userinfo_endpoint = "https://idp.example.com/userinfo"
client_id = "vestibule"
client_secret = "planted-planted"
"#;

/// The program, and the folder of its configuration.
pub(crate) fn start(arguments: &[&str]) -> (Running, TempDir) {
    start_with(CONFIGURATION, arguments)
}

pub(crate) fn start_with(configuration: &str, arguments: &[&str]) -> (Running, TempDir) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
    let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
    (Running::start(command.args(arguments).current_dir(folder.path())), folder)
}
