use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;

use vestibule_core::drive::{Driver, drive};
use vestibule_core::{Challenge, Denied, Parts, Principal, Protected, Server};

use crate::driven::unwound;
use crate::{SystemClock, Vestibule};

/// Judges the access tokens that come with requests to a resource.
pub trait Guard: Send + Sync + 'static {
    /// The resource that a request is for; `None` where that is nobody's.
    fn protected(&self, request: &Parts) -> Option<Arc<Protected>>;

    /// Who sent a request.
    ///
    /// # Errors
    /// A [`Challenge`] for whoever may not pass.
    fn authenticate(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<Principal, Challenge>> + Send;
}

/// [`Server::authenticate`], by the system's clock: asks nobody.
impl Guard for Server {
    fn protected(&self, request: &Parts) -> Option<Arc<Protected>> {
        Self::protected(self, request).cloned()
    }

    fn authenticate(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<Principal, Challenge>> + Send {
        ready(Self::authenticate(self, request, SystemClock.now()))
    }
}

/// [`Server::authenticate_live`]: asks the store, so that a revocation is seen at once.
impl<D: Driver + 'static> Guard for Vestibule<D> {
    fn protected(&self, request: &Parts) -> Option<Arc<Protected>> {
        self.server().protected(request).cloned()
    }

    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        let (server, driver) = (self.server(), self.driver());
        let judged =
            async { drive(driver, server.authenticate_live(request, driver.tick())).await };
        unwound(pin!(judged))
            .await
            .unwrap_or_else(|_| Err(Challenge::new(Denied::Unavailable, server.protected(request))))
    }
}
