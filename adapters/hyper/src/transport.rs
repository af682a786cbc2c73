//! Calls over reqwest.

mod builder;
mod resolve;

pub use builder::{NoCertificate, NoTransport, ReqwestTransportBuilder};

use std::error::Error;
use std::fmt;

use bytes::{Bytes, BytesMut};
use resolve::OutsideReach;
use vestibule_core::drive::Transport;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

/// Calls providers with reqwest: HTTP/1.1, rustls, and the certificates that the machine trusts.
///
/// It keeps connections open, sends no cookies, follows no redirect, decodes no content coding, and
/// ignores the proxies that the environment names. A request that has begun to be sent is never
/// sent again; one that found its kept connection closed before its first byte is sent on a new
/// one.
///
/// Calls that may reach [`Reach::PublicAddresses`] only have connections of their own. Their URL is
/// judged before anything else; each name is resolved once for a connection, **every** address it
/// resolves to is judged, and the connection is made to one of those that were judged. One that
/// does not pass refuses the call, whatever the others are: [`Unreachable::NotPermitted`]. Few of
/// these names are looked up at a time, and the others wait, until their deadline: whoever answers
/// for a name slowly, on purpose, uses up no threads that the names of providers need.
#[derive(Clone)]
pub struct ReqwestTransport {
    configured: reqwest::Client,
    public: reqwest::Client,
}

impl ReqwestTransport {
    /// Reads the machine's trusted certificates and makes the connection pools.
    ///
    /// # Errors
    /// [`NoTransport`] where the machine trusts no certificate at all, or TLS cannot be set up.
    pub fn new() -> Result<Self, NoTransport> {
        Self::builder().build()
    }

    /// A transport with a resolver or certificate authorities of its own.
    #[must_use]
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }

    fn client(&self, reach: Reach) -> Option<&reqwest::Client> {
        // Two questions and not one `match`: core may learn of a reach that is unknown here.
        if reach == Reach::Configured {
            Some(&self.configured)
        } else if reach == Reach::PublicAddresses {
            Some(&self.public)
        } else {
            None
        }
    }
}

impl Transport for ReqwestTransport {
    async fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let client = self.client(call.reach).ok_or(Unreachable::NotPermitted)?;
        // A host that is an address is never resolved, so it is judged here.
        if !call.reach.permits_url(&call.url) {
            return Err(Unreachable::NotPermitted);
        }
        // One clock over name resolution, connecting, TLS and the last byte of the body.
        match tokio::time::timeout(call.deadline, exchange(client, call)).await {
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

async fn exchange(client: &reqwest::Client, call: HttpCall) -> Result<Response, Unreachable> {
    let mut request = client.request(call.method, call.url).headers(call.headers);
    if !call.body.is_empty() {
        request = request.body(call.body);
    }
    let mut answer = request.send().await.map_err(unreachable)?;
    let body = read_body(&mut answer, call.body_cap).await?;
    Ok(Response::new(answer.status(), std::mem::take(answer.headers_mut()), body))
}

/// The whole body, if it is no longer than `cap`; one that announces to be longer is not read at
/// all.
async fn read_body(answer: &mut reqwest::Response, cap: usize) -> Result<Bytes, Unreachable> {
    let announced = answer.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > cap) {
        return Err(Unreachable::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if chunk.len() > cap - body.len() {
            return Err(Unreachable::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// reqwest has no deadline of its own here and no cap: what it reports is a connection that failed,
/// unless our own resolver refused to name an address. Its errors hold the URL, and a URL's query
/// may hold what nobody else should read, so nothing of them is passed on.
fn unreachable(failed: reqwest::Error) -> Unreachable {
    let mut causes =
        std::iter::successors(Some(&failed as &dyn Error), |&failed| Error::source(failed));
    if causes.any(|cause| cause.is::<OutsideReach>()) {
        Unreachable::NotPermitted
    } else {
        Unreachable::Connection
    }
}
