//! A person is away at a provider. Nothing waits here: the flow is in a cookie of its own.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::authorize_request::{Asked, AuthorizeRequest};
use super::remember::Agreed;
use crate::encoding::base64url;
use crate::ids::{FlowHandle, FlowId, FlowNonce, GrantId, ProviderId};
use crate::keys::{Purpose, SealingKey};
use crate::provider::{IdToken, Provider, ProviderMetadata};
use crate::refusal::Refusal;
use crate::seal::{Sealable, Unopened, open, seal};
use crate::secret::redacted_debug;
use crate::setup::Setup;
use crate::tick::Timestamp;

/// How long a person may take at the provider.
const UPSTREAM_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A person agreed and was sent to a provider. Lives sealed in the flow's cookie.
#[derive(Debug)]
pub struct PendingUpstream {
    pub(super) request: AuthorizeRequest,
    pub(super) provider: Arc<Provider>,
    pub(super) derived: Derived,
    handle: FlowHandle,
    way: Way,
}

/// What is derived from a flow's nonce and never sent in the clear.
#[derive(Debug)]
pub(super) struct Derived {
    /// The grant that the flow leads to: one flow, one grant, however often its answer comes back.
    pub(super) grant_id: GrantId,
    /// Our PKCE verifier at the provider (RFC 7636 §4.1).
    pub(super) code_verifier: Verifier,
    /// What the ID token must repeat (OpenID Connect Core §15.5.2).
    pub(super) nonce: Nonce,
}

pub(super) struct Verifier(pub(super) String);

redacted_debug!(Verifier);

pub(super) struct Nonce(pub(super) String);

redacted_debug!(Nonce);

/// The content of the flow's cookie: what was asked, and the way through the provider.
#[derive(Serialize, Deserialize)]
struct FlowCookie {
    way: Way,
    asked: Asked,
}

#[derive(Serialize, Deserialize)]
struct Way {
    nonce: FlowNonce,
    provider: ProviderId,
    /// As it was sent upstream: the exchange must repeat it, even if the configuration has changed
    /// since.
    upstream_redirect_uri: String,
    /// When the person agreed: what a cutoff is held against.
    allowed_at: Timestamp,
    expires_at: Timestamp,
    /// The latest time at which a repetition of this flow can still come back.
    ends_at: Timestamp,
    /// Whether the provider announced that it says `iss` when it sends people back (RFC 9207 §2.4).
    iss_parameter: bool,
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Sealable for FlowCookie {
    const PURPOSE: Purpose = Purpose::FlowCookie;
    const PREFIX: &'static str = "";
    const PRIVATE: bool = true;
    fn expires_at(&self) -> Timestamp {
        self.way.expires_at
    }
}

/// The content of the `state` sent upstream: at most 128 characters, since some providers refuse
/// long ones.
#[derive(Serialize, Deserialize)]
struct UpstreamState {
    handle: FlowHandle,
    provider: ProviderId,
    expires_at: Timestamp,
}

impl Sealable for UpstreamState {
    const PURPOSE: Purpose = Purpose::UpstreamState;
    const PREFIX: &'static str = "";
    const PRIVATE: bool = false;
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl AuthorizeRequest {
    /// The person agreed, and chose a provider.
    pub(super) fn accept(
        self,
        setup: &Setup,
        agreed: Agreed,
        metadata: &ProviderMetadata,
        flow_id: FlowId,
        page_ends_at: Timestamp,
        now: Timestamp,
    ) -> PendingUpstream {
        let Agreed { provider, allowed_at } = agreed;
        let key = setup.keys().first();
        let nonce = key.mac(Purpose::FlowNonce, &[&flow_id.0, provider.id.as_str().as_bytes()]);
        let nonce = FlowNonce(nonce);
        let way = Way {
            nonce,
            provider: provider.id.clone(),
            upstream_redirect_uri: setup.callback_uri(&provider),
            allowed_at,
            expires_at: now.after(UPSTREAM_LIFETIME),
            ends_at: page_ends_at.after(UPSTREAM_LIFETIME),
            iss_parameter: metadata.iss_parameter,
        };
        let derived = Derived::from(key, nonce);
        PendingUpstream { request: self, provider, derived, handle: nonce.handle(), way }
    }
}

impl PendingUpstream {
    /// Names the flow's cookie.
    pub(super) fn handle(&self) -> FlowHandle {
        self.handle
    }

    pub(super) fn allowed_at(&self) -> Timestamp {
        self.way.allowed_at
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.way.expires_at
    }

    pub(super) fn ends_at(&self) -> Timestamp {
        self.way.ends_at
    }

