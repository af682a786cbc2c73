//! The provider's refresh token becomes new tokens (RFC 6749 §6).

use std::sync::Arc;
use std::time::Duration;

use crate::effect::{HttpCall, Purpose, Unreachable};
use crate::grant::Attempt;
use crate::ids::GrantId;
use crate::provider::{NotRefreshed, Provider, ProviderMetadata, read_refreshed, token_request};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::{UpstreamRefreshToken, UpstreamTokens};
use crate::step::{Pending, Resume, Step};
use crate::tick::{Tick, Timestamp};

/// How long the call may take: less than the patience of those who wait for it.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// One refresh, under its lease.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) grant_id: GrantId,
    pub(super) attempt: Attempt,
    pub(super) sent: UpstreamRefreshToken,
    pub(super) provider: Arc<Provider>,
    pub(super) metadata: Arc<ProviderMetadata>,
}

/// Waits for the provider's token endpoint, while a lease keeps all others from asking it too.
#[derive(Debug)]
pub struct RefreshingUpstream {
    flight: Flight,
}

/// What the provider's token endpoint said to a refresh.
#[derive(Debug)]
pub struct RefreshedUpstream {
    pub(super) flight: Flight,
    pub(super) answer: Result<UpstreamTokens, NotRefreshed>,
}

impl RefreshingUpstream {
    pub(super) fn ask(flight: Flight, now: Timestamp) -> Step<RefreshedUpstream> {
        match refresh(&flight, now) {
            Ok(call) => Pending::new(call, Self { flight }).erase(),
            Err(refusal) => {
                let answer = Err(NotRefreshed::Trouble(refusal));
                Step::Done(RefreshedUpstream { flight, answer })
            }
        }
    }
}

impl Resume<HttpCall, RefreshedUpstream> for RefreshingUpstream {
    fn resume(
        self,
        answer: Result<Response, Unreachable>,
        _: &mut Tick,
    ) -> Step<RefreshedUpstream> {
        let answer = answer
            .map_err(|why| NotRefreshed::Trouble(Refusal::UpstreamUnreachable(why)))
            .and_then(|response| read_refreshed(&response));
        Step::Done(RefreshedUpstream { flight: self.flight, answer })
    }
}

fn refresh(flight: &Flight, now: Timestamp) -> Result<HttpCall, Refusal> {
    let Flight { provider, sent, metadata, .. } = flight;
    let mut parameters = vec![("grant_type", "refresh_token"), ("refresh_token", sent.expose())];
    parameters.extend(provider.token_params.iter().map(|(name, value)| (&**name, &**value)));
    let (endpoint, purpose) = (&metadata.token_endpoint, Purpose::RefreshToken);
    let mut call = token_request(provider, endpoint, purpose, &parameters, now)?;
    call.deadline = DEADLINE;
    Ok(call)
}
