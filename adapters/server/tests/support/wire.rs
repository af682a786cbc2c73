//! The way from browsers and applications to the program: the HTTP client of the crate `oauth2`
//! itself, which follows no redirect, and a record of all that went over it.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use oauth2::http::header::HOST;
use oauth2::http::{HeaderMap, Method, StatusCode};
use oauth2::reqwest::blocking::Client;
use oauth2::reqwest::redirect;
use oauth2::{HttpClientError, HttpRequest, HttpResponse, SyncHttpClient, reqwest};

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reaches the program under its issuer. Where that is not the address it listens on, this does
/// what a proxy in front of it does: ends TLS and passes `Host` on.
pub(crate) struct Wire {
    client: Client,
    issuer: String,
    address: String,
    seen: Mutex<Vec<Exchange>>,
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) sent_headers: HeaderMap,
    pub(crate) sent: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) fn new(issuer: &str, address: &str) -> Self {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let (issuer, address) = (issuer.to_owned(), address.to_owned());
        Self { client, issuer, address, seen: Mutex::default() }
    }

    /// All that went over it so far.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.seen.lock().unwrap()
    }
}

impl SyncHttpClient for Wire {
    type Error = HttpClientError<reqwest::Error>;

    fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, Self::Error> {
        let url = request.uri().to_string();
        let path = url.strip_prefix(&self.issuer).filter(|path| path.starts_with('/'));
        if let Some(path) = path {
            let host = self.issuer.split("//").last().unwrap();
            *request.uri_mut() = format!("http://{}{path}", self.address).parse().unwrap();
            request.headers_mut().insert(HOST, host.parse().unwrap());
        }
        let (method, sent_headers) = (request.method().clone(), request.headers().clone());
        let sent = String::from_utf8_lossy(request.body()).into_owned();
        let response = self.client.call(request)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = String::from_utf8_lossy(response.body()).into_owned();
        self.seen().push(Exchange { method, url, sent_headers, sent, status, headers, body });
        Ok(response)
    }
}
