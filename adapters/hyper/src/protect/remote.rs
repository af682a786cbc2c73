use std::fmt;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};
use vestibule_core::drive::{Clock, Composite, Store, Transport, drive};
use vestibule_core::{
    Challenge, List, Load, Need, Page, Parts, Principal, Protected, Record, Refusal, Swap, Swapped,
    Timestamp, Unavailable, Verifier,
};

use super::Guard;
use crate::driven::unwound;

/// The guard of a resource in another process than the server's: a [`Verifier`] that is kept up to
/// date. It asks the server for its metadata and its keys, and nobody for a token: a revoked grant
/// is refused when its access token expires.
///
/// Put it before a whole router (`Router::layer` in axum, and not `route_layer`, and not below `nest`):
/// only so does it see the path of the resource's metadata.
///
/// However many requests come, one refresh is on its way at a time. It is a task of its own, so
/// that no client ends it by going away.
///
/// ```no_run
/// # use vestibule_core::{Issuer, Resource, Verifier};
/// use vestibule_hyper::{HyperTransport, Protect, Remote, SystemClock};
///
/// # fn protect() -> Result<Protect<Remote<SystemClock, HyperTransport>>, Box<dyn std::error::Error>> {
/// let issuer = Issuer::parse("https://auth.example.com")?;
/// let resource = Resource::new("https://mcp.example.com/mcp", vec!["notes:read".to_owned()])?;
/// let verifier = Verifier::new(issuer, resource);
/// let protect = Protect::new(Remote::new(verifier, SystemClock, HyperTransport::new()?));
/// # Ok(protect) }
/// ```
pub struct Remote<C, T> {
    shared: Arc<Shared<C, T>>,
}

struct Shared<C, T> {
    current: RwLock<Arc<Verifier>>,
    /// Whoever holds it refreshes.
    turn: Arc<Mutex<()>>,
    driver: Composite<C, T, Nothing>,
}

impl<C: Clock + 'static, T: Transport + 'static> Remote<C, T> {
    /// Nothing is asked before the first request.
    #[must_use]
    pub fn new(verifier: Verifier, clock: C, transport: T) -> Self {
        let driver = Composite { clock, transport, store: Nothing, mapper: () };
        let (current, turn) = (RwLock::new(Arc::new(verifier)), Arc::new(Mutex::new(())));
        Self { shared: Arc::new(Shared { current, turn, driver }) }
    }

    /// Why the last refresh brought no keys, for logs: [`Verifier::failure`]. `None`: it did, or nobody
    /// has asked for any.
    #[must_use]
    pub fn failure(&self) -> Option<Refusal> {
        self.shared.current().failure().cloned()
    }

    /// Brings a verifier that is newer than the one that was seen, or waits for whoever does.
    async fn refresh(&self, seen: &Arc<Verifier>) {
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        if Arc::ptr_eq(&self.shared.current(), seen) {
            // It ends well, or what was there stays.
            let _ = tokio::spawn(Arc::clone(&self.shared).refreshed(turn)).await;
        }
    }

    /// The same beside the answer, where nobody does it.
    fn refresh_beside(&self) {
        if let Ok(turn) = Arc::clone(&self.shared.turn).try_lock_owned() {
            tokio::spawn(Arc::clone(&self.shared).refreshed(turn));
        }
    }
}

impl<C: Clock, T: Transport> Shared<C, T> {
    fn current(&self) -> Arc<Verifier> {
        // What stands there is whole, whoever panicked.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn refreshed(self: Arc<Self>, turn: OwnedMutexGuard<()>) {
        let step = self.current().refresh(self.driver.clock.tick());
        if let Ok(verifier) = unwound(pin!(drive(&self.driver, step))).await {
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(verifier);
        }
        drop(turn);
    }

    fn now(&self) -> Timestamp {
        self.driver.clock.tick().now
    }
}

impl<C: Clock + 'static, T: Transport + 'static> Guard for Remote<C, T> {
    fn protected_at(&self, uri: &str) -> Option<Arc<Protected>> {
        let protected = Arc::clone(self.shared.current().protected());
        (protected.resource().uri() == uri).then_some(protected)
    }

    fn protected(&self, _: &Parts) -> Option<Arc<Protected>> {
        Some(Arc::clone(self.shared.current().protected()))
    }

    /// Of the one resource that a verifier has.
    async fn authenticate(
        &self,
        _: &Arc<Protected>,
        request: &Parts,
    ) -> Result<Principal, Challenge> {
        let verifier = self.shared.current();
        let now = self.shared.now();
        let judged = verifier.authenticate(request, now);
        let need = verifier.need(&judged, now);
        if need == Need::First {
            self.refresh(&verifier).await;
            return self.shared.current().authenticate(request, self.shared.now());
        }
        if need == Need::Soon {
            self.refresh_beside();
        }
        judged
    }
}

impl<C, T> Clone for Remote<C, T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C, T> fmt::Debug for Remote<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("current", &self.shared.current).finish_non_exhaustive()
    }
}

/// A resource keeps no records.
struct Nothing;

impl Store for Nothing {
    async fn load(&self, _: Load) -> Result<Option<Record>, Unavailable> {
        Err(Unavailable)
    }

    async fn swap(&self, _: Swap) -> Result<Swapped, Unavailable> {
        Err(Unavailable)
    }

    async fn list(&self, _: List) -> Result<Page, Unavailable> {
        Err(Unavailable)
    }
}
