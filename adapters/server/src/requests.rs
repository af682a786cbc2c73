//! One log line per request, and the id that ties it to its answer: `x-request-id`.

mod observer;

pub(crate) use observer::Log;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use vestibule_hyper::RequestId;

/// Makes request ids: a part that differs from process to process and a count. Nothing is taken
/// from the request, where anybody could write anything.
#[derive(Clone)]
pub(crate) struct Ids {
    process: u32,
    count: Arc<AtomicU64>,
}

impl Ids {
    pub(crate) fn new() -> Self {
        // Ids need not be hard to guess; without randomness they still count.
        Self { process: getrandom::u32().unwrap_or_default(), count: Arc::default() }
    }

    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{count:x}", self.process)
    }
}

/// Logs what a part of the program answers by itself; Vestibule's own answers are logged by
/// [`Log`].
pub(crate) async fn log(
    State(part): State<&'static str>,
    request: Request,
    next: Next,
) -> Response {
    let told = Told::of(&request, part);
    let response = next.run(request).await;
    told.line(response.status());
    response
}

/// What is told of a request once it is answered.
pub(crate) struct Told {
    part: &'static str,
    began: Instant,
    id: Option<RequestId>,
    method: Method,
    uri: Uri,
}

impl Told {
    /// Of a request that a part of the program is about to answer.
    pub(crate) fn of(request: &Request, part: &'static str) -> Self {
        Self {
            part,
            began: Instant::now(),
            id: request.extensions().get().cloned(),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    /// Writes the line. Health is asked for every few seconds, and pages of `dev` are no news.
    pub(crate) fn line(&self, status: StatusCode) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "vestibule::request",
                    request_id = self.id.as_ref().map(RequestId::as_str),
                    part = self.part,
                    method = self.method.as_str(),
                    path = &*shown(self.uri.path()),
                    status = status.as_u16(),
                    duration_ms = milliseconds(self.began.elapsed()),
                )
            };
        }
        if status.as_u16() < 400 { line!(debug) } else { line!(info) }
    }
}

/// A path as a line shows it: its start, where somebody made it long to fill the log.
fn shown(path: &str) -> Cow<'_, str> {
    const LONGEST: usize = 200;
    match path.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &path[..at]).into(),
        None => path.into(),
    }
}

/// With three digits after the point.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
