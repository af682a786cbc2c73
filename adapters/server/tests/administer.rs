//! `vestibule end`, `grants` and `backup`, beside a server that runs.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/parties/mod.rs"]
mod parties;
#[path = "support/provider.rs"]
mod provider;
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::fs;
use std::path::Path;

use oauth2::TokenResponse;
use oauth2::basic::BasicTokenResponse;
use parties::{Application, Browser, discover, register};
use provider::{Provider, Script};
use serde_json::Value;
use support::{Ran, Running, run, vestibule};
use tempfile::TempDir;
use wire::Wire;

const ISSUER: &str = "https://auth.example.com";
const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";
const ADA: &str = "idp:ada";

/// A folder with a configuration, its store, and the provider where Ada signs in.
struct Site {
    folder: TempDir,
    provider: Provider,
}

impl Site {
    fn new() -> Self {
        let provider = Provider::start(Script::good("upstream-code", "upstream-access", "ada"));
        let site = Self { folder: TempDir::new().unwrap(), provider };
        site.configure("");
        site
    }

    /// The store is the default one, beside the file.
    fn configure(&self, more: &str) {
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
client_id = "vestibule"
client_secret = "planted-planted"
"#
        );
        fs::write(self.path().join("vestibule.toml"), configuration).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn serve(&self) -> Served {
        let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
        let running = Running::start(command.current_dir(self.path()));
        let wire = Wire::new(ISSUER, &running.address);
        let metadata = discover(&wire, ISSUER);
        Served { running, wire, metadata }
    }

    /// Runs a command of an operator in the folder.
    fn operator(&self, arguments: &[&str]) -> Ran {
        let (command, rest) = arguments.split_first().unwrap();
        let mut all = vec![*command, "--config", "vestibule.toml"];
        all.extend(rest);
        run(vestibule(&all).current_dir(self.path()))
    }

    fn does(&self, arguments: &[&str]) -> String {
        let ran = self.operator(arguments);
        assert!(ran.status.success(), "{ran:?}");
        ran.stdout
    }
}

struct Served {
    running: Running,
    wire: Wire,
    metadata: Value,
}

impl Served {
    fn registered(&self) -> String {
        register(&self.wire, &self.metadata, REDIRECT_URI)
    }

    fn client(&self, id: &str) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, id, None, REDIRECT_URI)
    }

    fn tokens(&self, client_id: &str) -> BasicTokenResponse {
        let client = self.client(client_id);
        let asked = client.ask(None);
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", "idp");
        let at_provider = browser.follow(&leaving);
        let arrived = browser.follow(&at_provider);
        let code = client.code(&asked, &arrived.location());
        client.redeem(&code, &asked.verifier, None).unwrap()
    }

    fn refresh(&self, client_id: &str, tokens: &BasicTokenResponse) -> Result<(), String> {
        let token = tokens.refresh_token().unwrap().secret();
        self.client(client_id).refresh(token).map(drop)
    }

    fn log(self) -> String {
        self.running.signal("TERM");
        self.running.end().stderr
    }
}

fn refused() -> Result<(), String> {
    Err("invalid_grant".to_owned())
}

#[test]
fn grants_survive_a_restart_and_so_does_the_signing_key() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    let keys = support::get(&served.running.address, "a", "/.well-known/jwks.json");
    let log = served.log();
    assert!(!log.contains("end with this process"), "{log}");

    let served = site.serve();
    assert_eq!(served.refresh(&id, &tokens), Ok(()));
    let again = support::get(&served.running.address, "a", "/.well-known/jwks.json");
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&again), body(&keys));
}

#[test]
fn a_persons_grants_are_listed_and_one_is_ended_beside_a_server_that_runs() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let (one, other) = (served.tokens(&id), served.tokens(&id));
    let listed = site.does(&["grants", "--user", ADA]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("\"An application\""), "{listed}");

    let first = listed.split(' ').next().unwrap();
    site.does(&["grants", "--user", ADA, "--end", first]);
    let both = [served.refresh(&id, &one), served.refresh(&id, &other)];
    assert_eq!(both.iter().filter(|refreshed| refreshed.is_ok()).count(), 1, "{both:?}");
    assert_eq!(site.does(&["grants", "--user", ADA]).lines().count(), 1);
    // Not twice, and not as somebody else's.
    for user in [ADA, "idp:bob"] {
        let ran = site.operator(&["grants", "--user", user, "--end", first]);
        assert!(!ran.status.success() && ran.stderr.contains("no living grant"), "{ran:?}");
    }
}

#[test]
fn a_user_is_ended_at_once_and_may_come_again() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let tokens = served.tokens(&id);
    site.does(&["end", "--user", ADA]);
    assert_eq!(served.refresh(&id, &tokens), refused());
    assert_eq!(site.does(&["grants", "--user", ADA]), "");
}

#[test]
fn a_client_and_everybody_are_ended_after_a_restart_too() {
    for arguments in [&["end", "--client"][..], &["end", "--all"]] {
        let site = Site::new();
        let served = site.serve();
        let id = served.registered();
        let tokens = served.tokens(&id);
        served.log();
        let mut arguments = arguments.to_vec();
        arguments.extend((arguments[1] == "--client").then_some(&*id));
        site.does(&arguments);
        let served = site.serve();
        assert_eq!(served.refresh(&id, &tokens), refused(), "{arguments:?}");
    }
}

#[test]
fn what_does_not_exist_is_said_and_nothing_is_made() {
    let site = Site::new();
    let ran = site.operator(&["end", "--all"]);
    assert!(!ran.status.success() && ran.stderr.contains("there is no store at"), "{ran:?}");
    assert!(!site.path().join("vestibule.db").exists());
    site.serve().log();
    for (arguments, said) in [
        (&["end", "--client", "nobody"][..], "no such client"),
        (&["end", "--user", "ada"], "no such user"),
        (&["grants", "--user", "nowhere:ada"], "no such user"),
        (&["end"], "--user"),
        (&["end", "--all", "--user", ADA], "cannot be used with"),
        (&["grants", "--user", ADA, "--end", "12"], "32 hexadecimal digits"),
    ] {
        let ran = site.operator(arguments);
        assert!(!ran.status.success() && ran.stderr.contains(said), "{arguments:?}: {ran:?}");
    }
    site.configure("store = \"memory:\"");
    let ran = site.operator(&["end", "--all"]);
    assert!(!ran.status.success() && ran.stderr.contains("memory:"), "{ran:?}");
}

#[test]
fn a_restored_backup_is_noticed_and_ended() {
    let site = Site::new();
    let served = site.serve();
    let id = served.registered();
    let before = served.tokens(&id);
    let backup = site.path().join("copy.db");
    site.does(&["backup", "copy.db"]);
    let after = served.tokens(&id);
    served.client(&id).revoke(before.refresh_token().unwrap().secret()).unwrap();
    assert!(!served.log().contains("older than"));

    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(site.path().join(format!("vestibule.db{end}")));
    }
    fs::copy(&backup, site.path().join("vestibule.db")).unwrap();
    site.does(&["end", "--all"]);
    let served = site.serve();
    assert_eq!(served.refresh(&id, &before), refused(), "it is back and ended");
    assert_eq!(served.refresh(&id, &after), refused());
    let log = served.log();
    assert_eq!(log.matches("the store is older than what its keys have seen").count(), 1, "{log}");
    // Not over what is there.
    let ran = site.operator(&["backup", "copy.db"]);
    assert!(!ran.status.success() && ran.stderr.contains("copy.db"), "{ran:?}");
}
