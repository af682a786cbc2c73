use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Method, Uri, Version};
use http_body_util::Full;
use tokio::sync::Semaphore;
use tower_service::Service;
use vestibule_core::drive::{Driver, drive};
use vestibule_core::{Charge, Event, Reply, Request, Response, Server, Step};

use crate::body::{self, Read, Room, Unread};
use crate::driven::{Driven, End, Later, Panicked, unwound};
use crate::limiter::Limiter;
use crate::observe::{Observer, Outcome, RequestId, Seen};

/// All endpoints as one [`Service`]: mount it in axum, or give it to [`serve`](crate::serve()).
///
/// hyper drops a handler when its client goes away, and a flow that has asked its first question
/// must come to its end: what a provider or the store was asked may already have happened. Such a
/// flow goes on as a task of its own. So the number of flows is bounded, and
/// [`Vestibule::shutdown`] waits for them.
///
/// Its clones are the same service.
pub struct Vestibule<D> {
    shared: Arc<Shared<D>>,
}

struct Shared<D> {
    server: Server,
    driver: D,
    options: Options,
    /// One permit for each flow that may run.
    places: Arc<Semaphore>,
    /// One permit for each byte that bodies may hold.
    bodies: Arc<Semaphore>,
}

/// What an operator may want otherwise.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// How long a client may take to send a request's body. Default 10 seconds; then it is answered
    /// with 408.
    pub body_deadline: Duration,
    /// How many flows may run at once. Default 4096; one more is answered with 503 at once.
    pub flows_at_most: u32,
    /// How much the bodies of all requests may hold together, in bytes, from their first byte until
    /// their flows have ended. Default 64 MiB: a thousand of the longest that are read, or 65 536
    /// of a kibibyte. A body that finds no room is answered with 503 at once; requests without a
    /// body need none.
    pub body_memory: usize,
    /// Who is told what became of each request. Default nobody.
    pub observer: Arc<dyn Observer>,
    /// Who counts registrations and wrong secrets. Default nobody.
    pub limiter: Arc<dyn Limiter>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_deadline: Duration::from_secs(10),
            flows_at_most: 4096,
            body_memory: 64 * 1024 * 1024,
            observer: Arc::new(()),
            limiter: Arc::new(()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("body_deadline", &self.body_deadline)
            .field("flows_at_most", &self.flows_at_most)
            .field("body_memory", &self.body_memory)
            .finish_non_exhaustive()
    }
}

impl<D: Driver + 'static> Vestibule<D> {
    /// The endpoints of `server`, their questions answered by `driver`.
    #[must_use]
    pub fn new(server: Server, driver: D) -> Self {
        Self::with_options(server, driver, Options::default())
    }

    /// The same with other limits, or an observer.
    #[must_use]
    pub fn with_options(server: Server, driver: D, options: Options) -> Self {
        let places = Arc::new(Semaphore::new(places(&options)));
        let bodies = options.body_memory.min(Semaphore::MAX_PERMITS);
        let bodies = Arc::new(Semaphore::new(bodies));
        Self { shared: Arc::new(Shared { server, driver, options, places, bodies }) }
    }

    /// The server, to ask it who sent a request: [`Server::authenticate`].
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.shared.server
    }

    /// What answers the flows' questions.
    #[must_use]
    pub fn driver(&self) -> &D {
        &self.shared.driver
    }

    /// Waits until every running flow has come to its end, follow-ups included. From its first
    /// moment on, new requests are answered with 503; where it is dropped before its end, they are
    /// answered again as before.
    ///
    /// Stop taking connections first: [`serve`](crate::serve()) returns when it has, and so does
    /// axum's.
    pub async fn shutdown(&self) {
        let Shared { options, places: semaphore, .. } = &*self.shared;
        let all = u32::try_from(places(options)).unwrap_or(u32::MAX);
        // An error means that another call was here before us and all flows have ended.
        if let Ok(_all) = semaphore.acquire_many(all).await {
            semaphore.close();
        }
    }
}

impl<D: Driver + 'static, B> Service<http::Request<B>> for Vestibule<D>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(answer(shared, request).await.into_http().map(Full::new)) })
    }
}

impl<D> Clone for Vestibule<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<D> fmt::Debug for Vestibule<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vestibule")
            .field("options", &self.shared.options)
            .field("free_places", &self.shared.places.available_permits())
            .finish_non_exhaustive()
    }
}

