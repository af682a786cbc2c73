//! A resource in a process of its own: it knows the server by its issuer, and nothing else of it.

mod need;
mod refresh;

use std::fmt;
use std::sync::Arc;

use self::refresh::Failed;
use super::principal::Claimed;
use super::{Challenge, Denied, Principal, Protected, bearer_token};
use crate::cache::Kept;
use crate::config::{Issuer, Resource};
use crate::jose::{JwkSet, NotVerified, UnverifiedAccessToken};
use crate::keys::SignatureLibrary;
use crate::refusal::Refusal;
use crate::reply::Parts;
use crate::tick::Timestamp;

pub use need::Need;

/// Judges access tokens in a process that has neither the store nor the keys of the server: by the
/// keys that the server publishes.
///
/// It is immutable. Share it, and put the one that [`refresh`](Self::refresh) brings in its place;
/// [`need`](Self::need) says when. A new one knows no keys: refresh it before the first request, or
/// let the first request find out.
///
/// ```
/// use vestibule_core::drive::blocking::{Driver, drive};
/// use vestibule_core::{Challenge, Need, Parts, Principal, Verifier};
///
/// fn judge(
///     verifier: &mut Verifier,
///     request: &Parts,
///     driver: &impl Driver,
/// ) -> Result<Principal, Challenge> {
///     let now = driver.tick().now;
///     let outcome = verifier.authenticate(request, now);
///     match verifier.need(&outcome, now) {
///         Need::Nothing => outcome,
///         // A service would do this beside the answer.
///         Need::Soon => {
///             *verifier = drive(driver, verifier.refresh(driver.tick()));
///             outcome
///         }
///         Need::First => {
///             *verifier = drive(driver, verifier.refresh(driver.tick()));
///             verifier.authenticate(request, driver.tick().now)
///         }
///     }
/// }
/// ```
///
/// # What it sees, and when
///
/// Nothing is asked about a single token. So a **revocation** is seen when the access token expires,
/// which is [`Lifetimes::access`](crate::Lifetimes::access) after it was made at the latest; a
/// resource that has to see it at once asks the introspection endpoint (RFC 7662). A **new signing
/// key** is seen with the first token that names it, at the price of one refresh, or with the next
/// refresh before that. A key that was **taken away** is seen at the next refresh: once the keys are
/// as old as the server's `Cache-Control` lets them be, a minute at least and a day at most. Where
/// the server cannot be reached, the keys go on serving for a day after that, and then nobody is let
/// in.
///
/// A server that signs with nothing but HS256 publishes no keys, since whoever verifies could also
/// sign: here everybody is told to come back later, and [`failure`](Self::failure) says why.
#[derive(Clone)]
pub struct Verifier {
    issuer: Issuer,
    protected: Arc<Protected>,
    library: Option<Arc<dyn SignatureLibrary>>,
    keys: Option<Arc<Kept<JwkSet>>>,
    failed: Option<Failed>,
}

impl Verifier {
    /// For the tokens that `issuer` makes for `resource`. It knows no keys yet.
    #[must_use]
    pub fn new(issuer: Issuer, resource: Resource) -> Self {
        let protected = Arc::new(Protected::new(&issuer, resource));
        Self { issuer, protected, library: None, keys: None, failed: None }
    }

    /// The same with a library that verifies signatures in place of core where it takes the key; see
    /// [`Config::signature_library`](crate::Config::signature_library).
    #[must_use]
    pub fn with_signatures(self, library: Arc<dyn SignatureLibrary>) -> Self {
        Self { library: Some(library), ..self }
    }

    /// The resource.
    #[must_use]
    pub fn protected(&self) -> &Arc<Protected> {
        &self.protected
    }

    /// Why the last refresh brought no keys; `None`: it did, or there was none.
    #[must_use]
    pub fn failure(&self) -> Option<&Refusal> {
        self.failed.as_ref().map(|failed| &failed.why)
    }

    /// Who sent a request: judges the access token's form, times, issuer, resource and signature as
    /// [`Server::authenticate`](crate::Server::authenticate) does, without asking anything.
    ///
    /// # Errors
    /// A [`Challenge`]. Its reason is [`Denied::UnknownKey`] for a token that is right but for its
    /// key, which is not known, and [`Denied::Unavailable`] where no keys are known to judge it by,
    /// or the newest ones have just failed to be had.
    pub fn authenticate(&self, request: &Parts, now: Timestamp) -> Result<Principal, Challenge> {
        bearer_token(&request.headers)
            .and_then(|token| self.judge(token, now))
            .map_err(|reason| Challenge::new(reason, Some(&self.protected)))
    }

    /// The signature comes last, so that nobody asks for a key because of a token that would not be
    /// taken anyway.
    fn judge(&self, token: &str, now: Timestamp) -> Result<Principal, Denied> {
        let token = UnverifiedAccessToken::read(token).ok_or(Denied::InvalidToken)?;
        let principal = token
            .claims()
            .and_then(|claims| Claimed::read(claims, self.issuer.as_str(), now))
            .and_then(|claimed| claimed.at(&self.protected))
            .ok_or(Denied::InvalidToken)?;
        let keys = self.keys(now).ok_or(Denied::Unavailable)?;
        match token.verify(&keys.document, self.library.as_deref()) {
            Ok(()) => Ok(principal),
            // Perhaps it is one of those that could not be had.
            Err(NotVerified::UnknownKey) if self.has_failed(now) => Err(Denied::Unavailable),
            Err(NotVerified::UnknownKey) => Err(Denied::UnknownKey),
            Err(NotVerified::Refused(_)) => Err(Denied::InvalidToken),
        }
    }

    /// The keys, until their hard end.
    fn keys(&self, now: Timestamp) -> Option<&Kept<JwkSet>> {
        self.keys.as_deref().filter(|keys| keys.is_alive(now))
    }
}

/// Names what it judges, and not the keys.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.issuer)
            .field("resource", &self.protected.resource().uri())
            .field("knows_keys", &self.keys.is_some())
            .field("failure", &self.failure())
            .finish_non_exhaustive()
    }
}
