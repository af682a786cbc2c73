//! The program itself, configured with what it must be told and nothing else.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use vestibule_sqlite::SqliteStore;

use super::connection::Connection;
use super::one_thread;
use super::process::Process;
use super::walk;

pub(crate) const HOST: &str = "auth.example.com";
pub(crate) const REDIRECT_URI: &str = "https://app.example.com/callback";
pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";
pub(crate) const SCOPE: &str = "mcp:read";
/// Where SQLite keeps grants.
const FILE: &str = "vestibule.db";

/// Where grants are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Store {
    Memory,
    Sqlite,
}

impl Store {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
        }
    }
}

/// A server of which the sign-ins are measured.
pub(crate) struct Served {
    pub(crate) process: Process,
    pub(crate) address: String,
    /// The client that people use who registered before.
    pub(crate) client_id: String,
    /// What it writes into, besides its answers.
    folder: Option<TempDir>,
}

impl Served {
    /// Something that has no clients.
    pub(crate) fn of(mut process: Process, client_id: &str) -> Self {
        Self { address: process.address(), client_id: client_id.to_owned(), process, folder: None }
    }

    /// Registers a public client (RFC 7591).
    pub(crate) fn register(&mut self) {
        let request = walk::registration(walk::APPLICATION);
        let answer = one_thread().block_on(Connection::to(&self.address).call(&request));
        self.client_id = walk::client_id(&answer.expect(201, &request));
    }

    /// How many records there are, counted by another process than the server's; `None`: not in a
    /// file.
    pub(crate) fn records(&self) -> Option<u64> {
        let file = self.folder.as_ref()?.path().join(FILE);
        file.exists().then(|| SqliteStore::open(file).unwrap().count().wait().unwrap())
    }
}

/// How the program is started.
pub(crate) struct Program {
    pub(crate) executable: PathBuf,
    /// `127.0.0.1:PORT` of its identity provider.
    pub(crate) identity_provider: String,
}

impl Program {
    /// Its log goes into a file, at the level it has by itself. Nobody has asked it anything yet.
    pub(crate) fn start(&self, store: Store) -> Served {
        // On a disk, where /tmp may be memory.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let file = folder.path().join("vestibule.toml");
        fs::write(&file, self.configuration(store)).unwrap();
        let mut command = Command::new(&self.executable);
        command
            .args(["serve", "--config", "vestibule.toml"])
            .current_dir(folder.path())
            .env_remove("VESTIBULE_LOG")
            .stderr(File::create(folder.path().join("log")).unwrap());
        let mut process = Process::start(&mut command);
        let address = process.address();
        Served { process, address, client_id: String::new(), folder: Some(folder) }
    }

    fn configuration(&self, store: Store) -> String {
        let store = match store {
            Store::Memory => "memory:",
            Store::Sqlite => &format!("sqlite:{FILE}"),
        };
        format!(
            r#"
issuer = "https://{HOST}"
listen = "127.0.0.1:0"
secrets = ["a sealing secret of more than 32 bytes"]
store = "{store}"

[[provider]]
id = "idp"
name = "Identity provider"
authorization_endpoint = "http://{idp}/authorize"
token_endpoint = "http://{idp}/token"
userinfo_endpoint = "http://{idp}/userinfo"
client_id = "vestibule"
client_secret = "a secret between the two"

[[resource]]
uri = "{RESOURCE}"
scopes = ["{SCOPE}"]
"#,
            idp = self.identity_provider,
        )
    }
}
