use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{Either, Full};
use tower_service::Service;
use vestibule_core::{Challenge, Parts, Principal, Protected};

use super::{Guard, Protect, challenged};

/// A service behind a [`Protect`].
pub struct Guarded<S, G> {
    inner: S,
    protect: Protect<G>,
}

impl<S, G> Guarded<S, G> {
    pub(super) fn new(inner: S, protect: Protect<G>) -> Self {
        Self { inner, protect }
    }
}

impl<S, G, B, R> Service<http::Request<B>> for Guarded<S, G>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    G: Guard,
    B: Send + 'static,
{
    type Response = http::Response<Either<R, Full<Bytes>>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let protect = self.protect.clone();
        // The one that said it is ready is the one that is called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut response = match protect.admit(&parts).await {
                Ok(principal) => {
                    parts.extensions.insert(principal);
                    let request = http::Request::from_parts(parts, body);
                    inner.call(request).await?.map(Either::Left)
                }
                Err(answer) => answer.map(Either::Right),
            };
            Protected::share(response.headers_mut());
            Ok(response)
        })
    }
}

impl<G: Guard> Protect<G> {
    /// Who sent a request; or what is answered instead.
    async fn admit(&self, parts: &Parts) -> Result<Principal, http::Response<Full<Bytes>>> {
        let Some(protected) = self.at.clone().or_else(|| self.guard.protected(parts)) else {
            return Err(challenged(&Challenge::of_no_resource(parts)));
        };
        if let Some(answer) = protected.answer(parts) {
            return Err(answer.into_http().map(Full::new));
        }
        self.authenticated(&protected, parts).await.map_err(|challenge| challenged(&challenge))
    }

    async fn authenticated(
        &self,
        protected: &Arc<Protected>,
        parts: &Parts,
    ) -> Result<Principal, Challenge> {
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| &**scope).collect();
        let judged = self.guard.authenticate(protected, parts).await;
        let principal = judged.map_err(|challenge| challenge.for_scopes(&scopes))?;
        let principal = match parts.extensions.get::<Principal>() {
            Some(outer) => principal.behind(outer),
            None => principal,
        };
        principal.require_throughout(&scopes)
    }
}

impl<S: Clone, G> Clone for Guarded<S, G> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), protect: self.protect.clone() }
    }
}

impl<S: fmt::Debug, G> fmt::Debug for Guarded<S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner, protect } = self;
        f.debug_struct("Guarded").field("inner", inner).field("protect", protect).finish()
    }
}
