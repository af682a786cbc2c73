//! Who drives a flow: its handler, without a task, and where that is gone a task.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gate;
mod sign_in;

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use gate::{Gate, Keeper, gate};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use http_body_util::Full;
use sign_in::{VERIFIER, between, coming_back, get, server};
use tokio::runtime::Handle;
use tower_service::Service;
use vestibule_hyper::{Options, Outcome, Vestibule};

type Handler = <Vestibule<Gate> as Service<http::Request<Full<Bytes>>>>::Future;

fn metadata(service: &Vestibule<Gate>) -> Handler {
    service.clone().call(get("/.well-known/oauth-authorization-server").map(Full::new))
}

fn signing_in(service: &Vestibule<Gate>) -> Handler {
    service.clone().call(coming_back(service.server()).map(Full::new))
}

fn redeeming(service: &Vestibule<Gate>, code: &str) -> Handler {
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fcb\
         &code={code}&code_verifier={VERIFIER}"
    );
    let request = http::Request::post("/oauth/token")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)));
    service.clone().call(request.unwrap())
}

/// A code's second redemption: it ends the grant, and where that cannot be written down, that is
/// tried once more after the answer.
async fn replaying(service: &Vestibule<Gate>, gate: &mut Keeper) -> Handler {
    gate.open_for_now();
    let back = signing_in(service).await.unwrap();
    let location = format!("{}&", back.headers()[LOCATION].to_str().unwrap());
    let code = between(&location, "code=", "&");
    assert_eq!(redeeming(service, code).await.unwrap().status(), StatusCode::OK);
    gate.shut();
    gate.forget();
    redeeming(service, code)
}

/// What was left to do when a flow was answered keeps its place until it is done.
async fn expect_follow_up(service: &Vestibule<Gate>, gate: &mut Keeper) {
    let told = gate.told().await;
    let answered = (Outcome::Replied, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((told.outcome, told.status), answered);
    gate.expect_answered().await;
    let mut shutdown = Box::pin(service.shutdown());
    tokio::select! {
        biased;
        () = &mut shutdown => unreachable!("it has not ended"),
        () = gate.expect(&["load"]) => {}
    }
    assert_eq!(tasks(), 1);
    gate.open();
    shutdown.await;
    gate.expect(&["swap"]).await;
    gate.expect_silence();
}

/// What one poll answers; nobody hears of it where it does not.
fn at_once(mut handler: Pin<&mut Handler>) -> Option<StatusCode> {
    match handler.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => Some(response.status()),
        Poll::Pending => None,
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Outside of a runtime, where nothing could be spawned.
#[test]
fn a_flow_that_never_waits_is_answered_at_once_and_without_a_task() {
    let (service, gate) = gate(server(), Options::default());
    assert_eq!(at_once(Pin::new(&mut metadata(&service))), Some(StatusCode::OK));
    gate.open();
    let back = at_once(Pin::new(&mut signing_in(&service)));
    assert_eq!(back, Some(StatusCode::SEE_OTHER), "its questions were answered at once");
    assert_eq!(service.driver().store.len(), 1);
}

#[test]
fn a_flow_that_panics_at_once_is_answered_at_once() {
    let (service, gate) = gate(server(), Options::default());
    gate.open();
    gate.panic_at_the_next_load();
    let refused = at_once(Pin::new(&mut signing_in(&service)));
    assert_eq!(refused, Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(at_once(Pin::new(&mut metadata(&service))), Some(StatusCode::OK));
}

#[tokio::test]
async fn a_flow_that_waits_becomes_a_task_when_its_client_goes_away() {
    let (service, mut gate) = gate(server(), Options::default());
    let mut handler = signing_in(&service);
    assert_eq!(at_once(Pin::new(&mut handler)), None);
    gate.expect(&["load"]).await;
    assert_eq!(tasks(), 0);
    drop(handler);
    assert_eq!(tasks(), 1);

    gate.open();
    service.shutdown().await;
    gate.expect(&["http", "http", "swap"]).await;
    assert_eq!(gate.told().await.status, StatusCode::SEE_OTHER);
    assert_eq!(service.driver().store.len(), 1);
}

#[tokio::test]
async fn what_is_to_follow_an_answer_becomes_a_task_and_keeps_its_place() {
    let (service, mut gate) = gate(server(), Options::default());
    let mut handler = replaying(&service, &mut gate).await;
    gate.open_without_swaps_until_answered();
    assert_eq!(at_once(Pin::new(&mut handler)), Some(StatusCode::SERVICE_UNAVAILABLE));
    expect_follow_up(&service, &mut gate).await;
}

#[tokio::test]
async fn what_is_to_follow_keeps_its_place_where_the_client_has_gone() {
    let (service, mut gate) = gate(server(), Options::default());
    let mut handler = replaying(&service, &mut gate).await;
    assert_eq!(at_once(Pin::new(&mut handler)), None);
    drop(handler);
    gate.open_without_swaps_until_answered();
    expect_follow_up(&service, &mut gate).await;
}

/// A runtime that goes down drops its handlers where nothing can be spawned any more.
#[test]
fn a_flow_may_be_dropped_outside_of_its_runtime() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (service, mut gate) = gate(server(), Options::default());

    let gone = runtime();
    let mut handler = signing_in(&service);
    assert_eq!(gone.block_on(async { at_once(Pin::new(&mut handler)) }), None);
    drop(gone);
    drop(handler);

    let runs = runtime();
    let mut handler = signing_in(&service);
    assert_eq!(runs.block_on(async { at_once(Pin::new(&mut handler)) }), None);
    drop(handler);
    gate.open();
    assert_eq!(runs.block_on(gate.told()).status, StatusCode::SEE_OTHER);
    // Neither keeps a place.
    runs.block_on(service.shutdown());
}

#[tokio::test]
async fn a_panic_after_the_client_has_gone_gives_back_the_place() {
    let mut options = Options::default();
    options.flows_at_most = 1;
    let (service, mut gate) = gate(server(), options);
    let mut handler = signing_in(&service);
    assert_eq!(at_once(Pin::new(&mut handler)), None);
    drop(handler);
    gate.panic_at_the_next_load();
    gate.open();
    assert_eq!(gate.told().await.outcome, Outcome::Panicked);
    service.shutdown().await;
}
