//! The guard of a resource in another process than the server's.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod sign_in;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gate::gate;
use http::StatusCode;
use http::header::AUTHORIZATION;
use sign_in::{get, server_at, server_for};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use vestibule_core::drive::{Composite, Transport};
use vestibule_core::{
    Challenge, Denied, HttpCall, Issuer, MemoryStore, Parts, Principal, Reply, Request, Resource,
    Response, Server, Step, Tick, Timestamp, Unreachable, Verifier,
};
use vestibule_hyper::{Guard, HyperTransport, Options, Remote, SystemClock, Vestibule, serve};

const RES: &str = "http://127.0.0.1:1/mcp";

fn resource() -> Resource {
    Resource::new(RES, vec!["read".to_owned()]).unwrap()
}

/// The way to a server, as far as it is public, with a gate before it.
#[derive(Clone)]
struct Way(Arc<Shared>);

struct Shared {
    server: Server,
    calls: AtomicUsize,
    open: Semaphore,
}

impl Transport for Way {
    async fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        // Closed once it is open.
        let _ = self.0.open.acquire().await;
        let request = Request::from(get(call.url.path()));
        let tick = Tick::new(Timestamp::from_seconds(0), [0; 32]);
        let Step::Done(Reply { response, .. }) = self.0.server.handle(request, tick) else {
            unreachable!("what is public asks nothing")
        };
        Ok(response)
    }
}

impl Way {
    fn open(&self) {
        self.0.open.close();
    }

    fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }
}

fn remote() -> (Remote<SystemClock, Way>, Way, Server) {
    let server = server_for(vec![resource()]);
    let (calls, open) = (AtomicUsize::new(0), Semaphore::new(0));
    let way = Way(Arc::new(Shared { server: server.clone(), calls, open }));
    let verifier = Verifier::new(server.issuer().clone(), resource());
    (Remote::new(verifier, SystemClock, way.clone()), way, server)
}

/// An access token of the server's.
async fn token(server: &Server) -> String {
    let (vestibule, keeper) = gate(server.clone(), Options::default());
    keeper.open();
    tokens::access_token(&vestibule, "").await
}

/// A request with a token, or with what looks like one.
fn with(token: &str) -> Parts {
    let request = http::Request::get("/mcp").header(AUTHORIZATION, format!("Bearer {token}"));
    request.body(()).unwrap().into_parts().0
}

async fn judged<G: Guard>(guard: &G, request: &Parts) -> Result<Principal, Challenge> {
    guard.authenticate(&guard.protected(request).unwrap(), request).await
}

async fn reason<G: Guard>(guard: &G, token: &str) -> Option<Denied> {
    judged(guard, &with(token)).await.err().map(|challenge| challenge.reason())
}

#[tokio::test]
async fn the_first_token_has_the_keys_fetched_and_the_next_ones_do_not() {
    let (remote, way, server) = remote();
    way.open();
    let token = token(&server).await;
    for _ in 0..3 {
        assert_eq!(reason(&remote, &token).await, None);
    }
    assert_eq!(way.calls(), 2, "the metadata, and the keys");
}

/// Nobody needs a key to be told that they have no token.
#[tokio::test]
async fn who_has_no_token_does_not_wait_for_the_server() {
    let (remote, _shut, _) = remote();
    let nobody = get("/mcp").into_parts().0;
    let refused = judged(&remote, &nobody).await.unwrap_err();
    assert_eq!(refused.reason(), Denied::NoToken);
}

#[tokio::test]
async fn jwt_07_many_at_once_make_one_refresh() {
    let (remote, way, server) = remote();
    let token = token(&server).await;
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (remote, token) = (remote.clone(), token.clone());
            tokio::spawn(async move { reason(&remote, &token).await })
        })
        .collect();
    while way.calls() == 0 {
        tokio::task::yield_now().await;
    }
    way.open();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), None);
    }
    assert_eq!(way.calls(), 2);
}

/// Others wait for what it began.
#[tokio::test]
async fn a_client_that_goes_away_ends_no_refresh() {
    let (remote, way, server) = remote();
    let token = token(&server).await;
    let gone = tokio::spawn({
        let (remote, token) = (remote.clone(), token.clone());
        async move { reason(&remote, &token).await }
    });
    while way.calls() == 0 {
        tokio::task::yield_now().await;
    }
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    way.open();
    assert_eq!(reason(&remote, &token).await, None);
    assert_eq!(way.calls(), 2);
}

#[tokio::test]
async fn where_the_server_cannot_be_reached_the_answer_is_to_come_again() {
    let server = server_for(vec![resource()]);
    let token = token(&server).await;
    // Nobody listens on port 1.
    let verifier = Verifier::new(server.issuer().clone(), resource());
    let remote = Remote::new(verifier, SystemClock, HyperTransport::new().unwrap());
    let refused = judged(&remote, &with(&token)).await.unwrap_err();
    assert_eq!(refused.response().status, StatusCode::SERVICE_UNAVAILABLE);
    let why = remote.failure().unwrap().to_string();
    assert_eq!(why, "no answer came: the connection failed");
}

#[tokio::test]
async fn over_sockets_a_token_is_judged_by_the_keys_that_the_server_publishes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let server = server_at(&issuer, vec![resource()]);
    let driver = Composite {
        clock: SystemClock,
        transport: HyperTransport::new().unwrap(),
        store: MemoryStore::new(),
        mapper: (),
    };
    let vestibule = Vestibule::new(server.clone(), driver);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, vestibule, async {
        let _ = stopped.await;
    }));

    let token = token(&server).await;
    let verifier = Verifier::new(Issuer::parse(&issuer).unwrap(), resource());
    let remote = Remote::new(verifier, SystemClock, HyperTransport::new().unwrap());
    assert_eq!(reason(&remote, &token).await, None);

    drop(stop);
    serving.await.unwrap();
}
