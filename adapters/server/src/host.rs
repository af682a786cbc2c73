//! Which `Host` is answered where browsers reach a server at a loopback address. A page of another
//! site can make a browser send it requests under that site's name and then have the name resolve to
//! a loopback address (DNS rebinding); those requests show the other name in `Host`.
//!
//! Behind a public issuer nothing is checked: a proxy may send any `Host`, nothing here is made of
//! it, and whoever reaches the socket by another name finds what the issuer's name shows anyway.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use vestibule_core::Issuer;

use crate::requests;

/// What `Host` may name.
#[derive(Clone)]
pub(crate) struct OwnHost {
    /// `http://127.0.0.1:3000`: what to open.
    origin: Arc<str>,
    /// `127.0.0.1:3000`, and perhaps the address behind that.
    names: Arc<[String]>,
}

impl OwnHost {
    /// Of a listener that is bound, so that its port is known.
    pub(crate) fn of(listener: &TcpListener) -> Result<Self, String> {
        let name = named(address_of(listener)?);
        Ok(Self { origin: format!("http://{name}").into(), names: [name].into() })
    }

    /// Of a server whose issuer is a loopback URI: the issuer's own, and the listener's where a
    /// proxy on this machine says that. `None`: the issuer is public.
    pub(crate) fn of_loopback(
        issuer: &Issuer,
        listener: &TcpListener,
    ) -> Result<Option<Self>, String> {
        let origin = issuer.origin();
        let name = origin.split_once("://").map_or(origin, |(_, name)| name);
        if !is_loopback(name) {
            return Ok(None);
        }
        let mut names = vec![name.to_owned()];
        let address = address_of(listener)?;
        if address.ip().is_loopback() {
            names.push(named(address));
        }
        Ok(Some(Self { origin: origin.into(), names: names.into() }))
    }

    /// `http://127.0.0.1:3000`
    pub(crate) fn origin(&self) -> String {
        self.origin.as_ref().to_owned()
    }

    /// Puts the check around all of an application.
    pub(crate) fn around(self, app: Router) -> Router {
        app.layer(from_fn_with_state(self, only))
    }

    /// Whether a request names this host wherever it names one, and names it at all.
    fn is_named_by(&self, request: &Request) -> bool {
        let hosts = request.headers().get_all(header::HOST).iter().map(|host| host.as_bytes());
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let mut named = hosts.chain(target).peekable();
        let own =
            |host: &[u8]| self.names.iter().any(|name| host.eq_ignore_ascii_case(name.as_bytes()));
        named.peek().is_some() && named.all(own)
    }
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| format!("the socket is gone: {error}"))
}

/// An issuer has no port where it is the scheme's own, and no browser sends it in `Host` either.
fn named(address: SocketAddr) -> String {
    let text = address.to_string();
    if address.port() == 80 { text.trim_end_matches(":80").to_owned() } else { text }
}

/// Whether a host, with or without a port, is this machine.
fn is_loopback(name: &str) -> bool {
    let host = match name.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => name,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Answers 421 to requests for another host (RFC 9110 §15.5.20).
async fn only(State(own): State<OwnHost>, request: Request, next: Next) -> Response {
    if own.is_named_by(&request) {
        return next.run(request).await;
    }
    requests::Told::of(&request, "host check").line(StatusCode::MISDIRECTED_REQUEST);
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    let origin = own.origin();
    let name = origin.split_once("://").map_or(&*origin, |(_, name)| name);
    let text = format!("Only {name} is answered here. Open {origin}/ instead.\n");
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
        let names = ["127.0.0.1:3000".to_owned()].into();
        OwnHost { origin: "http://127.0.0.1:3000".into(), names }.is_named_by(&request)
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

    #[test]
    fn htt_22_a_loopback_issuer_is_told_from_a_public_one() {
        let loopback =
            ["localhost", "localhost:3000", "a.localhost", "127.0.0.1", "127.9.9.9:1", "[::1]"];
        assert!(loopback.into_iter().all(is_loopback) && is_loopback("[::1]:3000"));
        for public in ["auth.example.com", "localhost.example.com:1", "[2001:db8::1]", "10.0.0.1:8"]
        {
            assert!(!is_loopback(public), "{public}");
        }
    }
}
