//! The program behind its proxy, a provider where Ada signs in, and Ada's browser.

use std::fs;
use std::sync::{Barrier, Mutex};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use oauth2::http::StatusCode;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use url::Url;

use crate::bytes::{Answer, exchange};
use crate::parties::Browser;
use crate::provider::{Provider, Script};
use crate::support::{Running, vestibule};
use crate::wire::Wire;

pub(crate) const HOST: &str = "auth.example.com";
pub(crate) const ORIGIN: &str = "https://auth.example.com";
/// A resource on the server's own origin, so that every document of a discovery is there.
pub(crate) const MCP: &str = "https://auth.example.com/mcp";
pub(crate) const SCOPES: &str = "mcp:read mcp:write";
pub(crate) const STATE: &str = "n3qAr-Uv_Q0.~x";

pub(crate) struct Site {
    issuer: String,
    wire: Wire,
    address: String,
    /// Several threads send at once.
    _running: Mutex<Running>,
    _provider: Provider,
    _folder: TempDir,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::of(ORIGIN, MCP, "")
    }

    pub(crate) fn of(issuer: &str, resource: &str, more: &str) -> Self {
        let provider = Provider::start(Script::good("upstream-code", "upstream-access", "ada"));
        let origin = &provider.origin;
        let configuration = format!(
            r#"
issuer = "{issuer}"
listen = "127.0.0.1:0"
secrets = ["planted-planted-planted-planted-planted"]
store = "memory:"
{more}
[[provider]]
id = "idp"
authorization_endpoint = "{origin}/authorize"
token_endpoint = "{origin}/token"
userinfo_endpoint = "{origin}/userinfo"
client_id = "vestibule"
client_secret = "planted-planted"

[[resource]]
uri = "{resource}"
scopes = ["mcp:read", "mcp:write"]

[limits]
trusted_proxies = ["127.0.0.1/32"]
"#
        );
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
        let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
        let running = Running::start(command.current_dir(folder.path()));
        // The provider is reached by its own address.
        let wire = Wire::new(ORIGIN, &running.address);
        let (issuer, address) = (issuer.to_owned(), running.address.clone());
        let running = Mutex::new(running);
        Self { issuer, wire, address, _running: running, _provider: provider, _folder: folder }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Sends bytes.
    pub(crate) fn send(&self, request: &str) -> Answer {
        exchange(&self.address, request)
    }

    /// Sends the same bytes as they come from these addresses, all at the same moment, each on a
    /// connection of its own and behind what the proxy says of it.
    pub(crate) fn at_once<const N: usize>(&self, from: [&str; N], request: &str) -> [Answer; N] {
        let (line, rest) = request.split_once("\r\n").unwrap();
        let ready = Barrier::new(N);
        let send = |address: &str| {
            let request = format!("{line}\r\nX-Forwarded-For: {address}\r\n{rest}");
            ready.wait();
            self.send(&request)
        };
        thread::scope(|scope| {
            let sending = from.map(|address| scope.spawn(move || send(address)));
            sending.map(|sent| sent.join().unwrap())
        })
    }

    /// A person's browser is sent to `endpoint` with `query`, signs in and comes back: what it brings
    /// to the client's own address.
    pub(crate) fn signed_in(&self, endpoint: &str, query: &str, redirect_uri: &str) -> Back {
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&Url::parse(&format!("{endpoint}?{query}")).unwrap());
        assert!(page.is_page(StatusCode::OK), "{page:?}");
        let leaving = browser.press(&page, "provider", "idp");
        let provider = browser.follow(&leaving);
        let arrived = browser.follow(&provider);
        // The very bytes: a client compares the start with what it registered.
        let to = arrived.headers["location"].to_str().unwrap();
        let query = to.strip_prefix(&format!("{redirect_uri}?")).unwrap_or_else(|| panic!("{to}"));
        let said: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| {
            let mut values = said.iter().filter(|(key, _)| key == name);
            let value = values.next().unwrap_or_else(|| panic!("no {name} in {to}"));
            assert!(values.next().is_none(), "{name} stands twice in {to}");
            value.1.clone()
        };
        assert_eq!(value("state"), STATE);
        Back { code: value("code"), iss: value("iss") }
    }

    /// What a person sees of an authorization request that must not go on.
    pub(crate) fn is_error_page(&self, endpoint: &str, query: &str) -> bool {
        let url = Url::parse(&format!("{endpoint}?{query}")).unwrap();
        Browser::new(&self.wire).get(&url).is_page(StatusCode::BAD_REQUEST)
    }
}

/// What comes back to a client by the browser.
pub(crate) struct Back {
    pub(crate) code: String,
    /// RFC 9207: the issuer, as the client compares it.
    pub(crate) iss: String,
}

/// RFC 7636 §4.2.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// `Basic` with what stands before and behind the colon as it is given.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The path of a URL of this site.
pub(crate) fn path(url: &str) -> &str {
    let path = url.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("{url}"));
    assert!(path.starts_with('/'), "{url}");
    path
}
