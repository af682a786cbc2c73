use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Uri};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};
use vestibule_core::drive::blocking::Transport;
use vestibule_core::{HttpCall, Reach, Response, Unreachable};

/// How long a connection to a provider is kept open for the next call. Servers close idle
/// connections after 5 seconds and more; a call sent at that very moment is lost, and a POST is not
/// sent again. So it is us who closes first.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one host.
const KEPT_PER_HOST: usize = 16;

/// Calls providers with ureq: HTTP/1.1, rustls, and the certificates that the machine trusts.
///
/// It keeps connections open, sends no cookies, follows no redirect, decodes no content coding,
/// sends nothing twice, and ignores the proxies that the environment names.
///
/// It resolves names by itself when it connects and **cannot pin addresses**, so it answers every
/// call that may reach [`Reach::PublicAddresses`] only with [`Unreachable::NotPermitted`].
#[derive(Clone)]
pub struct UreqTransport {
    agent: Agent,
}

impl UreqTransport {
    /// An empty connection pool. The machine's trusted certificates are read at the first call that
    /// needs them.
    #[must_use]
    pub fn new() -> Self {
        let trusted = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .tls_config(trusted)
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            // Said even where it is so by default: an application may have switched on features of
            // ureq.
            .accept_encoding("")
            .max_idle_age(KEPT_IDLE)
            .max_idle_connections_per_host(KEPT_PER_HOST)
            .build();
        Self { agent: config.new_agent() }
    }

    fn exchange(&self, call: HttpCall) -> Result<Response, ureq::Error> {
        let mut request = http::Request::new(&call.body[..]);
        *request.uri_mut() = Uri::try_from(call.url.as_str()).map_err(http::Error::from)?;
        *request.headers_mut() = call.headers;
        *request.method_mut() = call.method;
        let mut answer = if request.method() == Method::GET {
            self.run(request.map(|_| ()), call.deadline)?
        } else {
            self.run(request, call.deadline)?
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
        &self,
        request: http::Request<impl ureq::AsSendBody>,
        deadline: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let request = self.agent.configure_request(request).timeout_global(Some(deadline)).build();
        self.agent.run(request)
    }
}

impl Transport for UreqTransport {
    fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let Reach::Configured = call.reach else {
            return Err(Unreachable::NotPermitted);
        };
        self.exchange(call).map_err(unreachable)
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

/// ureq's errors hold the URL, and a URL's query may hold what nobody else should read, so nothing
/// of them is passed on.
fn unreachable(failed: ureq::Error) -> Unreachable {
    if matches!(failed, ureq::Error::Timeout(_)) {
        Unreachable::Deadline
    } else if matches!(failed, ureq::Error::BodyExceedsLimit(_)) {
        Unreachable::TooLarge
    } else {
        // Name resolution, connecting, TLS, a connection that broke, and what is no HTTP.
        Unreachable::Connection
    }
}
