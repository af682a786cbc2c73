use std::collections::HashMap;
use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::line::Line;
use super::resolve::Judging;

/// How long a connection to a provider is kept open for the next call. Servers close idle
/// connections after 5 seconds and more; a call sent at that very moment is lost, and a POST is not
/// sent again. So it is us who closes first.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one host.
const KEPT_PER_HOST: usize = 64;

pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Connects, and keeps connections for the next call.
pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector<Judging>>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By scheme, host and port; the one that was used last is the last. None is empty.
    lines: HashMap<Box<str>, Vec<(Instant, Box<Line>)>>,
    /// Closes those that were not used for too long; it ends with the last of them.
    closing: Option<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn new(resolver: Judging, tls: Arc<ClientConfig>) -> Arc<Self> {
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        Arc::new(Self { connector: HttpsConnector::from((http, tls)), kept: Mutex::default() })
    }

    /// The connection to this origin that was used last.
    pub(super) fn take(&self, origin: &str) -> Option<Box<Line>> {
        let mut kept = self.kept();
        let lines = kept.lines.get_mut(origin)?;
        let last = lines.pop();
        if lines.is_empty() {
            kept.lines.remove(origin);
        }
        last.filter(|(since, _)| since.elapsed() < KEPT_IDLE).map(|(_, line)| line)
    }

    /// A new connection.
    pub(super) async fn connect(
        &self,
        origin: &str,
    ) -> Result<Box<Line>, Box<dyn Error + Send + Sync>> {
        let origin = Uri::try_from(origin)?;
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await?;
        Ok(Box::new(Line::over(connector.call(origin).await?).await?))
    }

    /// Keeps a connection that is free.
    pub(super) fn keep(self: &Arc<Self>, origin: &str, line: Box<Line>) {
        let mut kept = self.kept();
        let line = (Instant::now(), line);
        match kept.lines.get_mut(origin) {
            Some(lines) if lines.len() < KEPT_PER_HOST => lines.push(line),
            Some(_) => return,
            None => {
                kept.lines.insert(origin.into(), vec![line]);
            }
        }
        // It also ends where its runtime does.
        if kept.closing.as_ref().is_none_or(JoinHandle::is_finished) {
            kept.closing = Some(tokio::spawn(close_unused(Arc::downgrade(self))));
        }
    }

    /// Closes what was not used for too long; when the next is due, if one is left.
    fn close(&self) -> Option<Instant> {
        let mut kept = self.kept();
        kept.lines.retain(|_, lines| {
            lines.retain(|(since, _)| since.elapsed() < KEPT_IDLE);
            !lines.is_empty()
        });
        let oldest = kept.lines.values().flatten().map(|(since, _)| *since).min();
        if oldest.is_none() {
            // Said while nobody can keep another.
            kept.closing = None;
        }
        oldest.map(|since| since + KEPT_IDLE)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing that holds it can panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn close_unused(pool: Weak<Pool>) {
    while let Some(due) = pool.upgrade().and_then(|pool| pool.close()) {
        sleep_until(due).await;
    }
}
