//! Everything that takes part in a sign-in, and a browser that can reach it.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::chromium::Chromium;
use crate::parties::{Application, Asked, discover};
use crate::provider::{Provider, Script};
use crate::sites::{APP, CONNECT, HOSTS, Sites};
use crate::support::{Running, vestibule};
use crate::tls::Front;
use crate::tools::Tools;
use crate::wire::Wire;

pub(crate) const ISSUER: &str = "https://auth.test";
/// Where the application that the operator knows is answered.
pub(crate) const REDIRECT_URI: &str = "https://app.test/cb";

/// An identity provider: its id, its name, and the page of `sites` that it sends people to.
pub(crate) type Known<'a> = (&'a str, &'a str, &'a str);

/// The provider that asks people.
pub(crate) const IDP: Known<'_> = ("idp", "Our identity provider", "ask");

pub(crate) struct Town {
    pub(crate) chromium: Chromium,
    pub(crate) wire: Wire,
    pub(crate) sites: Sites,
    metadata: Value,
    _front: Front,
    _running: Running,
    _provider: Provider,
    _folder: TempDir,
}

impl Town {
    /// `None`: the machine has no browser for it.
    pub(crate) fn open(providers: &[Known<'_>]) -> Option<Self> {
        let tools = Tools::find()?;
        let provider = Provider::start(Script::good("", "upstream-access", "ada"));
        let folder = TempDir::new().unwrap();
        let configuration = configuration(providers, &provider.origin);
        fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
        let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
        let running = Running::start(command.current_dir(folder.path()));
        let wire = Wire::new(ISSUER, &running.address);
        let metadata = discover(&wire, ISSUER);
        let sites = Sites::start();
        let mut routes: Vec<_> = HOSTS.map(|host| (host, sites.address.clone())).into();
        routes.push(("auth.test", running.address.clone()));
        let front = Front::start(routes);
        Some(Self {
            chromium: Chromium::start(&tools, &front, true),
            wire,
            sites,
            metadata,
            _front: front,
            _running: running,
            _provider: provider,
            _folder: folder,
        })
    }

    /// The application that the operator knows.
    pub(crate) fn desk(&self) -> Application<'_, Wire> {
        self.application("desk", REDIRECT_URI)
    }

    pub(crate) fn application(&self, id: &str, redirect_uri: &str) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, id, None, redirect_uri)
    }

    /// A person clicks on the application's link.
    pub(crate) fn connect(&self, asked: &Asked) {
        let mut page = Url::parse(APP).unwrap().join("/connect").unwrap();
        page.query_pairs_mut().append_pair("to", asked.url.as_str());
        self.chromium.open(page.as_str());
        self.chromium.press(CONNECT);
    }
}

fn configuration(providers: &[Known<'_>], calls: &str) -> String {
    let providers: String = providers
        .iter()
        .map(|(id, name, page)| {
            format!(
                r#"
[[provider]]
id = "{id}"
name = "{name}"
authorization_endpoint = "https://idp.test/{page}"
token_endpoint = "{calls}/token"
userinfo_endpoint = "{calls}/userinfo"
client_id = "vestibule"
client_secret = "a secret of the provider's"
scopes = ["openid", "email"]
"#
            )
        })
        .collect();
    format!(
        r#"
issuer = "{ISSUER}"
listen = "127.0.0.1:0"
secrets = ["a sealing secret of more than 32 bytes"]
store = "memory:"

[[client]]
id = "desk"
name = "The desk"
redirect_uris = ["{REDIRECT_URI}", "http://127.0.0.1/cb"]

[[resource]]
uri = "https://mcp.app.test/mcp"
name = "The notes"
scopes = ["notes:read", "notes:write"]
{providers}"#
    )
}
