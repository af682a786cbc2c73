//! A flow on its way to its end, whoever waits for its answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use vestibule_core::Response;

/// What a flow comes to: its answer, and what is to follow when that is given.
pub(crate) type End = (Response, Option<Later>);

pub(crate) type Later = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A flow as its handler waits for it. It runs in the handler, since most flows cost less than a
/// task and a channel do; where it is dropped on the way, the rest becomes a task.
pub(crate) struct Driven<F: Future<Output = End> + Send + 'static> {
    /// `None`: it has come to its end.
    running: Option<Running<F>>,
    /// Where the rest runs. `None`: it has not begun to wait, and nothing was asked.
    runtime: Option<Handle>,
}

struct Running<F> {
    flow: Pin<Box<F>>,
    /// Given back when all is done.
    place: OwnedSemaphorePermit,
}

impl<F: Future<Output = End> + Send> Driven<F> {
    /// `flow` does not panic.
    pub(crate) fn new(flow: Pin<Box<F>>, place: OwnedSemaphorePermit) -> Self {
        Self { running: Some(Running { flow, place }), runtime: None }
    }
}

impl<F: Future<Output = End> + Send> Future for Driven<F> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let this = &mut *self;
        let Some(running) = &mut this.running else {
            // Nobody asks again after the end.
            return Poll::Pending;
        };
        let Poll::Ready((response, later)) = running.flow.as_mut().poll(context) else {
            this.runtime.get_or_insert_with(Handle::current);
            return Poll::Pending;
        };
        if let (Some(Running { place, .. }), Some(later)) = (this.running.take(), later) {
            tokio::spawn(follow(later, place));
        }
        Poll::Ready(response)
    }
}

impl<F: Future<Output = End> + Send + 'static> Drop for Driven<F> {
    fn drop(&mut self) {
        if let (Some(Running { flow, place }), Some(runtime)) =
            (self.running.take(), self.runtime.take())
        {
            // The client is gone; the flow is driven to its end all the same.
            runtime.spawn(async move {
                if let (_, Some(later)) = flow.await {
                    follow(later, place).await;
                }
            });
        }
    }
}

async fn follow(later: Later, place: OwnedSemaphorePermit) {
    later.await;
    drop(place);
}

/// A future that panicked; the panic hook has had its say.
pub(crate) struct Panicked;

/// Turns a future's panic into an error, so that its client gets an answer instead of a closed
/// connection. Nothing that the future owned is looked at afterwards.
pub(crate) async fn unwound<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, Panicked> {
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}
