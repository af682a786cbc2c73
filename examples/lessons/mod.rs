//! The lessons that are servers, run over sockets by a browser and an OAuth client that know
//! nothing of Vestibule.

#![allow(clippy::unwrap_used, reason = "tests")]

mod actix;
mod complete;
// The Google that is played here signs as the one of core's tests.
#[allow(dead_code, unreachable_pub, reason = "one key and one ID token are used")]
#[path = "../../core/tests/world/id_tokens.rs"]
mod id_tokens;
// The same browser and the same application that sign in at the program.
#[path = "../../adapters/server/tests/support/parties/mod.rs"]
mod parties;
mod providers;
mod visit;
#[path = "../../adapters/server/tests/support/wire.rs"]
mod wire;

use std::future::Future;
use std::net::TcpListener;
use std::thread;

/// A socket that listens already, and its URL.
fn socket() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Serves until the process ends.
fn in_the_background<F: Future>(serve: impl FnOnce() -> F + Send + 'static) {
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { serve().await });
    });
}

/// The same of an axum application.
fn in_axum(listener: TcpListener, app: axum::Router) {
    listener.set_nonblocking(true).unwrap();
    in_the_background(|| async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, app).await.unwrap();
    });
}
