//! Calls over ureq.

mod builder;
mod places;
mod resolve;

pub use builder::{NoCertificate, UreqTransportBuilder};

use std::fmt;

use bytes::Bytes;
use http::{Method, Uri};
use resolve::OutsideReach;
use ureq::Agent;
use vestibule_core::drive::blocking::Transport;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

/// Calls providers with ureq: HTTP/1.1, rustls, and the certificates that the machine trusts.
///
/// It keeps connections open, sends no cookies, follows no redirect, decodes no content coding,
/// sends nothing twice, and ignores the proxies that the environment names.
///
/// Calls that may reach [`Reach::PublicAddresses`] only have connections of their own. Their URL is
/// judged before anything else; the name is resolved once for a call, **every** address it resolves
/// to is judged, and a connection is made to one of those that were judged. One that does not pass
/// refuses the call, whatever the others are: [`Unreachable::NotPermitted`]. Few of these names are
/// looked up at a time, and the others wait, until their deadline: whoever answers for a name
/// slowly, on purpose, uses up no threads that the names of providers need.
#[derive(Clone)]
pub struct UreqTransport {
    configured: Agent,
    public: Agent,
}

impl UreqTransport {
    /// Empty connection pools. The machine's trusted certificates are read at the first call that
    /// needs them.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A transport with a resolver or certificate authorities of its own.
    #[must_use]
    pub fn builder() -> UreqTransportBuilder {
        UreqTransportBuilder::default()
    }

    fn agent(&self, reach: Reach) -> Option<&Agent> {
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

impl Transport for UreqTransport {
    fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let agent = self.agent(call.reach).ok_or(Unreachable::NotPermitted)?;
        if !call.reach.permits_url(&call.url) {
            return Err(Unreachable::NotPermitted);
        }
        exchange(agent, call).map_err(unreachable)
    }
}

impl Default for UreqTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for UreqTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UreqTransport")
    }
}

fn exchange(agent: &Agent, call: HttpCall) -> Result<Response, ureq::Error> {
    let mut request = http::Request::new(&call.body[..]);
    *request.uri_mut() = Uri::try_from(call.url.as_str()).map_err(http::Error::from)?;
    *request.headers_mut() = call.headers;
    *request.method_mut() = call.method;
    let mut answer = if request.method() == Method::GET {
        run(agent, request.map(|_| ()), call.deadline)?
    } else {
        run(agent, request, call.deadline)?
    };
    let cap = call.body_cap as u64;
    if answer.body().content_length().is_some_and(|announced| announced > cap) {
        return Err(ureq::Error::BodyExceedsLimit(cap));
    }
    let body = answer.body_mut().with_config().limit(cap).read_to_vec()?;
    let status = answer.status();
    Ok(Response::new(status, std::mem::take(answer.headers_mut()), Bytes::from(body)))
}

fn run(
    agent: &Agent,
    request: http::Request<impl ureq::AsSendBody>,
    deadline: std::time::Duration,
) -> Result<http::Response<ureq::Body>, ureq::Error> {
    agent.run(agent.configure_request(request).timeout_global(Some(deadline)).build())
}

/// ureq's errors hold the URL, and a URL's query may hold what nobody else should read, so nothing
/// of them is passed on.
fn unreachable(failed: ureq::Error) -> Unreachable {
    if matches!(failed, ureq::Error::Timeout(_)) {
        Unreachable::Deadline
    } else if matches!(failed, ureq::Error::BodyExceedsLimit(_)) {
        Unreachable::TooLarge
    } else if matches!(failed, ureq::Error::Other(cause) if cause.is::<OutsideReach>()) {
        Unreachable::NotPermitted
    } else {
        // Name resolution, connecting, TLS, a connection that broke, and what is no HTTP.
        Unreachable::Connection
    }
}
