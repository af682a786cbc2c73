//! An identity provider that lets everybody in. No browser comes here: whoever returns from it to
//! the server, with any code, is a new person.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};

use super::connection::Connection;
use super::process::Process;
use super::recording::{Call, Headers};
use super::{listen, one_thread};

const REPORT: &str = "/report";

/// The process, as others see it.
pub(crate) struct IdentityProvider {
    _process: Process,
    pub(crate) address: String,
}

/// What it was asked so far.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) connections: u64,
    /// Codes that were exchanged, and people that were told of.
    pub(crate) asked: [u64; 2],
    /// The last call of each kind.
    pub(crate) last: [Option<Call>; 2],
}

impl IdentityProvider {
    pub(crate) fn start() -> Self {
        let mut process = Process::in_role(&["identity-provider"]);
        Self { address: process.address(), _process: process }
    }

    pub(crate) fn report(&self) -> Report {
        let answer = one_thread().block_on(async {
            let mut connection = Connection::to(&self.address);
            let request = format!("GET {REPORT} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
            connection.call(&request).await
        });
        serde_json::from_str(&answer.body).unwrap()
    }
}

#[derive(Default)]
struct Asked {
    connections: u64,
    asked: [u64; 2],
    last: [Option<(Parts, Bytes)>; 2],
}

/// Until the process is ended.
pub(crate) async fn serve() {
    let asked = Arc::new(Mutex::new(Asked::default()));
    let listener = listen().await;
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        asked.lock().unwrap().connections += 1;
        let asked = Arc::clone(&asked);
        let service = service_fn(move |request| answer(Arc::clone(&asked), request));
        let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A server that is killed takes its connections with it.
        tokio::spawn(async { served.await.unwrap_or_default() });
    }
}

async fn answer(
    asked: Arc<Mutex<Asked>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut asked = asked.lock().unwrap();
    let said = match (head.method.as_str(), head.uri.path()) {
        ("POST", "/token") => {
            asked.note(0, head, body);
            // As long as those of the large providers, in the end an opaque text.
            format!(
                r#"{{"access_token":"{:040}","token_type":"Bearer","expires_in":3600}}"#,
                asked.asked[0]
            )
        }
        ("GET", "/userinfo") => {
            asked.note(1, head, body);
            // Every text about a person is as long as about another.
            let n = asked.asked[1];
            format!(
                r#"{{"sub":"{n:016}","name":"Person {n:08}","email":"{n:08}@example.com","email_verified":true}}"#
            )
        }
        ("GET", REPORT) => serde_json::to_string(&asked.report()).unwrap(),
        other => panic!("the identity provider has no {other:?}"),
    };
    let mut response = Response::new(Full::new(said.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

impl Asked {
    fn note(&mut self, kind: usize, head: Parts, body: Bytes) {
        self.asked[kind] += 1;
        self.last[kind] = Some((head, body));
    }

    fn report(&self) -> Report {
        let call = |kind: usize| {
            let (head, body) = self.last[kind].as_ref()?;
            Some(Call {
                method: head.method.to_string(),
                target: head.uri.to_string(),
                headers: Headers::of(&head.headers),
                body: String::from_utf8(body.to_vec()).unwrap(),
            })
        };
        Report { connections: self.connections, asked: self.asked, last: [call(0), call(1)] }
    }
}
