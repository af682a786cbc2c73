//! The provider's code becomes tokens (RFC 6749 §4.1.3).

use std::sync::Arc;

use super::Rejected;
use super::callback::{Callback, UpstreamCode};
use super::pending::PendingUpstream;
use crate::effect::{HttpCall, Purpose, Unreachable};
use crate::provider::{ProviderMetadata, read_tokens, token_request};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::UpstreamTokens;
use crate::step::{Pending, Resume, Step};
use crate::tick::{Tick, Timestamp};

/// Waits for the provider's token endpoint.
#[derive(Debug)]
pub struct ExchangingCode {
    pending: Box<PendingUpstream>,
    metadata: Arc<ProviderMetadata>,
}

/// A provider gave tokens for the code.
#[derive(Debug)]
pub struct Exchanged {
    pub(super) pending: Box<PendingUpstream>,
    pub(super) metadata: Arc<ProviderMetadata>,
    pub(super) tokens: UpstreamTokens,
}

impl ExchangingCode {
    pub(super) fn ask(
        callback: Callback,
        metadata: Arc<ProviderMetadata>,
        now: Timestamp,
    ) -> Step<Result<Exchanged, Box<Rejected>>> {
        let Callback { pending, code, .. } = callback;
        match exchange(&pending, &metadata, &code, now) {
            Ok(call) => Pending::new(call, Self { pending, metadata }).erase(),
            Err(refusal) => Step::Done(Err(Box::new(pending.request.rejected(refusal)))),
        }
    }
}

impl Resume<HttpCall, Result<Exchanged, Box<Rejected>>> for ExchangingCode {
    fn resume(
        self,
        answer: Result<Response, Unreachable>,
        _: &mut Tick,
    ) -> Step<Result<Exchanged, Box<Rejected>>> {
        let Self { pending, metadata } = self;
        let tokens = answer.map_err(Refusal::UpstreamUnreachable).and_then(|it| read_tokens(&it));
        Step::Done(match tokens {
            Ok(tokens) => Ok(Exchanged { pending, metadata, tokens }),
            Err(refusal) => Err(Box::new(pending.request.rejected(refusal))),
        })
    }
}

impl Exchanged {
    pub(super) fn rejected(self, refusal: Refusal) -> Box<Rejected> {
        Box::new(self.pending.request.rejected(refusal))
    }
}

/// With our own verifier (RFC 7636 §4.5), and the redirect URI that was sent upstream.
fn exchange(
    pending: &PendingUpstream,
    metadata: &ProviderMetadata,
    UpstreamCode(code): &UpstreamCode,
    now: Timestamp,
) -> Result<HttpCall, Refusal> {
    let provider = &pending.provider;
    let mut parameters = Vec::with_capacity(4 + provider.token_params.len());
    parameters.extend([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", pending.upstream_redirect_uri()),
    ]);
    if provider.pkce {
        parameters.push(("code_verifier", &pending.derived.code_verifier.0));
    }
    parameters.extend(provider.token_params.iter().map(|(name, value)| (&**name, &**value)));
    token_request(provider, &metadata.token_endpoint, Purpose::ExchangeCode, &parameters, now)
}
