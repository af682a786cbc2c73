use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use vestibule_core::Event;

/// Is told what became of each request: a program logs and counts here.
///
/// It is called once for each request, just before the answer goes out, on the thread that answers:
/// hand slow work to somebody else.
///
/// ```
/// use vestibule_hyper::{Observer, Seen};
///
/// struct Count(std::sync::atomic::AtomicU64);
///
/// impl Observer for Count {
///     fn observe(&self, seen: &Seen<'_>) {
///         let events = seen.events.len() as u64;
///         self.0.fetch_add(events, std::sync::atomic::Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// Looks at what became of a request.
    fn observe(&self, seen: &Seen<'_>);
}

/// Nobody looks.
impl Observer for () {
    fn observe(&self, _: &Seen<'_>) {}
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn observe(&self, seen: &Seen<'_>) {
        (**self).observe(seen);
    }
}

/// What became of a request. Free of secrets: the query, the header fields and the bodies are not
/// here.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// The request's path, percent-encoded as it came.
    pub path: &'a str,
    /// The id that stood in the request's extensions.
    pub request_id: Option<&'a RequestId>,
    /// What is answered.
    pub status: StatusCode,
    /// How it came to that answer.
    pub outcome: Outcome,
    /// What happened, in order; empty unless the outcome is [`Outcome::Replied`].
    pub events: &'a [Event],
    /// How long the flow took, from the end of the request's body to its reply.
    pub duration: Duration,
}

/// How a request came to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// A flow ran to its reply.
    Replied,
    /// As many flows ran as may, bodies held as much as they may, or the service was shutting down:
    /// 503.
    Overloaded,
    /// The request's body broke off or was malformed: 400.
    BodyBroken,
    /// The flow panicked, or the limiter before it; the panic hook has printed where. 503.
    Panicked,
}

/// A request's id, for logs. Whoever receives requests puts one into their extensions, and [`Seen`]
/// hands it on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id as it shall stand in logs. Nothing is checked: do not take one from a client's header
    /// field as it is.
    #[must_use]
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
