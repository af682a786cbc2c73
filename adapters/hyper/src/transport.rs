use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::redirect;
use vestibule_core::drive::Transport;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

/// How long a connection to a provider is kept open for the next call. Servers close idle
/// connections after 5 seconds and more; a call sent at that very moment is lost, and a POST is not
/// sent again. So it is us who closes first.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one host.
const KEPT_PER_HOST: usize = 64;

/// Calls providers with reqwest: HTTP/1.1, rustls, and the certificates that the machine trusts.
///
/// It keeps connections open, sends no cookies, follows no redirect, decodes no content coding, and
/// ignores the proxies that the environment names. A request that has begun to be sent is never
/// sent again; one that found its kept connection closed before its first byte is sent on a new
/// one.
///
/// It resolves names by itself when it connects and **cannot pin addresses**, so it answers every
/// call that may reach [`Reach::PublicAddresses`] only with [`Unreachable::NotPermitted`].
#[derive(Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// Reads the machine's trusted certificates and makes a connection pool.
    ///
    /// # Errors
    /// [`NoTransport`] where the machine trusts no certificate at all, or TLS cannot be set up.
    pub fn new() -> Result<Self, NoTransport> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            // Said even where it is so by default: an application may have switched on features of
            // reqwest.
            .tls_backend_rustls()
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .pool_idle_timeout(KEPT_IDLE)
            .pool_max_idle_per_host(KEPT_PER_HOST)
            .build()
            .map_err(|source| NoTransport { source: source.into() })?;
        Ok(Self { client })
    }

    async fn exchange(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let mut request = self.client.request(call.method, call.url).headers(call.headers);
        if !call.body.is_empty() {
            request = request.body(call.body);
        }
        let mut answer = request.send().await.map_err(connection)?;
        let body = read_body(&mut answer, call.body_cap).await?;
        Ok(Response::new(answer.status(), std::mem::take(answer.headers_mut()), body))
    }
}

impl Transport for ReqwestTransport {
    async fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let Reach::Configured = call.reach else {
            return Err(Unreachable::NotPermitted);
        };
        // One clock over name resolution, connecting, TLS and the last byte of the body.
        match tokio::time::timeout(call.deadline, self.exchange(call)).await {
            Ok(answer) => answer,
            Err(_passed) => Err(Unreachable::Deadline),
        }
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestTransport")
    }
}

/// The whole body, if it is no longer than `cap`; one that announces to be longer is not read at
/// all.
async fn read_body(answer: &mut reqwest::Response, cap: usize) -> Result<Bytes, Unreachable> {
    let announced = answer.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > cap) {
        return Err(Unreachable::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(connection)? {
        if chunk.len() > cap - body.len() {
            return Err(Unreachable::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// reqwest has no deadline of its own here and no cap: what it reports is a connection that failed.
/// Its errors hold the URL, and a URL's query may hold what nobody else should read, so nothing of
/// them is passed on.
fn connection(_: reqwest::Error) -> Unreachable {
    Unreachable::Connection
}

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
#[error(
    "no HTTP client for calls to providers: the machine trusts no certificates; install them \
     (package ca-certificates), or name a file of them in SSL_CERT_FILE"
)]
#[non_exhaustive]
pub struct NoTransport {
    source: Box<dyn std::error::Error + Send + Sync>,
}
