//! Vestibule on a socket of its own, with a provider where everybody is signed in, and the way that
//! a client goes through it.

use std::future::pending;
use std::sync::{Arc, Mutex};

use oauth2::SyncHttpClient;
use oauth2::http::Request;
use oauth2::http::header::CONTENT_TYPE;
use oauth2::url::{Url, form_urlencoded};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use vestibule_core::drive::{Composite, Transport};
use vestibule_core::provider::custom;
use vestibule_core::{
    Algorithm, Config, EndpointUrl, Event, Issuer, MemoryStore, Principal, ProviderId, Refusal,
    Resource, SealingSecret, Server, SigningKey,
};
use vestibule_hyper::{Observer, Options, Seen, SystemClock, Vestibule, serve};

use crate::parties::{Application, Browser, Page, discover};
use crate::provider::{Provider, Script};
use crate::wire::Wire;

/// Answers until it is dropped.
pub(crate) struct Site {
    pub(crate) issuer: String,
    resource: String,
    wire: Wire,
    metadata: Value,
    server: Server,
    refusals: Arc<Refusals>,
    _provider: Provider,
    _runtime: Runtime,
}

/// A code, and what belongs to it.
pub(crate) struct SignedIn {
    pub(crate) code: String,
    pub(crate) verifier: String,
    /// What the person was asked.
    pub(crate) page: String,
    /// Where the browser was sent with the code.
    pub(crate) location: Url,
}

impl Site {
    /// With this between it and everybody else.
    pub(crate) fn with(transport: impl Transport + 'static) -> Self {
        let provider = Provider::start(Script::good("theirs", "their-access", "ada"));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let issuer = format!("http://{address}");
        let resource = format!("{issuer}/mcp");
        let server = Server::new(config(&issuer, &resource, &provider.origin)).unwrap();
        let driver =
            Composite { clock: SystemClock, transport, store: MemoryStore::new(), mapper: () };
        let refusals = Arc::<Refusals>::default();
        let mut options = Options::default();
        options.observer = Arc::clone(&refusals) as _;
        let vestibule = Vestibule::with_options(server.clone(), driver, options);
        runtime.spawn(serve(listener, vestibule, pending()));
        let wire = Wire::new(&issuer, &address);
        let metadata = discover(&wire, &issuer);
        assert_eq!(metadata["client_id_metadata_document_supported"], true);
        Self {
            issuer,
            resource,
            wire,
            metadata,
            server,
            refusals,
            _provider: provider,
            _runtime: runtime,
        }
    }

    pub(crate) fn client(&self, id: &str, back: &str) -> Application<'_, Wire> {
        Application::new(&self.wire, &self.metadata, id, None, back)
    }

    /// What a person is shown whom a client sends here.
    pub(crate) fn page(&self, id: &str, back: &str) -> Page {
        let asked = self.client(id, back).ask(Some(&self.resource));
        Browser::new(&self.wire).get(&asked.url)
    }

    /// A client has a person sign in, who allows it.
    pub(crate) fn sign_in(&self, id: &str, back: &str) -> SignedIn {
        let client = self.client(id, back);
        let asked = client.ask(Some(&self.resource));
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        let leaving = browser.press(&page, "provider", "idp");
        let at_provider = browser.follow(&leaving);
        let location = browser.follow(&at_provider).location();
        let code = client.code(&asked, &location);
        SignedIn { code, verifier: asked.verifier, page: page.body, location }
    }

    /// Goes where a browser was sent that has nothing to do with the server.
    pub(crate) fn visit(&self, url: &Url) -> Page {
        Browser::new(&self.wire).get(url)
    }

    /// Whom the resource takes the bearer of a token for.
    pub(crate) fn principal(&self, token: &str) -> Principal {
        let request = http::Request::get("/mcp").header("authorization", format!("Bearer {token}"));
        let (request, ()) = request.body(()).unwrap().into_parts();
        let judged = self.server.authenticate(&request, SystemClock.now());
        let principal = judged.unwrap();
        assert_eq!(principal.resource, self.resource);
        principal
    }

    /// Asks for tokens with a form of one's own: status and answer.
    pub(crate) fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(self.metadata["token_endpoint"].as_str().unwrap())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into_bytes());
        let response = self.wire.call(request.unwrap()).unwrap();
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    /// Why the last request was refused that was.
    pub(crate) fn last_refusal(&self) -> Option<Refusal> {
        self.refusals.0.lock().unwrap().last().cloned()
    }
}

fn config(issuer: &str, resource: &str, provider: &str) -> Config {
    let mut config = Config::new(
        Issuer::parse(issuer).unwrap(),
        vec![SealingSecret::new([1; 32]).unwrap()],
        vec![SigningKey::from_bytes(Algorithm::EdDsa, [1; 32]).unwrap()],
    );
    config.resources = vec![Resource::new(resource, vec!["read".to_owned()]).unwrap()];
    let at = |path| EndpointUrl::parse(&format!("{provider}{path}")).unwrap();
    let id = ProviderId::parse("idp").unwrap();
    let provider = custom(id, at("/authorize"), at("/token"), at("/userinfo"), "vestibule", None);
    config.providers = vec![provider];
    config
}

/// Remembers why requests were refused.
#[derive(Default)]
struct Refusals(Mutex<Vec<Refusal>>);

impl Observer for Refusals {
    fn observe(&self, seen: &Seen<'_>) {
        for event in seen.events {
            if let Event::Refused { refusal } = event {
                self.0.lock().unwrap().push(refusal.clone());
            }
        }
    }
}