    pub(super) fn upstream_redirect_uri(&self) -> &str {
        &self.way.upstream_redirect_uri
    }

    /// Whether a callback without `iss` is not this provider's: as it announced when the person left,
    /// or as the operator says since.
    pub(super) fn needs_iss(&self) -> bool {
        let given = self.provider.metadata.given();
        self.way.iss_parameter || given.is_some_and(|metadata| metadata.iss_parameter)
    }

    pub(super) fn into_cookie(self, setup: &Setup) -> String {
        let asked = self.request.to_asked();
        seal(setup.keys().first(), &FlowCookie { way: self.way, asked })
    }

    /// When a cookie dies; `None`: it does not open.
    pub(super) fn cookie_expiry(setup: &Setup, value: &str, now: Timestamp) -> Option<Timestamp> {
        open::<FlowCookie>(setup.keys(), value, now).ok().map(|(cookie, _)| cookie.way.expires_at)
    }

    /// The handle of the flow that a `state` belongs to, if it was made for this provider.
    pub(super) fn flow_of_state(
        setup: &Setup,
        provider: &Provider,
        state: &str,
        now: Timestamp,
    ) -> Result<FlowHandle, Refusal> {
        let (state, _) =
            open::<UpstreamState>(setup.keys(), state, now).map_err(|why| match why {
                Unopened::Forged => Refusal::StateForged,
                Unopened::Expired => Refusal::StateExpired,
            })?;
        // SBB-10: an answer that one provider was asked for is not taken from another.
        if state.provider == provider.id {
            Ok(state.handle)
        } else {
            Err(Refusal::StateOfOtherProvider)
        }
    }

    /// The flow that this browser's cookie holds, if it is the one that the `state` names.
    pub(super) fn from_cookie(
        setup: &Setup,
        provider: Arc<Provider>,
        handle: FlowHandle,
        value: &str,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let (FlowCookie { way, asked }, key) =
            open::<FlowCookie>(setup.keys(), value, now).map_err(|_| Refusal::OtherBrowser)?;
        if way.nonce.handle() != handle || way.provider != provider.id {
            return Err(Refusal::OtherBrowser);
        }
        let request = AuthorizeRequest::reopen(setup, asked)?;
        let derived = Derived::from(key, way.nonce);
        Ok(Self { request, provider, derived, handle, way })
    }

    /// Where the browser goes: the provider's authorization endpoint (RFC 6749 §4.1.1).
    pub(super) fn upstream_location(
        &self,
        setup: &Setup,
        metadata: &ProviderMetadata,
        now: Timestamp,
    ) -> Option<HeaderValue> {
        let provider = &self.provider;
        let state = UpstreamState {
            handle: self.handle,
            provider: provider.id.clone(),
            expires_at: now.after(UPSTREAM_LIFETIME),
        };
        let state = seal(setup.keys().first(), &state);
        let endpoint = metadata.authorization_endpoint.url();
        let mut location = String::with_capacity(endpoint.as_str().len() + 512);
        location.push_str(endpoint.as_str());
        location.push(if endpoint.query().is_some() { '&' } else { '?' });
        let start = location.len();
        let mut query = form_urlencoded::Serializer::for_suffix(location, start);
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", self.upstream_redirect_uri())
            .append_pair("state", &state);
        // Never what the client asked of us: its scopes and its resource mean nothing there.
        if let Some(scope) = provider.scope() {
            query.append_pair("scope", &scope);
        }
        if provider.way.is_posted() {
            query.append_pair("response_mode", "form_post");
        }
        if provider.id_token != IdToken::Ignored {
            query.append_pair("nonce", &self.derived.nonce.0);
        }
        if provider.pkce {
            let challenge = base64url(Sha256::digest(&self.derived.code_verifier.0));
            query
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256");
        }
        for (name, value) in &provider.authorization_params {
            query.append_pair(name, value);
        }
        HeaderValue::try_from(query.finish()).ok()
    }
}

impl Derived {
    /// Under the key that sealed the cookie, so that moving another key to first place changes
    /// nothing on the way.
    fn from(key: &SealingKey, nonce: FlowNonce) -> Self {
        let mut grant_id = [0; 16];
        grant_id.copy_from_slice(&key.mac(Purpose::GrantId, &[&nonce.0])[..16]);
        let verifier = base64url(key.mac(Purpose::UpstreamVerifier, &[&nonce.0]));
        let nonce = Nonce(base64url(key.mac(Purpose::UpstreamNonce, &[&nonce.0])));
        Self { grant_id: GrantId(grant_id), code_verifier: Verifier(verifier), nonce }
    }
}
