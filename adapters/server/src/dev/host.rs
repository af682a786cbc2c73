//! Which `Host` is answered. A page of another site can make a browser send it requests under that
//! site's name and then have the name resolve to a loopback address (DNS rebinding); those requests
//! show the other name in `Host`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use crate::requests;

/// The address of a listener, as `Host` must name it.
#[derive(Clone)]
pub(super) struct OwnHost(Arc<str>);

impl OwnHost {
    /// Of a listener that is bound, so that its port is known.
    pub(super) fn of(listener: &TcpListener) -> Result<Self, String> {
        let address = listener.local_addr();
        let address = address.map_err(|error| format!("the socket is gone: {error}"))?;
        // An issuer has no port where it is the scheme's own, and no browser sends it in `Host`
        // either.
        Ok(Self(match address.port() {
            80 => address.to_string().trim_end_matches(":80").into(),
            _ => address.to_string().into(),
        }))
    }

    /// `http://127.0.0.1:3000`
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.0)
    }

    /// Whether a request names this host wherever it names one, and names it at all.
    fn is_named_by(&self, request: &Request) -> bool {
        let hosts = request.headers().get_all(header::HOST).iter().map(|host| host.as_bytes());
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let mut named = hosts.chain(target).peekable();
        named.peek().is_some() && named.all(|host| host.eq_ignore_ascii_case(self.0.as_bytes()))
    }
}

/// Answers 421 to requests for another host (RFC 9110 §15.5.20).
pub(super) async fn only(State(own): State<OwnHost>, request: Request, next: Next) -> Response {
    if own.is_named_by(&request) {
        return next.run(request).await;
    }
    requests::Told::of(&request, "host check").line(StatusCode::MISDIRECTED_REQUEST);
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let text = format!("Only {} is answered here. Open {}/ instead.\n", own.0, own.origin());
    (StatusCode::MISDIRECTED_REQUEST, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn is_answered(target: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let request = request.body(Body::empty()).unwrap_or_else(|_| unreachable!());
        OwnHost("127.0.0.1:3000".into()).is_named_by(&request)
    }

    #[test]
    fn htt_22_only_the_own_host_is_answered() {
        assert!(is_answered("/", &["127.0.0.1:3000"]));
        for hosts in
            [&["attacker.test"][..], &["attacker.test:3000"], &["127.0.0.1"], &["localhost:3000"]]
        {
            assert!(!is_answered("/", hosts), "{hosts:?}");
        }
    }

    #[test]
    fn htt_22_a_second_name_or_none_is_not_answered() {
        assert!(!is_answered("/", &[]));
        assert!(!is_answered("/", &["127.0.0.1:3000", "attacker.test"]));
        assert!(!is_answered("http://attacker.test/", &["127.0.0.1:3000"]));
    }
}
