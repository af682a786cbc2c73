//! The side of a protected resource: a tower layer that lets nobody through without an access token.

mod guard;
mod remote;
mod service;

pub use guard::Guard;
pub use remote::Remote;
pub use service::Guarded;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use tower_layer::Layer;
use vestibule_core::{Challenge, Protected};

/// A tower [`Layer`] before an MCP server or an API: requests without an access token for this very
/// resource are answered with a challenge (RFC 6750 §3, RFC 9728 §5.1), the resource's metadata and
/// what browsers ask before a script's request are answered without one, and what comes through has
/// its [`Principal`](vestibule_core::Principal) among the request's extensions. Scripts of any site may
/// ask and read (`Access-Control-Allow-Origin: *`, without cookies), as MCP clients in browsers do,
/// unless an answer says itself who may.
///
/// Who judges the tokens is a [`Guard`], and with it comes when a revocation is seen:
///
/// | guard | runs | a revoked grant is refused |
/// |---|---|---|
/// | [`Server`](vestibule_core::Server) | in the server's process, asks nobody | when its access token expires |
/// | [`Vestibule`](crate::Vestibule) | in the server's process, asks the store | at once |
/// | [`Remote`] | in any process, asks the server for its keys | when its access token expires |
///
/// ```no_run
/// use axum::{Extension, Router, response::{IntoResponse, Response}, routing::post};
/// use vestibule_core::{MemoryStore, Principal};
/// use vestibule_hyper::{Protect, challenged};
/// # use vestibule_core::drive::Composite;
/// # use vestibule_hyper::{HyperTransport, SystemClock};
/// # type Vestibule = vestibule_hyper::Vestibule<Composite<SystemClock, HyperTransport, MemoryStore>>;
///
/// async fn write(Extension(principal): Extension<Principal>) -> Response {
///     // 403 names `notes:read` too, which the layer needs: a client asks for what is named.
///     if let Err(challenge) = principal.require(&["notes:write"]) {
///         return challenged(&challenge).into_response();
///     }
///     format!("written by {}", principal.subject).into_response()
/// }
///
/// # fn app(vestibule: Vestibule) -> Router {
/// Router::new()
///     .route("/notes", post(write))
///     // The metadata is served below. In another process it is the layer that does, and needs to
///     // stand before every path: `layer`.
///     .route_layer(Protect::new(vestibule.server().clone()).scopes(&["notes:read"]))
///     // Not behind the layer: here people get their tokens.
///     .fallback_service(vestibule)
/// # }
/// ```
pub struct Protect<G> {
    guard: Arc<G>,
    /// `None`: whichever the request is for.
    at: Option<Arc<Protected>>,
    scopes: Arc<[Box<str>]>,
}

impl<G: Guard> Protect<G> {
    /// Lets through whomever the guard knows. Where it guards several resources, which one is meant
    /// is said by the request's host and path, so that whatever is behind must have been reached by
    /// the same; better use [`Protect::at`].
    #[must_use]
    pub fn new(guard: G) -> Self {
        Self { guard: Arc::new(guard), at: None, scopes: Arc::new([]) }
    }

    /// The same for one of the guard's resources, however a request came here: a token for another
    /// one is refused.
    ///
    /// # Errors
    /// [`NoSuchResource`] if the guard has none with this URI.
    pub fn at(self, uri: &str) -> Result<Self, NoSuchResource> {
        let protected = self.guard.protected_at(uri).ok_or(NoSuchResource)?;
        Ok(Self { at: Some(protected), ..self })
    }

    /// The same where all requests need these scopes: others are answered with 403, and the 401
    /// names them instead of all that the resource has, so that clients ask for no more at first.
    #[must_use]
    pub fn scopes(self, scopes: &[&str]) -> Self {
        Self { scopes: scopes.iter().map(|scope| Box::from(*scope)).collect(), ..self }
    }
}

impl<S, G> Layer<S> for Protect<G> {
    type Service = Guarded<S, G>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded::new(inner, self.clone())
    }
}

impl<G> Clone for Protect<G> {
    fn clone(&self) -> Self {
        let Self { guard, at, scopes } = self;
        Self { guard: Arc::clone(guard), at: at.clone(), scopes: Arc::clone(scopes) }
    }
}

impl<G> fmt::Debug for Protect<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protect").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// The guard has no resource with this URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no resource that is guarded here has this URI; write it as it is configured")]
#[non_exhaustive]
pub struct NoSuchResource;

/// A challenge as `http`'s type, for a handler that finds out by itself what may not pass.
#[must_use]
pub fn challenged(challenge: &Challenge) -> http::Response<Full<Bytes>> {
    challenge.response().into_http().map(Full::new)
}