/// Reads the body, whose request a client that goes away takes with it, and drives the flow, which
/// it does not.
async fn answer<D, B>(shared: Arc<Shared<D>>, request: http::Request<B>) -> Response
where
    D: Driver + 'static,
    B: http_body::Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let version = parts.version;
    let mut about = About {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        request_id: parts.extensions.get().cloned(),
        began: Instant::now(),
    };
    let read = body::read(body, shared.options.body_deadline, &shared.bodies).await;
    // The client's own time is not the flow's.
    about.began = Instant::now();
    let Read { content, room } = match read {
        Ok(read) => read,
        Err(Unread::Broken) => {
            let answer = about.tell(&shared, Outcome::BodyBroken, Response::body_broken(), &[]);
            return last(answer, version);
        }
        Err(Unread::NoRoom) => {
            let answer = about.tell(&shared, Outcome::Overloaded, Response::overloaded(), &[]);
            return last(answer, version);
        }
    };
    let is_whole = content.is_whole();
    let whole_or_last = |answer| if is_whole { answer } else { last(answer, version) };
    // Taken only now: a client that sends slowly keeps no other from its place.
    let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
        let answer = about.tell(&shared, Outcome::Overloaded, Response::overloaded(), &[]);
        return whole_or_last(answer);
    };
    let request = content.under(parts);
    // What a panic leaves behind is the limiter's own.
    let admitted = catch_unwind(AssertUnwindSafe(|| admitted(&shared, &request)));
    let Ok(admitted) = admitted else {
        let answer = about.tell(&shared, Outcome::Panicked, Response::overloaded(), &[]);
        return whole_or_last(answer);
    };
    let (request, due) = match admitted {
        Ok(due) => (request, due),
        Err(retry_after) => (request.too_many(retry_after), None),
    };
    let end = Ending { shared, due, about, room };
    let answer = match end.begin(request) {
        // Nothing was asked and nothing is to follow: there is nothing to be driven.
        Ok(Step::Done(reply)) if reply.follow_up.is_none() => end.replied(reply).0,
        // Put where it stays at once: it is large, and every move copies all of it.
        Ok(step) => Driven::new(Box::pin(flow(end, step)), place).await,
        Err(Panicked) => end.panicked().0,
    };
    whole_or_last(answer)
}

/// An answer to a request of which something is left unread: with HTTP/1.1 nothing can follow on
/// its connection, and the client is told so (RFC 9112 §9.6). hyper says it only where it sees in
/// time that nobody reads any more.
fn last(mut answer: Response, version: Version) -> Response {
    if version < Version::HTTP_2 {
        answer.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// What a request may cost, and who pays.
type Due = (IpAddr, Charge);

/// Who pays for a request if it comes to that.
///
/// # Errors
/// How long its sender must wait.
fn admitted<D>(shared: &Shared<D>, request: &Request) -> Result<Option<Due>, Duration> {
    let limiter = &shared.options.limiter;
    let Some(charge) = shared.server.charge(request) else {
        return Ok(None);
    };
    let Some(payer) = limiter.payer(request.parts()) else {
        return Ok(None);
    };
    match limiter.wait(payer, &charge) {
        Some(retry_after) => Err(retry_after),
        None => Ok(Some((payer, charge))),
    }
}

/// A flow: its answer, and what is to follow when that is given. It does not panic.
async fn flow<D: Driver + 'static>(end: Ending<D>, step: Step<Reply>) -> End {
    let driven = unwound(pin!(drive(&end.shared.driver, step))).await;
    match driven {
        Ok(reply) => end.replied(reply),
        Err(Panicked) => end.panicked(),
    }
}

/// What happens at the end of a flow.
struct Ending<D> {
    shared: Arc<Shared<D>>,
    due: Option<Due>,
    about: About,
    /// Given back then.
    room: Room,
}

impl<D: Driver + 'static> Ending<D> {
    fn begin(&self, request: Request) -> Result<Step<Reply>, Panicked> {
        let Shared { server, driver, .. } = &*self.shared;
        // What a panic leaves behind is looked at by nobody.
        catch_unwind(AssertUnwindSafe(|| server.handle(request, driver.tick())))
            .map_err(|_| Panicked)
    }

    fn replied(self, reply: Reply) -> End {
        let Reply { response, events, follow_up, .. } = reply;
        self.charge(&events);
        let Self { shared, about, room, .. } = self;
        let response = about.tell(&shared, Outcome::Replied, response, &events);
        drop(room);
        let later = follow_up
            .map(|step| -> Later { Box::pin(async move { drive(&shared.driver, step).await }) });
        (response, later)
    }

    fn charge(&self, events: &[Event]) {
        let Some((payer, charge)) = &self.due else { return };
        if charge.is_due(events) {
            let limiter = &self.shared.options.limiter;
            // What happened has happened, so its answer goes out whatever a limiter does.
            let _ = catch_unwind(AssertUnwindSafe(|| limiter.charge(*payer, charge)));
        }
    }

    fn panicked(self) -> End {
        let Self { shared, about, .. } = self;
        (about.tell(&shared, Outcome::Panicked, Response::overloaded(), &[]), None)
    }
}

/// What is told of a request, whatever becomes of it.
struct About {
    method: Method,
    uri: Uri,
    request_id: Option<RequestId>,
    began: Instant,
}

impl About {
    fn tell<D>(
        &self,
        shared: &Shared<D>,
        outcome: Outcome,
        response: Response,
        events: &[Event],
    ) -> Response {
        let seen = Seen {
            method: &self.method,
            path: self.uri.path(),
            request_id: self.request_id.as_ref(),
            status: response.status,
            outcome,
            events,
            duration: self.began.elapsed(),
        };
        // Whatever an observer does, the answer goes out.
        let _ = catch_unwind(AssertUnwindSafe(|| shared.options.observer.observe(&seen)));
        response
    }
}

/// How many permits there are: as many as asked, or as many as a semaphore has on a small machine.
fn places(options: &Options) -> usize {
    usize::try_from(options.flows_at_most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}
