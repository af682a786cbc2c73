//! Connections that are free, kept for the next call to the same origin.

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

use super::connection::Connection;
use super::resolve::Judging;

/// How long a connection to a provider is kept open for the next call. Servers close idle
/// connections after 5 seconds and more; a call sent at that very moment is lost, and a POST is not
/// sent again. So it is us who closes first.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one host.
const KEPT_PER_HOST: usize = 64;

/// The same for all hosts together: strangers' hosts are as many as strangers like.
const KEPT_AT_MOST: usize = 256;

pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Connects, and keeps connections for the next call.
pub(super) struct Pool {
    connector: HttpsConnector<HttpConnector<Judging>>,
    /// The longest head of an answer that is read, in bytes.
    head_cap: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By scheme, host and port; the one that was used last is the last. None is empty.
    connections: HashMap<Box<str>, Vec<(Instant, Box<Connection>)>>,
    /// Closes those that were not used for too long; it ends with the last of them.
    closing: Option<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn new(resolver: Judging, tls: Arc<ClientConfig>, head_cap: usize) -> Arc<Self> {
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = HttpsConnector::from((http, tls));
        Arc::new(Self { connector, head_cap, kept: Mutex::default() })
    }

    /// The connection to this origin that was used last.
    pub(super) fn take(&self, origin: &str) -> Option<Box<Connection>> {
        let mut kept = self.kept();
        let connections = kept.connections.get_mut(origin)?;
        let last = connections.pop();
        if connections.is_empty() {
            kept.connections.remove(origin);
        }
        last.filter(|(since, _)| since.elapsed() < KEPT_IDLE).map(|(_, connection)| connection)
    }

    /// A new connection.
    pub(super) async fn connect(
        &self,
        origin: &str,
    ) -> Result<Box<Connection>, Box<dyn Error + Send + Sync>> {
        let origin = Uri::try_from(origin)?;
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await?;
        Ok(Box::new(Connection::over(connector.call(origin).await?, self.head_cap).await?))
    }

    /// Keeps a connection that is free, if need be in the place of the one kept longest.
    pub(super) fn keep(self: &Arc<Self>, origin: &str, connection: Box<Connection>) {
        let mut kept = self.kept();
        if kept.connections.get(origin).is_some_and(|same| same.len() >= KEPT_PER_HOST) {
            return;
        }
        if kept.connections.values().map(Vec::len).sum::<usize>() >= KEPT_AT_MOST {
            kept.close_oldest();
        }
        let connection = (Instant::now(), connection);
        match kept.connections.get_mut(origin) {
            Some(same) => same.push(connection),
            None => {
                kept.connections.insert(origin.into(), vec![connection]);
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
        kept.connections.retain(|_, connections| {
            connections.retain(|(since, _)| since.elapsed() < KEPT_IDLE);
            !connections.is_empty()
        });
        let oldest = kept.connections.values().flatten().map(|(since, _)| *since).min();
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

impl Kept {
    fn close_oldest(&mut self) {
        let firsts = self.connections.iter_mut();
        let oldest = firsts.min_by_key(|(_, same)| same.first().map(|(since, _)| *since));
        if let Some((_, same)) = oldest {
            same.remove(0);
        }
        self.connections.retain(|_, same| !same.is_empty());
    }
}

async fn close_unused(pool: Weak<Pool>) {
    while let Some(due) = pool.upgrade().and_then(|pool| pool.close()) {
        sleep_until(due).await;
    }
}
