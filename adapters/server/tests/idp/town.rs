//! The program with one provider, an application, and people who sign in.

use std::collections::BTreeMap;
use std::fs;

use oauth2::SyncHttpClient;
use oauth2::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use oauth2::http::{Request, StatusCode};
use oauth2::url::Url;
use serde_json::Value;
use tempfile::TempDir;

use crate::parties::{Answer, Application, Asked, Browser, discover, register};
use crate::support::{Running, run, vestibule};
use crate::wire::Wire;

pub(crate) const ISSUER: &str = "https://auth.example.com";
/// Where the provider sends people back.
pub(crate) const CALLBACK: &str = "https://auth.example.com/oauth/callback/idp";
/// With characters that HTTP Basic must encode (RFC 6749 §2.3.1).
pub(crate) const SECRET: &str = "our secret: 100% / at the provider";
const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";

pub(crate) struct Town {
    pub(crate) wire: Wire,
    metadata: Value,
    client_id: String,
    folder: TempDir,
    running: Running,
}

impl Town {
    /// Where people sign in at this issuer, and we have this secret.
    pub(crate) fn at(issuer: &str, secret: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let configuration = format!(
            "issuer = \"{ISSUER}\"\nlisten = \"127.0.0.1:0\"\nstore = \"memory:\"\n\
             secrets = [\"a sealing secret of more than 32 bytes\"]\n\
             [[provider]]\npreset = \"oidc\"\nid = \"idp\"\nissuer = \"{issuer}\"\n\
             client_id = \"vestibule\"\nclient_secret = \"{secret}\"\n"
        );
        fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
        let mut command = vestibule(&["serve", "--log", "json", "--config", "vestibule.toml"]);
        let running = Running::start(command.current_dir(folder.path()));
        let wire = Wire::new(ISSUER, &running.address);
        let metadata = discover(&wire, ISSUER);
        let client_id = register(&wire, &metadata, REDIRECT_URI);
        Self { wire, metadata, client_id, folder, running }
    }

    pub(crate) fn application(&self) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, &self.client_id, None, REDIRECT_URI)
    }

    /// A sign-in; what the person does at the provider is the visitor's: from the URL that they are
    /// sent to, to the one that they are sent back to.
    pub(crate) fn sign_in(&self, at_provider: impl FnOnce(&mut Visitor<'_>, Url) -> Url) -> SignIn {
        let application = self.application();
        let asked = application.ask(None);
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", "idp");
        let mut visitor = Visitor { wire: &self.wire, cookies: BTreeMap::new() };
        let back = at_provider(&mut visitor, leaving.location());
        assert!(back.as_str().starts_with(CALLBACK), "{back}");
        let arrived = browser.get(&back);
        let answer = application.read(&asked, &arrived.location());
        SignIn { asked, answer }
    }

    /// Ends the program; why each sign-in was refused that was, as its log has it.
    pub(crate) fn reasons(self) -> Vec<String> {
        self.running.signal("TERM");
        let log = self.running.end().stderr;
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line["reason"].as_str().map(str::to_owned)).collect()
    }

    /// What `check --online` says, and whether all is well.
    pub(crate) fn checked(&self) -> (String, bool) {
        let mut command = vestibule(&["check", "--online", "--config", "vestibule.toml"]);
        let ran = run(command.current_dir(self.folder.path()));
        (ran.stdout, ran.status.success())
    }
}

pub(crate) struct SignIn {
    pub(crate) asked: Asked,
    pub(crate) answer: Answer,
}

/// A person at the provider. Cookies are kept by name: all are the provider's.
pub(crate) struct Visitor<'a> {
    wire: &'a Wire,
    cookies: BTreeMap<String, String>,
}

impl Visitor<'_> {
    /// Opens a page and follows it: to a page for people, or to where the provider sends us back.
    pub(crate) fn open(&mut self, url: Url) -> Url {
        self.follow(url, None)
    }

    /// Posts a form, and follows in the same way.
    pub(crate) fn post(&mut self, url: Url, form: &str) -> Url {
        self.follow(url, Some(form))
    }

    fn follow(&mut self, mut url: Url, mut form: Option<&str>) -> Url {
        for _ in 0..10 {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = match form {
                Some(_) => Request::post(url.as_str())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded"),
                None => Request::get(url.as_str()),
            };
            let request = request.header(COOKIE, cookies.join("; "));
            let body = form.take().unwrap_or_default().as_bytes().to_vec();
            let response = self.wire.call(request.body(body).unwrap()).unwrap();
            for field in response.headers().get_all(SET_COOKIE) {
                let pair = field.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if !response.status().is_redirection() {
                let body = String::from_utf8_lossy(response.body());
                assert_eq!(response.status(), StatusCode::OK, "{url}: {body}");
                return url;
            }
            url = url.join(response.headers()[LOCATION].to_str().unwrap()).unwrap();
            if url.as_str().starts_with(CALLBACK) {
                return url;
            }
        }
        panic!("sent round and round, at last to {url}");
    }
}
