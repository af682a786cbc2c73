//! A person signs in without anything async: tiny_http in front, ureq and SQLite behind, a provider
//! that blocks too, and the crate `oauth2` as the client.

#![allow(clippy::unwrap_used, reason = "tests")]

// The same browser and the same application that sign in at the program.
#[path = "../../server/tests/support/parties/mod.rs"]
mod parties;
#[path = "support/provider.rs"]
mod provider;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::{Method, StatusCode};
use oauth2::{HttpRequest, HttpResponse, SyncHttpClient, TokenResponse};
use parties::{Answer, Application, Asked, Browser, Page, discover, register};
use provider::Provider;
use serde_json::Value;
use tempfile::TempDir;
use vestibule_blocking::{SystemClock, UreqTransport, Vestibule, read};
use vestibule_core::drive::Composite;
use vestibule_core::provider::{TokenAuth, custom};
use vestibule_core::{
    Algorithm, ClientSecret, Config, EndpointUrl, Issuer, ProviderId, SealingSecret, Server,
    SigningKey,
};
use vestibule_sqlite::SqliteStore;

const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";
const OUR_SECRET: &str = "our secret: at the provider";

type Driver = Composite<SystemClock, UreqTransport, SqliteStore>;

/// Vestibule on its socket, an application that has registered there, and the provider.
struct World {
    http: Ureq,
    metadata: Value,
    client_id: String,
    provider: Provider,
    vestibule: Vestibule<Driver>,
    _folder: TempDir,
}

impl World {
    fn start() -> Self {
        let provider = Provider::start(OUR_SECRET);
        let listener = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let issuer = format!("http://{}", listener.server_addr().to_ip().unwrap());
        let folder = TempDir::new().unwrap();
        let driver = Composite {
            clock: SystemClock,
            transport: UreqTransport::new(),
            store: SqliteStore::open(folder.path().join("vestibule.db")).unwrap(),
            mapper: (),
        };
        let vestibule = Vestibule::new(server(&issuer, &provider.origin), driver);
        for _ in 0..4 {
            let (vestibule, listener) = (vestibule.clone(), Arc::clone(&listener));
            thread::spawn(move || {
                listener.incoming_requests().for_each(|request| answer(&vestibule, request));
            });
        }
        let http = Ureq::new();
        let metadata = discover(&http, &issuer);
        let client_id = register(&http, &metadata, REDIRECT_URI);
        Self { http, metadata, client_id, provider, vestibule, _folder: folder }
    }

    fn application(&self) -> Application<'_, Ureq> {
        Application::new(&self.http, &self.metadata, &self.client_id, None, REDIRECT_URI)
    }

    /// A browser at the sign-in page.
    fn at_sign_in(&self, asked: &Asked) -> (Browser<'_, Ureq>, Page) {
        let mut browser = Browser::new(&self.http);
        let page = browser.get(&asked.url);
        assert!(page.is_page(StatusCode::OK), "{page:?}");
        (browser, page)
    }

    /// The same where the provider, that knows the person already, sends it back at once.
    fn at_provider(&self, asked: &Asked) -> (Browser<'_, Ureq>, Page) {
        let (mut browser, page) = self.at_sign_in(asked);
        let leaving = browser.press(&page, "provider", "idp");
        let returning = browser.follow(&leaving);
        (browser, returning)
    }
}

fn server(issuer: &str, provider: &str) -> Server {
    let endpoint = |path| EndpointUrl::parse(&format!("{provider}{path}")).unwrap();
    let mut config = Config::new(
        Issuer::parse(issuer).unwrap(),
        vec![SealingSecret::new([1; 32]).unwrap()],
        vec![SigningKey::from_bytes(Algorithm::EdDsa, [2; 32]).unwrap()],
    );
    let id = ProviderId::parse("idp").unwrap();
    let (authorize, token, user) = (endpoint("/authorize"), endpoint("/token"), endpoint("/user"));
    let secret = Some(ClientSecret::new(OUR_SECRET));
    let mut idp = custom(id, authorize, token, user, "vestibule", secret);
    idp.token_auth = TokenAuth::Post;
    config.providers.push(idp);
    Server::new(config).unwrap()
}

