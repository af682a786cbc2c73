//! The floor: what no server can do without that answers the requests of a sign-in over HTTP and
//! asks an identity provider twice, and nothing else. It reads every request and every answer to
//! its end, signs once, and says what [`Recording`] has; it checks, seals and keeps nothing.
//!
//! It has the program's runtime, HTTP library, signature library and allocator.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::Ed25519KeyPair;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::listen;
use super::process::Process;
use super::recording::{Answer, Call, Recording, STEPS};

/// What it repeats, and whom it asks.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    recording: PathBuf,
    #[arg(long)]
    identity_provider: String,
}

/// Starts it.
pub(crate) fn start(recording: &str, identity_provider: &str) -> Process {
    let recording = ["--recording", recording];
    let identity_provider = ["--identity-provider", identity_provider];
    Process::in_role(&[&["floor-server"][..], &recording, &identity_provider].concat())
}

struct Floor {
    answers: [Said; STEPS.len()],
    calls: [Asks; 2],
    identity_provider: String,
    /// Connections to the identity provider that nobody uses.
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    key: Ed25519KeyPair,
    signing_input: Vec<u8>,
}

struct Said {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

struct Asks {
    method: Method,
    target: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// Until the process is ended.
pub(super) async fn serve(arguments: &Arguments) {
    let recording = Recording::read(&arguments.recording);
    let floor = Arc::new(Floor::new(&recording, &arguments.identity_provider));
    let listener = listen().await;
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let floor = Arc::clone(&floor);
        let service = service_fn(move |request| Arc::clone(&floor).answer(request));
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service);
        // People close their connections when they are done.
        tokio::spawn(async { connection.await.unwrap_or_default() });
    }
}

impl Floor {
    fn new(recording: &Recording, identity_provider: &str) -> Self {
        Self {
            answers: recording.answers.each_ref().map(Said::of),
            calls: recording.calls.each_ref().map(Asks::of),
            identity_provider: identity_provider.to_owned(),
            idle: Mutex::default(),
            key: Ed25519KeyPair::generate().unwrap(),
            signing_input: vec![b'a'; recording.signing_input()],
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        body.collect().await.unwrap();
        let step = match head.uri.path() {
            "/.well-known/oauth-authorization-server" => 0,
            "/oauth/register" => 1,
            "/oauth/authorize" => 2,
            "/oauth/consent" => 3,
            "/oauth/token" => {
                std::hint::black_box(self.key.sign(&self.signing_input));
                5
            }
            _ => {
                for call in &self.calls {
                    self.ask(call).await;
                }
                4
            }
        };
        Ok(self.answers[step].response())
    }

    async fn ask(&self, call: &Asks) {
        let mut connection = self.connection().await;
        let response = connection.send_request(call.request()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap();
        self.idle.lock().unwrap().push(connection);
    }

    /// One that is kept, or a new one.
    async fn connection(&self) -> SendRequest<Full<Bytes>> {
        let kept = self.idle.lock().unwrap().pop();
        if let Some(mut kept) = kept
            && kept.ready().await.is_ok()
        {
            return kept;
        }
        let stream = TcpStream::connect(&self.identity_provider).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(async { connection.await.unwrap_or_default() });
        sender
    }
}

impl Said {
    fn of(answer: &Answer) -> Self {
        Self {
            status: StatusCode::from_u16(answer.status).unwrap(),
            headers: answer.headers.map(),
            body: answer.body.clone().into(),
        }
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

impl Asks {
    fn of(call: &Call) -> Self {
        Self {
            method: call.method.parse().unwrap(),
            target: call.target.parse().unwrap(),
            headers: call.headers.map(),
            body: call.body.clone().into(),
        }
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}
