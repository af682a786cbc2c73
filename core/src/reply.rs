//! What comes in and what goes out: our own types over `http` and `bytes`, with a `Debug` that
//! tells no secrets.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::event::Event;
use crate::refusal::{HttpFault, Refusal};
use crate::step::Step;

/// The head of a request, as every framework has it.
pub type Parts = http::request::Parts;

/// Few answers have more header fields: room for so many is made at once.
const USUAL_HEADERS: usize = 12;

/// A request to one of Vestibule's endpoints, its body read to the end.
pub struct Request {
    parts: Parts,
    body: Body,
}

enum Body {
    Complete(Bytes),
    TooLarge,
    TooSlow,
    /// Read or not: it is not looked at.
    TooMany(Duration),
}

impl Request {
    /// The longest body an endpoint looks at, in bytes. An adapter stops reading there and says
    /// [`Request::too_large`].
    pub const BODY_LIMIT: usize = 64 * 1024;

    /// A request whose body was read to its end.
    #[must_use]
    pub fn new(parts: Parts, body: Bytes) -> Self {
        if body.len() > Self::BODY_LIMIT {
            return Self::too_large(parts);
        }
        Self { parts, body: Body::Complete(body) }
    }

    /// A request whose body is longer than [`Request::BODY_LIMIT`]; it is answered with 413.
    #[must_use]
    pub fn too_large(parts: Parts) -> Self {
        Self { parts, body: Body::TooLarge }
    }

    /// A request whose body did not come in time; it is answered with 408.
    #[must_use]
    pub fn too_slow(parts: Parts) -> Self {
        Self { parts, body: Body::TooSlow }
    }

    /// The same request where its sender has used up what [`Server::charge`] says it draws on; it
    /// is answered with 429, to be tried again after that time.
    ///
    /// [`Server::charge`]: crate::Server::charge
    #[must_use]
    pub fn too_many(self, retry_after: Duration) -> Self {
        Self { parts: self.parts, body: Body::TooMany(retry_after) }
    }

    /// The head.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(crate) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// Refuses a request whose sender has nothing left of what it draws on. Whoever reads a body is
    /// told by that.
    pub(crate) fn counted(&self) -> Result<(), Refusal> {
        match self.body {
            Body::TooMany(retry_after) => Err(HttpFault::TooMany { retry_after }.into()),
            Body::Complete(_) | Body::TooLarge | Body::TooSlow => Ok(()),
        }
    }

    /// The body, if it is a form (RFC 6749 §3.2).
    pub(crate) fn form(&self) -> Result<&[u8], Refusal> {
        self.body_of_type("application/x-www-form-urlencoded")
    }

    /// The body, if it is JSON (RFC 8259).
    pub(crate) fn json(&self) -> Result<&[u8], Refusal> {
        self.body_of_type("application/json")
    }

    /// Parameters of the content type, such as `charset`, do not matter.
    fn body_of_type(&self, wanted: &'static str) -> Result<&[u8], Refusal> {
        let body = match &self.body {
            Body::Complete(bytes) => bytes,
            Body::TooLarge => return Err(HttpFault::BodyTooLarge.into()),
            Body::TooSlow => return Err(HttpFault::BodyTooSlow.into()),
            Body::TooMany(retry_after) => {
                return Err(HttpFault::TooMany { retry_after: *retry_after }.into());
            }
        };
        // HTT-18: `identity` is no coding (RFC 9110 §8.4.1).
        let codings = self.parts.headers.get_all(header::CONTENT_ENCODING);
        if codings.iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(HttpFault::ContentCoding.into());
        }
        let value = self.parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default();
        if media_type.trim().eq_ignore_ascii_case(wanted) {
            Ok(body)
        } else {
            Err(HttpFault::ContentType { wanted }.into())
        }
    }
}

impl From<http::Request<Bytes>> for Request {
    fn from(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        Self::new(parts, body)
    }
}

/// Shows method, host, path and the length of the body. The query, the header fields and the body
/// can hold codes, verifiers and client secrets.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Request");
        shown
            .field("method", &self.parts.method)
            .field("host", &self.parts.uri.host().unwrap_or_default())
            .field("path", &self.parts.uri.path());
        match &self.body {
            Body::Complete(bytes) => shown.field("body_length", &bytes.len()),
            Body::TooLarge => shown.field("body_length", &"too large"),
            Body::TooSlow => shown.field("body_length", &"too slow"),
            Body::TooMany(_) => shown.field("body_length", &"too many"),
        };
        shown.finish_non_exhaustive()
    }
}

/// A response: ours to a client, or an upstream provider's to us.
#[expect(clippy::exhaustive_structs, reason = "drivers make it from what a provider answered")]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Response {
    /// A response of three parts.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body }
    }

    /// What an adapter answers while it runs as many flows as it may: 503, to be tried again in a
    /// second.
    #[must_use]
    pub fn overloaded() -> Self {
        Refusal::Overloaded.to_json()
    }

    /// What an adapter answers, if anybody still listens, where a body broke off or was malformed.
    #[must_use]
    pub fn body_broken() -> Self {
        Refusal::Http(HttpFault::BodyBroken).to_json()
    }

    /// The same as `http`'s type, for a framework.
    #[must_use]
    pub fn into_http(self) -> http::Response<Bytes> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, HeaderMap::with_capacity(USUAL_HEADERS), Bytes::new()).uncached()
    }

    /// A JSON document that bears credentials or OAuth state: never cached (RFC 6749 §5.1).
    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, HeaderMap::with_capacity(USUAL_HEADERS), body.into())
            .with(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .uncached()
    }

    /// 303: the browser goes on with `GET` whatever it came with (RFC 9700 §4.12).
    pub(crate) fn see_other(location: HeaderValue) -> Self {
        Self::empty(StatusCode::SEE_OTHER)
            .with(header::LOCATION, location)
            .with(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a cookie beside those that are set already.
    pub(crate) fn and_cookie(mut self, value: HeaderValue) -> Self {
        self.headers.append(header::SET_COOKIE, value);
        self
    }

    fn uncached(self) -> Self {
        self.with(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
    }
}

/// Shows status and length.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status.as_u16())
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The end of a flow.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reply {
    /// What to answer.
    pub response: Response,
    /// What happened, free of secrets, for logs and metrics.
    pub events: Vec<Event>,
    /// Work that may happen after the answer was sent. Drive it to its end; nothing depends on
    /// when.
    pub follow_up: Option<Step<()>>,
}

impl Reply {
    pub(crate) fn new(response: Response, event: Event) -> Self {
        Self { response, events: vec![event], follow_up: None }
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self { response, events: Vec::new(), follow_up: None }
    }
}