/// As the crate documentation has it.
fn answer(vestibule: &Vestibule<Driver>, mut request: tiny_http::Request) {
    let (method, path) = (request.method().as_str(), request.url());
    let mut head = http::Request::builder().method(method).uri(path);
    for field in request.headers() {
        head = head.header(field.field.as_str().as_str(), field.value.as_str());
    }
    let (parts, ()) = head.body(()).unwrap().into_parts();
    let question = read(parts, request.as_reader()).unwrap();
    vestibule.answer(question, |response, _| {
        let mut answer = tiny_http::Response::from_data(response.body.to_vec())
            .with_status_code(response.status.as_u16());
        for (name, value) in &response.headers {
            let field = tiny_http::Header::from_bytes(name.as_str(), value.as_bytes());
            answer.add_header(field.unwrap());
        }
        // Whoever does not wait for the answer has failed already.
        let _ = request.respond(answer);
    });
}

/// The way from browser and application to the server; no redirect is followed.
struct Ureq(ureq::Agent);

impl Ureq {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)));
        Self(config.build().new_agent())
    }
}

impl SyncHttpClient for Ureq {
    type Error = ureq::Error;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
        let answer = if request.method() == Method::GET {
            self.0.run(request.map(|_| ()))?
        } else {
            self.0.run(request)?
        };
        let (parts, mut body) = answer.into_parts();
        Ok(HttpResponse::from_parts(parts, body.read_to_vec()?))
    }
}

#[test]
fn iss_01_ref_01_a_person_signs_in_and_the_client_refreshes_and_revokes() {
    let world = World::start();
    let application = world.application();
    let asked = application.ask(None);
    let (mut browser, returning) = world.at_provider(&asked);
    let arrived = browser.follow(&returning);
    let code = application.code(&asked, &arrived.location());
    let count = world.vestibule.driver().store.count().wait();
    assert_eq!(count, Ok(1), "one grant, and nothing before it");
    assert_eq!(world.provider.asked(), ["GET /authorize", "POST /token", "GET /user"]);

    let other = application.ask(None).verifier;
    assert_eq!(application.redeem(&code, &other, None).unwrap_err(), "invalid_grant");
    let first = application.redeem(&code, &asked.verifier, None).unwrap();
    let used = first.refresh_token().unwrap().secret();
    let [one, again] = [(); 2].map(|()| application.refresh(used).unwrap());
    let successor = one.refresh_token().unwrap().secret();
    assert_ne!(successor, used);
    assert_eq!(successor, again.refresh_token().unwrap().secret());
    assert_eq!(one.access_token().secret(), again.access_token().secret());

    application.revoke(successor).unwrap();
    for ended in [used, successor] {
        assert_eq!(application.refresh(ended).unwrap_err(), "invalid_grant");
    }
}

#[test]
fn cancel_on_the_sign_in_page_and_a_refusal_at_the_provider_are_told_to_the_client() {
    let world = World::start();
    let application = world.application();
    let denied = Answer::Error("access_denied".to_owned());

    let asked = application.ask(None);
    let (mut browser, page) = world.at_sign_in(&asked);
    let cancelled = browser.press(&page, "cancel", "1");
    assert_eq!(application.read(&asked, &cancelled.location()), denied);

    world.provider.refuse();
    let asked = application.ask(None);
    let (mut browser, returning) = world.at_provider(&asked);
    let refused = browser.follow(&returning);
    assert_eq!(application.read(&asked, &refused.location()), denied);
}

#[test]
fn sbb_02_coming_back_in_another_browser_gives_no_code() {
    let world = World::start();
    let application = world.application();
    let asked = application.ask(None);
    let (mut browser, returning) = world.at_provider(&asked);
    let other = Browser::new(&world.http).follow(&returning);
    assert!(other.is_page(StatusCode::BAD_REQUEST), "{other:?}");
    application.code(&asked, &browser.follow(&returning).location());
}
