//! An identity provider that a test plays itself: it says what its script has, and remembers what
//! it was asked.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use url::Url;

/// Answers until it is dropped.
pub(crate) struct Provider {
    pub(crate) origin: String,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

struct Shared {
    script: Mutex<Script>,
    asked: Mutex<Vec<Asked>>,
}

/// What it answers with.
#[derive(Clone)]
pub(crate) struct Script {
    /// What is added to the way back besides `state`.
    pub(crate) back: Vec<(&'static str, String)>,
    pub(crate) token: (u16, String),
    pub(crate) userinfo: (u16, String),
    /// What it publishes, by its path.
    pub(crate) documents: Vec<(&'static str, String)>,
}

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Provider {
    pub(crate) fn start(script: Script) -> Self {
        let shared = Arc::new(Shared { script: Mutex::new(script), asked: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { origin, shared, _runtime: runtime }
    }

    /// Changes what it will answer with.
    pub(crate) fn will(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.shared.script.lock().unwrap());
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Script {
    /// Everything goes well, and this person signs in.
    pub(crate) fn good(code: &str, access_token: &str, sub: &str) -> Self {
        let token = serde_json::json!({ "access_token": access_token, "token_type": "Bearer" });
        let userinfo = serde_json::json!({ "sub": sub });
        Self {
            back: vec![("code", code.to_owned())],
            token: (200, token.to_string()),
            userinfo: (200, userinfo.to_string()),
            documents: Vec::new(),
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().to_string();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    shared.asked.lock().unwrap().push(Asked {
        method: parts.method.clone(),
        target: target.clone(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let script = shared.script.lock().unwrap().clone();
    match (parts.method.as_str(), parts.uri.path()) {
        ("GET", "/authorize") => {
            let location = way_back(&target, &script.back);
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
        }
        ("POST", "/token") => said(script.token),
        ("GET", "/userinfo") => said(script.userinfo),
        ("GET", path) => match script.documents.into_iter().find(|(at, _)| *at == path) {
            Some((_, document)) => said((200, document)),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whoever comes is signed in already and goes straight back.
fn way_back(target: &str, said: &[(&str, String)]) -> String {
    let asked = Url::parse(&format!("http://provider.test{target}")).unwrap();
    let value = |name: &str| asked.query_pairs().find(|(key, _)| key == name).unwrap().1;
    let mut back = Url::parse(&value("redirect_uri")).unwrap();
    back.query_pairs_mut().extend_pairs(said).append_pair("state", &value("state"));
    back.into()
}

fn said((status, body): (u16, String)) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::from_u16(status).unwrap(), json, body).into_response()
}
