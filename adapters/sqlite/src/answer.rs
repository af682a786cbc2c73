//! Answers that another thread gives, for those who await and for those who wait.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_channel::oneshot;
use vestibule_core::Unavailable;

/// An answer on its way from the store's threads: await it, on any runtime, or
/// [`wait`](Answer::wait) for it.
///
/// The work is queued when the answer is made; dropping the answer does not take it back.
#[must_use = "an answer says whether the work was done"]
pub struct Answer<T>(State<T>);

enum State<T> {
    Given(Option<Result<T, Unavailable>>),
    Coming(oneshot::Receiver<Result<T, Unavailable>>),
}

// Nothing in an answer is pinned.
impl<T> Unpin for Answer<T> {}

/// What the thread keeps to answer with. Dropping it answers "unavailable".
///
/// Either wakes whoever waits, which runs their code, and that may panic.
pub(crate) struct Reply<T>(Option<oneshot::Sender<Result<T, Unavailable>>>);

pub(crate) fn pair<T>() -> (Reply<T>, Answer<T>) {
    let (sender, receiver) = oneshot::channel();
    (Reply(Some(sender)), Answer(State::Coming(receiver)))
}

impl<T> Reply<T> {
    /// Panics where their code does.
    pub(crate) fn give(mut self, answer: Result<T, Unavailable>) {
        if let Some(sender) = self.0.take() {
            // Nobody may be waiting any more.
            let _ = sender.send(answer);
        }
    }
}

/// Never panics: several may be dropped at once, and after a panic.
impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        let sender = self.0.take();
        // The panic hook has printed where.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(sender)));
    }
}

impl<T> Answer<T> {
    pub(crate) fn given(answer: Result<T, Unavailable>) -> Self {
        Self(State::Given(Some(answer)))
    }

    /// Blocks this thread until the answer is there.
    ///
    /// # Errors
    /// [`Unavailable`] where the store cannot say.
    pub fn wait(mut self) -> Result<T, Unavailable> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, Unavailable>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Given(answer) => Poll::Ready(answer.take().unwrap_or(Err(Unavailable))),
            State::Coming(receiver) => {
                Pin::new(receiver).poll(context).map(|answer| answer.unwrap_or(Err(Unavailable)))
            }
        }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
