//! Before anybody has signed in, a request leaves nothing behind: no row, no memory.
//!
//! `cargo bench -p vestibule --bench before_sign_in` starts the program with a SQLite store, sends
//! 1 000 requests to warm it up and 100 000 more, half of them registrations and half of them
//! authorization requests of the clients that were just registered, and compares the program's
//! resident memory (`VmRSS`, Linux) and the number of its records. It fails where more than 1 MiB or
//! any row was added.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench says what it measured, and fails where anything goes wrong"
)]

#[path = "town/mod.rs"]
mod town;

use std::time::Instant;

use tokio::runtime::Runtime;

use crate::town::connection::Connection;
use crate::town::one_thread;
use crate::town::program::{HOST, Program, Served, Store};
use crate::town::recording::Answer;
use crate::town::walk;

const WARM_UP: usize = 1_000;
const REQUESTS: usize = 100_000;
const MOST_KIB: u64 = 1024;

fn main() {
    // Nobody gets as far as the identity provider.
    let identity_provider = "127.0.0.1:9".to_owned();
    let executable = env!("CARGO_BIN_EXE_vestibule").into();
    let served = Program { executable, identity_provider }.start(Store::Sqlite);
    let mut clients =
        Clients { runtime: one_thread(), connection: Connection::to(&served.address), count: 0 };

    clients.ask(WARM_UP);
    let before = left(&served);
    let began = Instant::now();
    clients.ask(REQUESTS);
    let seconds = began.elapsed().as_secs_f64();
    let after = left(&served);

    println!("{REQUESTS} requests in {seconds:.1} s on one connection");
    println!("resident memory: {} KiB before, {} KiB after", before.0, after.0);
    println!("records: {} before, {} after", before.1, after.1);
    assert!(after.0 <= before.0 + MOST_KIB, "more than {MOST_KIB} KiB stayed");
    assert_eq!(after.1, before.1, "records stayed");
}

/// Resident memory in KiB, and records.
fn left(served: &Served) -> (u64, u64) {
    (served.process.resident() / 1024, served.records().unwrap())
}

/// One that registers after the other, and asks for a page.
struct Clients<'a> {
    runtime: Runtime,
    connection: Connection<'a>,
    count: usize,
}

impl Clients<'_> {
    fn ask(&mut self, requests: usize) {
        for _ in 0..requests / 2 {
            self.count += 1;
            let registration = walk::registration(&format!("Client {}", self.count));
            let registered = self.call(&registration, 201);
            let client_id = walk::client_id(&registered);
            let query = "response_type=code&state=s&code_challenge_method=S256\
                &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback\
                &resource=https%3A%2F%2Fmcp.example.com%2Fmcp\
                &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
            let page = self.call(
                &format!(
                    "GET /oauth/authorize?client_id={client_id}&{query} HTTP/1.1\r\n\
                     host: {HOST}\r\n\r\n"
                ),
                200,
            );
            assert!(page.body.contains("name=\"form\""), "no sign-in page: {}", page.body);
        }
    }

    fn call(&mut self, request: &str, status: u16) -> Answer {
        self.runtime.block_on(self.connection.call(request)).expect(status, request)
    }
}
