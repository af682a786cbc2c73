use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use vestibule_core::drive;
use vestibule_core::{List, Load, Page, Record, Swap, Swapped, Unavailable};

/// One call to an async store, for a runtime to carry out.
pub type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Makes a blocking store of an async one, so that the clauses can ask it.
///
/// ```
/// use vestibule_conformance::store::Blocking;
/// use vestibule_core::MemoryStore;
///
/// // With tokio: Blocking::new(store, |task| runtime.block_on(task)), where the runtime has
/// // several threads: the clauses ask from several at a time.
/// let store = Blocking::without_a_runtime(MemoryStore::new());
/// ```
pub struct Blocking<S> {
    store: S,
    block_on: Box<dyn Fn(Task<'_>) + Send + Sync>,
}

impl<S: drive::Store> Blocking<S> {
    /// With a function that carries out a task to its end: `block_on` of the store's runtime.
    pub fn new(store: S, block_on: impl Fn(Task<'_>) + Send + Sync + 'static) -> Self {
        Self { store, block_on: Box::new(block_on) }
    }

    /// For stores whose futures need no runtime; see [`block_on`].
    pub fn without_a_runtime(store: S) -> Self {
        Self::new(store, |task| block_on(task))
    }

    /// The async store.
    pub fn inner(&self) -> &S {
        &self.store
    }

    /// A `block_on` that comes back without having carried out the task is a store that does not
    /// answer.
    fn wait<T: Send>(
        &self,
        answer: impl Future<Output = Result<T, Unavailable>> + Send,
    ) -> Result<T, Unavailable> {
        let mut answered = None;
        (self.block_on)(Box::pin(async { answered = Some(answer.await) }));
        answered.unwrap_or(Err(Unavailable))
    }
}

impl<S: drive::Store> drive::blocking::Store for Blocking<S> {
    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        self.wait(self.store.load(load))
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.wait(self.store.swap(swap))
    }

    fn list(&self, list: List) -> Result<Page, Unavailable> {
        self.wait(self.store.list(list))
    }
}

impl<S: fmt::Debug> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Carries out a future on this thread, which sleeps until it is woken. No timers and no sockets: a
/// future that needs a runtime waits forever, or says so.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
