//! Calls over hyper.

mod builder;
mod connection;
mod pool;
mod resolve;

pub use builder::{HyperTransportBuilder, NoCertificate, NoTransport};

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use connection::{Connection, Request};
use http::header::{ACCEPT, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use http_body_util::Full;
use pool::Pool;
use resolve::OutsideReach;
use tokio::sync::Semaphore;
use url::{Position, Url};
use vestibule_core::drive::Transport;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

/// Calls providers with hyper: HTTP/1.1, rustls, and the certificates that the machine trusts.
///
/// It keeps connections open, sends no cookies, follows no redirect, decodes no content coding, and
/// ignores the proxies that the environment names. A request that has begun to be sent is never
/// sent again; one that found its kept connection closed before its first byte is sent on a new
/// one.
///
/// Calls that may reach [`Reach::PublicAddresses`] only have connections of their own. Their URL is
/// judged before anything else; each name is resolved once for a connection, **every** address it
/// resolves to is judged, and the connection is made to one of those that were judged. One that
/// does not pass refuses the call, whatever the others are: [`Unreachable::NotPermitted`]. At most 256
/// of these names are looked up at a time, and the others wait, until their deadline: whoever answers
/// for a name slowly, on purpose, uses up no threads that the names of providers need. No more than
/// 256 such calls are made at a time; one more is not begun: [`Unreachable::Busy`].
#[derive(Clone)]
pub struct HyperTransport {
    configured: Arc<Pool>,
    public: Arc<Pool>,
    /// One for each call that may be made to whom strangers name.
    places: Arc<Semaphore>,
}

/// How many calls to public addresses are made at a time. Each holds a socket and a body of its own,
/// and whoever is called may let it wait until its deadline.
const PUBLIC_AT_MOST: usize = 256;

impl HyperTransport {
    /// Reads the machine's trusted certificates and makes the connection pools.
    ///
    /// # Errors
    /// [`NoTransport`] where the machine trusts no certificate at all, or TLS cannot be set up.
    pub fn new() -> Result<Self, NoTransport> {
        Self::builder().build()
    }

    /// A transport with a resolver or certificate authorities of its own.
    #[must_use]
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    fn pool(&self, reach: Reach) -> Option<&Arc<Pool>> {
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

impl Transport for HyperTransport {
    async fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let pool = self.pool(call.reach).ok_or(Unreachable::NotPermitted)?;
        // A host that is an address is never resolved, so it is judged here.
        if !call.reach.permits_url(&call.url) {
            return Err(Unreachable::NotPermitted);
        }
        let _place = if call.reach == Reach::Configured {
            None
        } else {
            Some(self.places.try_acquire().map_err(|_| Unreachable::Busy)?)
        };
        // One clock over name resolution, connecting, TLS and the last byte of the body.
        // Apart from the flow that waits for it: it is large, and most flows make none.
        match Box::pin(tokio::time::timeout(call.deadline, exchange(pool, call))).await {
            Ok(answer) => answer,
            Err(_passed) => Err(Unreachable::Deadline),
        }
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HyperTransport")
    }
}

async fn exchange(pool: &Arc<Pool>, mut call: HttpCall) -> Result<Response, Unreachable> {
    let request = request(&mut call)?;
    let origin = &call.url[..Position::BeforePath];
    let (mut connection, answer) = answered(pool, origin, request).await?;
    let (head, body) = answer.into_parts();
    let body = connection.read(body, call.body_cap).await?;
    if connection.is_free().await {
        pool.keep(origin, connection);
    }
    Ok(Response::new(head.status, head.headers, body))
}

/// Sends a request on a connection that was kept, or on a new one.
async fn answered(
    pool: &Pool,
    origin: &str,
    mut request: Request,
) -> Result<(Box<Connection>, http::Response<hyper::body::Incoming>), Unreachable> {
    while let Some(mut connection) = pool.take(origin) {
        match connection.send(request).await {
            Ok(answer) => return Ok((connection, answer)),
            // The connection was closed while it was kept, and took nothing of the request.
            Err(mut failed) => match failed.take_message() {
                Some(unsent) => request = unsent,
                None => return Err(Unreachable::Connection),
            },
        }
    }
    // Apart: it is large, and most calls find a connection.
    let connected = Box::pin(pool.connect(origin)).await;
    let mut connection = connected.map_err(|failed| unreachable(&*failed))?;
    let answer = connection.send(request).await.map_err(|_| Unreachable::Connection)?;
    Ok((connection, answer))
}

fn request(call: &mut HttpCall) -> Result<Request, Unreachable> {
    let mut request = Request::new(Full::new(std::mem::take(&mut call.body)));
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = target(&call.url)?;
    let host = &call.url[Position::BeforeHost..Position::AfterPort];
    let host = HeaderValue::from_str(host).map_err(|_| Unreachable::Connection)?;
    let mut theirs = std::mem::take(&mut call.headers);
    theirs.remove(HOST);
    let headers = request.headers_mut();
    // They are sent in this order, and this one comes first (RFC 9110 §7.2).
    headers.insert(HOST, host);
    headers.extend(theirs);
    let agent = concat!("vestibule/", env!("CARGO_PKG_VERSION"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
    // The same as none, and what those in front of a provider expect of a client.
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    Ok(request)
}

/// What the request asks its host for (RFC 9112 §3.2.1).
fn target(url: &Url) -> Result<Uri, Unreachable> {
    let target = &url[Position::BeforePath..Position::AfterQuery];
    PathAndQuery::try_from(target).map(Uri::from).map_err(|_| Unreachable::Connection)
}

/// Why there is no connection. Errors may hold what nobody else should read, so nothing of them is
/// passed on but whether our own resolver refused to name an address.
fn unreachable(failed: &(dyn Error + 'static)) -> Unreachable {
    let mut causes = std::iter::successors(Some(failed), |&failed| Error::source(failed));
    if causes.any(|cause| cause.is::<OutsideReach>()) {
        Unreachable::NotPermitted
    } else {
        Unreachable::Connection
    }
}
