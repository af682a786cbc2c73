use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;

use vestibule_core::drive::{Driver, drive};
use vestibule_core::{Challenge, Denied, Parts, Principal, Protected, Server};

use crate::driven::unwound;
use crate::{SystemClock, Vestibule};

/// Judges the access tokens that come with requests to resources.
pub trait Guard: Send + Sync + 'static {
    /// The resource with this URI, if it is guarded here.
    fn protected_at(&self, uri: &str) -> Option<Arc<Protected>>;

    /// The resource that a request is for; `None` where that is nobody's.
    fn protected(&self, request: &Parts) -> Option<Arc<Protected>>;

    /// Who sent a request to a resource.
    ///
    /// # Errors
    /// A [`Challenge`] for whoever may not pass.
    fn authenticate(
        &self,
        protected: &Arc<Protected>,
        request: &Parts,
    ) -> impl Future<Output = Result<Principal, Challenge>> + Send;
}

/// [`Server::authenticate_at`], by the system's clock: asks nobody.
impl Guard for Server {
    fn protected_at(&self, uri: &str) -> Option<Arc<Protected>> {
        Self::protected_at(self, uri).cloned()
    }

    fn protected(&self, request: &Parts) -> Option<Arc<Protected>> {
        Self::protected(self, request).cloned()
    }

    fn authenticate(
        &self,
        protected: &Arc<Protected>,
        request: &Parts,
    ) -> impl Future<Output = Result<Principal, Challenge>> + Send {
        ready(self.authenticate_at(protected, request, SystemClock.now()))
    }
}

/// [`Server::authenticate_live_at`]: asks the store, so that a revocation is seen at once.
impl<D: Driver + 'static> Guard for Vestibule<D> {
    fn protected_at(&self, uri: &str) -> Option<Arc<Protected>> {
        self.server().protected_at(uri).cloned()
    }

    fn protected(&self, request: &Parts) -> Option<Arc<Protected>> {
        self.server().protected(request).cloned()
    }

    async fn authenticate(
        &self,
        protected: &Arc<Protected>,
        request: &Parts,
    ) -> Result<Principal, Challenge> {
        let (server, driver) = (self.server(), self.driver());
        let judged = async {
            let step = server.authenticate_live_at(protected, request, driver.tick());
            drive(driver, step).await
        };
        unwound(pin!(judged))
            .await
            .unwrap_or_else(|_| Err(Challenge::new(Denied::Unavailable, Some(protected))))
    }
}
