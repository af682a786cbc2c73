use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use vestibule_core::drive::blocking::{Driver, drive};
use vestibule_core::{Event, Reply, Request, Response, Server};

/// All endpoints as one function: a request goes in, a response comes out, on the thread that asks.
///
/// How many flows run at once is how many threads ask. Its clones are the same.
pub struct Vestibule<D> {
    shared: Arc<Shared<D>>,
}

struct Shared<D> {
    server: Server,
    driver: D,
}

impl<D: Driver> Vestibule<D> {
    /// The endpoints of `server`, their questions answered by `driver`.
    #[must_use]
    pub fn new(server: Server, driver: D) -> Self {
        Self { shared: Arc::new(Shared { server, driver }) }
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

    /// Answers a request. What may happen after the answer happens before it; nobody is told of
    /// events.
    #[must_use]
    pub fn handle(&self, request: Request) -> Response {
        let mut answer = None;
        self.answer(request, |response, _| answer = Some(response));
        answer.unwrap_or_else(Response::overloaded)
    }

    /// Answers a request by calling `respond`, once, with the response and with what happened; then
    /// does what may happen after the answer. Log and count the events: they are free of secrets.
    ///
    /// A flow that panics is answered with 503, and the panic hook has printed where; the thread
    /// lives on.
    pub fn answer(&self, request: Request, respond: impl FnOnce(Response, &[Event])) {
        let Shared { server, driver } = &*self.shared;
        // Nothing that the flow owned is looked at after a panic.
        let flow = AssertUnwindSafe(|| drive(driver, server.handle(request, driver.tick())));
        let Ok(Reply { response, events, follow_up, .. }) = catch_unwind(flow) else {
            return respond(Response::overloaded(), &[]);
        };
        respond(response, &events);
        if let Some(step) = follow_up {
            drive(driver, step);
        }
    }
}

impl<D> Clone for Vestibule<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<D> fmt::Debug for Vestibule<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vestibule")
    }
}
