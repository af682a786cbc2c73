//! A folder with a configuration, its store, and the provider where Ada signs in.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::Path;
use std::process::Command;

use oauth2::TokenResponse;
use oauth2::basic::BasicTokenResponse;
use serde_json::Value;
use tempfile::TempDir;

use crate::parties::{Answer, Application, Asked, Browser, discover, register};
use crate::provider::{Provider, Script};
use crate::support::{Ran, Running, run, vestibule};
use crate::wire::Wire;

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";
pub(crate) const ADA: &str = "idp:ada";

pub(crate) struct Site {
    folder: TempDir,
    provider: Provider,
}

impl Site {
    pub(crate) fn new() -> Self {
        let provider = Provider::start(Script::good("upstream-code", "upstream-access", "ada"));
        let site = Self { folder: TempDir::new().unwrap(), provider };
        site.configure("");
        site
    }

    /// The store is the default one, beside the file.
    pub(crate) fn configure(&self, more: &str) {
        let origin = &self.provider.origin;
        let configuration = format!(
            r#"
issuer = "{ISSUER}"
listen = "127.0.0.1:0"
secrets = ["planted-planted-planted-planted-planted"]
{more}
[[provider]]
id = "idp"
authorization_endpoint = "{origin}/authorize"
token_endpoint = "{origin}/token"
userinfo_endpoint = "{origin}/userinfo"
revocation_endpoint = "{origin}/revoke"
client_id = "vestibule"
client_secret = "planted-planted"
keep_tokens = true
"#
        );
        fs::write(self.path().join("vestibule.toml"), configuration).unwrap();
    }

    /// What the provider was asked to end.
    pub(crate) fn ended_upstream(&self) -> Vec<String> {
        let asked = self.provider.asked().into_iter().filter(|asked| asked.target == "/revoke");
        asked.map(|asked| asked.body).collect()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn serve(&self) -> Served {
        self.serve_by(vestibule(&["serve", "--config", "vestibule.toml"]))
    }

    /// The same by a command of one's own.
    pub(crate) fn serve_by(&self, mut command: Command) -> Served {
        let running = Running::start(command.current_dir(self.path()));
        let wire = Wire::new(ISSUER, &running.address);
        let metadata = discover(&wire, ISSUER);
        Served { running, wire, metadata }
    }

    /// Runs a command of an operator in the folder.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Ran {
        let (command, rest) = arguments.split_first().unwrap();
        let mut all = vec![*command, "--config", "vestibule.toml"];
        all.extend(rest);
        run(vestibule(&all).current_dir(self.path()))
    }

    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let ran = self.operator(arguments);
        assert!(ran.status.success(), "{ran:?}");
        ran.stdout
    }
}

pub(crate) struct Served {
    pub(crate) running: Running,
    pub(crate) wire: Wire,
    metadata: Value,
}

impl Served {
    pub(crate) fn registered(&self) -> String {
        register(&self.wire, &self.metadata, REDIRECT_URI)
    }

    pub(crate) fn client(&self, id: &str) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, id, None, REDIRECT_URI)
    }

    pub(crate) fn tokens(&self, client_id: &str) -> BasicTokenResponse {
        let (code, verifier) = self.code(client_id);
        self.client(client_id).redeem(&code, &verifier, None).unwrap()
    }

    /// `None`: the client was told that access is denied.
    pub(crate) fn tokens_if_allowed(&self, client_id: &str) -> Option<BasicTokenResponse> {
        let (asked, answer) = self.sign_in(client_id);
        let client = self.client(client_id);
        match answer {
            Answer::Code(code) => Some(client.redeem(&code, &asked.verifier, None).unwrap()),
            Answer::Error(error) => {
                assert_eq!(error, "access_denied");
                None
            }
        }
    }

    /// A code and its verifier.
    pub(crate) fn code(&self, client_id: &str) -> (String, String) {
        match self.sign_in(client_id) {
            (asked, Answer::Code(code)) => (code, asked.verifier),
            (_, Answer::Error(error)) => unreachable!("refused: {error}"),
        }
    }

    fn sign_in(&self, client_id: &str) -> (Asked, Answer) {
        let client = self.client(client_id);
        let asked = client.ask(None);
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", "idp");
        let at_provider = browser.follow(&leaving);
        let arrived = browser.follow(&at_provider);
        let answer = client.read(&asked, &arrived.location());
        (asked, answer)
    }

    pub(crate) fn refresh(
        &self,
        client_id: &str,
        tokens: &BasicTokenResponse,
    ) -> Result<(), String> {
        self.refreshed(client_id, tokens).map(drop)
    }

    pub(crate) fn refreshed(
        &self,
        client_id: &str,
        tokens: &BasicTokenResponse,
    ) -> Result<BasicTokenResponse, String> {
        self.client(client_id).refresh(tokens.refresh_token().unwrap().secret())
    }

    pub(crate) fn log(self) -> String {
        self.running.signal("TERM");
        self.running.end().stderr
    }
}
