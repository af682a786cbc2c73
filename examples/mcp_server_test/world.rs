use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vestibule_core::drive::{Clock, Composite};
use vestibule_core::provider::{Provider, custom};
use vestibule_core::{
    Algorithm, EndpointUrl, Issuer, MemoryStore, Pause, ProviderId, Resource, SealingSecret,
    Server, SigningKey, Tick,
};
use vestibule_hyper::{HyperTransport, Protect, SystemClock, Vestibule};

use crate::mcp_server::{app, config};

/// The example behind a socket, an identity provider behind another one, and a resource beside the
/// MCP server, at `/other`. They end with it.
pub(crate) struct World {
    pub(crate) origin: String,
    clock: Wound,
    serving: [JoinHandle<()>; 2],
}

impl World {
    pub(crate) async fn start() -> Self {
        let (idp, idp_origin) = listen().await;
        let (listener, origin) = listen().await;
        let clock = Wound::default();
        let vestibule = vestibule(&origin, &idp_origin, clock.clone());
        let other = Router::new()
            .route("/other", get(async || "the other one's"))
            .route_layer(Protect::new(vestibule.clone()));
        let serving =
            [serve(idp, identity_provider()), serve(listener, app(vestibule).merge(other))];
        Self { origin, clock, serving }
    }

    /// The only thing that a client is told.
    pub(crate) fn mcp(&self) -> String {
        format!("{}/mcp", self.origin)
    }

    /// What the server takes for now is later than it was.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_secs(), Ordering::Relaxed);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

/// The system's clock, put forward.
#[derive(Clone, Default)]
struct Wound(Arc<AtomicU64>);

impl Clock for Wound {
    fn tick(&self) -> Tick {
        let mut tick = SystemClock.tick();
        tick.now = tick.now.after(Duration::from_secs(self.0.load(Ordering::Relaxed)));
        tick
    }

    async fn pause(&self, pause: Pause) {
        SystemClock.pause(pause).await;
    }
}

type Driver = Composite<Wound, HyperTransport, MemoryStore>;

fn vestibule(origin: &str, idp: &str, clock: Wound) -> Vestibule<Driver> {
    let mut config = config(
        Issuer::parse(origin).unwrap(),
        SealingSecret::new([1; 32]).unwrap(),
        SigningKey::from_bytes(Algorithm::EdDsa, [2; 32]).unwrap(),
        provider(idp),
    )
    .unwrap();
    config.resources.push(Resource::new(&format!("{origin}/other"), Vec::new()).unwrap());
    let driver = Composite {
        clock,
        transport: HyperTransport::new().unwrap(),
        store: MemoryStore::new(),
        mapper: (),
    };
    Vestibule::new(Server::new(config).unwrap(), driver)
}

fn provider(origin: &str) -> Provider {
    let at = |path| EndpointUrl::parse(&format!("{origin}{path}")).unwrap();
    let id = ProviderId::parse("idp").unwrap();
    custom(id, at("/authorize"), at("/token"), at("/userinfo"), "vestibule", None)
}

/// Whoever comes is signed in already, as who their browser says; codes and tokens are their names.
fn identity_provider() -> Router {
    async fn authorize(request: Request) -> Response {
        let asked = Url::parse(&format!("http://idp.test{}", request.uri())).unwrap();
        let said = |name| asked.query_pairs().find(|(it, _)| it == name).unwrap().1;
        let mut back = Url::parse(&said("redirect_uri")).unwrap();
        let answer = [("code", said("person")), ("state", said("state"))];
        back.query_pairs_mut().extend_pairs(answer);
        Redirect::to(back.as_str()).into_response()
    }

    async fn token(form: String) -> axum::Json<Value> {
        let mut pairs = form_urlencoded::parse(form.as_bytes());
        let person = pairs.find(|(name, _)| name == "code").unwrap().1;
        axum::Json(json!({ "access_token": person, "token_type": "Bearer" }))
    }

    async fn userinfo(request: Request) -> axum::Json<Value> {
        let authorization = request.headers()["authorization"].to_str().unwrap();
        axum::Json(json!({ "sub": authorization.strip_prefix("Bearer ").unwrap() }))
    }

    Router::new()
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(userinfo))
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    (listener, origin)
}

fn serve(listener: TcpListener, app: Router) -> JoinHandle<()> {
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() })
}
