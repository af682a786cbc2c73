//! Everything that takes part in a sign-in, and a browser that can reach it.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use oauth2::SyncHttpClient;
use oauth2::http::Request;
use oauth2::http::header::CONTENT_TYPE;
use serde_json::{Value, json};
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
    pub(crate) folder: TempDir,
}

/// What a town is like.
pub(crate) struct Plan<'a> {
    providers: &'a [Known<'a>],
    javascript: bool,
    damaged: bool,
    more: &'a str,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(providers: &'a [Known<'a>]) -> Self {
        Self { providers, javascript: true, damaged: false, more: "" }
    }

    /// The person has switched scripts off.
    pub(crate) fn without_javascript(self) -> Self {
        Self { javascript: false, ..self }
    }

    /// More of the configuration: whole tables.
    pub(crate) fn with(self, more: &'a str) -> Self {
        Self { more, ..self }
    }

    /// The store cannot be read.
    pub(crate) fn with_a_damaged_store(self) -> Self {
        Self { damaged: true, ..self }
    }

    /// `None`: the machine has no browser for it.
    pub(crate) fn open(self) -> Option<Town> {
        let tools = Tools::find()?;
        let provider = Provider::start(Script::good("", "upstream-access", "ada"));
        let folder = TempDir::new().unwrap();
        let configuration = configuration(&self, &provider.origin);
        fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
        fs::write(folder.path().join("logo.svg"), include_str!("logo.svg")).unwrap();
        if self.damaged {
            // By itself: what is in the log that is written ahead would mend the file.
            let running = serve(&folder);
            running.signal("TERM");
            running.end();
            damage(&folder.path().join("vestibule.db"));
        }
        let running = serve(&folder);
        let wire = Wire::new(ISSUER, &running.address);
        let metadata = discover(&wire, ISSUER);
        let sites = Sites::start();
        let mut routes: Vec<_> = HOSTS.map(|host| (host, sites.address.clone())).into();
        routes.push(("auth.test", running.address.clone()));
        let front = Front::start(routes);
        Some(Town {
            chromium: Chromium::start(&tools, &front, folder.path(), self.javascript),
            wire,
            sites,
            metadata,
            _front: front,
            _running: running,
            _provider: provider,
            folder,
        })
    }
}

fn serve(folder: &TempDir) -> Running {
    Running::start(vestibule(&["serve", "--config", "vestibule.toml"]).current_dir(folder.path()))
}

/// All that comes after the first page, which says what the file is.
fn damage(file: &Path) {
    let length = file.metadata().unwrap().len();
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(length - 4096).unwrap()]).unwrap();
}

impl Town {
    /// The application that the operator knows.
    pub(crate) fn desk(&self) -> Application<'_, Wire> {
        self.application("desk", REDIRECT_URI)
    }

    /// Another one, that registers itself (RFC 7591): its client_id.
    pub(crate) fn register(&self, name: &str, redirect_uri: &str) -> String {
        let asked = json!({
            "client_name": name,
            "redirect_uris": [redirect_uri],
            "token_endpoint_auth_method": "none",
        });
        let request = Request::post(self.metadata["registration_endpoint"].as_str().unwrap())
            .header(CONTENT_TYPE, "application/json")
            .body(asked.to_string().into_bytes());
        let response = self.wire.call(request.unwrap()).unwrap();
        let registered: Value = serde_json::from_slice(response.body()).unwrap();
        registered["client_id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn application(&self, id: &str, redirect_uri: &str) -> Application<'_, Wire> {
        self.application_with(id, None, redirect_uri)
    }

    pub(crate) fn application_with(
        &self,
        id: &str,
        secret: Option<&str>,
        redirect_uri: &str,
    ) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, id, secret, redirect_uri)
    }

    /// A person clicks on the application's link.
    pub(crate) fn connect(&self, asked: &Asked) {
        self.visit(APP, "connect", &[("to", asked.url.as_str())]);
        self.chromium.press(CONNECT);
    }

    /// A page of a site of `sites`.
    pub(crate) fn visit(&self, site: &str, page: &str, values: &[(&str, &str)]) {
        let mut url = Url::parse(site).unwrap().join(page).unwrap();
        url.query_pairs_mut().extend_pairs(values);
        self.chromium.open(url.as_str());
    }

    /// The cookies that the browser keeps for Vestibule.
    pub(crate) fn cookies(&self) -> Vec<Value> {
        let asked = json!({ "urls": [ISSUER] });
        let cookies = self.chromium.devtools("Network.getCookies", asked);
        cookies["cookies"].as_array().unwrap().clone()
    }

    /// Those that bind a sign-in under way to this browser.
    pub(crate) fn flow_cookies(&self) -> Vec<Value> {
        let mut cookies = self.cookies();
        cookies.retain(|cookie| cookie["name"].as_str().unwrap().contains("-flow-"));
        cookies
    }
}

fn configuration(plan: &Plan<'_>, calls: &str) -> String {
    let more = plan.more;
    let store = if plan.damaged { "sqlite:vestibule.db" } else { "memory:" };
    let providers: String = plan
        .providers
        .iter()
        .map(|(id, name, page)| {
            format!(
                r#"
[[provider]]
id = "{id}"
name = '{name}'
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
store = "{store}"

# Of its own, so that a damaged store does not keep the program from starting.
[[signing_key]]
key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

[[client]]
id = "desk"
name = "The desk"
redirect_uris = ["{REDIRECT_URI}", "http://127.0.0.1/cb"]

[[resource]]
uri = "https://mcp.app.test/mcp"
name = "The notes"
scopes = ["notes:read", {{ name = "notes:write", description = "Change your notes" }}]
{providers}
{more}"#
    )
}
