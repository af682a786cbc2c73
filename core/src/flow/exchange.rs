//! The provider's code becomes tokens, and the tokens a person: two calls upstream.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, header};

use super::callback::Callback;
use super::pending::PendingUpstream;
use super::{Identity, Rejected};
use crate::effect::{HttpCall, Purpose, Unreachable};
use crate::encoding::base64;
use crate::provider::{Provider, TokenAuth, read_tokens, read_user};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::secret::UpstreamTokens;
use crate::setup::Setup;
use crate::step::{Pending, Resume, Step};
use crate::tick::Tick;

/// What the two calls end with.
pub(super) type FetchedUser = Result<Identity, Box<Rejected>>;

/// Waits for the provider's token endpoint.
#[derive(Debug)]
pub struct ExchangingCode {
    setup: Setup,
    pending: PendingUpstream,
}

/// Waits for the provider's userinfo endpoint.
#[derive(Debug)]
pub struct FetchingUser {
    setup: Setup,
    pending: PendingUpstream,
    tokens: UpstreamTokens,
}

impl ExchangingCode {
    pub(super) fn ask(setup: Setup, callback: Callback) -> Pending<HttpCall, FetchedUser, Self> {
        let Callback { pending, code } = callback;
        let call = token_request(&pending, &code.0);
        Pending::new(call, Self { setup, pending })
    }
}

impl Resume<HttpCall, FetchedUser> for ExchangingCode {
    fn resume(self, answer: Result<Response, Unreachable>, _: &mut Tick) -> Step<FetchedUser> {
        let Self { setup, pending } = self;
        let tokens = answer.map_err(Refusal::UpstreamUnreachable).and_then(|it| read_tokens(&it));
        match tokens {
            Ok(tokens) => FetchingUser::ask(setup, pending, tokens).erase(),
            Err(refusal) => Step::Done(Err(Box::new(pending.request.rejected(refusal)))),
        }
    }
}

impl FetchingUser {
    fn ask(
        setup: Setup,
        pending: PendingUpstream,
        tokens: UpstreamTokens,
    ) -> Pending<HttpCall, FetchedUser, Self> {
        let url = pending.provider.userinfo_endpoint.url().clone();
        let mut call = HttpCall::new(Method::GET, url, Purpose::FetchUser);
        let bearer = format!("Bearer {}", tokens.access_token.expose());
        // A token is visible ASCII, so this cannot fail; without the header the provider will say
        // 401.
        if let Ok(bearer) = HeaderValue::try_from(bearer) {
            call.headers.insert(header::AUTHORIZATION, bearer);
        }
        call.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Pending::new(call, Self { setup, pending, tokens })
    }
}

impl Resume<HttpCall, FetchedUser> for FetchingUser {
    fn resume(self, answer: Result<Response, Unreachable>, _: &mut Tick) -> Step<FetchedUser> {
        let Self { setup, pending, tokens } = self;
        let user = answer
            .map_err(Refusal::UpstreamUnreachable)
            .and_then(|response| read_user(&pending.provider.id, &response));
        Step::Done(match user {
            Ok(mut user) => {
                if !setup.maps_users() {
                    // Nobody will ask for it, so it is not kept.
                    user.raw = serde_json::Map::new();
                }
                Ok(Identity { pending, user, tokens })
            }
            Err(refusal) => Err(Box::new(pending.request.rejected(refusal))),
        })
    }
}

/// RFC 6749 §4.1.3, with our own verifier (RFC 7636 §4.5) and the redirect URI that was sent
/// upstream.
fn token_request(pending: &PendingUpstream, code: &str) -> HttpCall {
    let provider: &Arc<Provider> = &pending.provider;
    let mut call =
        HttpCall::new(Method::POST, provider.token_endpoint.url().clone(), Purpose::ExchangeCode);
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(512));
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", pending.upstream_redirect_uri());
    if provider.pkce {
        form.append_pair("code_verifier", &pending.derived.code_verifier.0);
    }
    let secret = provider.client_secret.as_ref().map_or("", |secret| secret.expose());
    match provider.token_auth {
        TokenAuth::Basic => {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            let encode = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let credentials = format!("{}:{}", encode(&provider.client_id), encode(secret));
            if let Ok(mut basic) = HeaderValue::try_from(format!("Basic {}", base64(credentials))) {
                basic.set_sensitive(true);
                call.headers.insert(header::AUTHORIZATION, basic);
            }
        }
        TokenAuth::Post => {
            form.append_pair("client_id", &provider.client_id).append_pair("client_secret", secret);
        }
        TokenAuth::None => {
            form.append_pair("client_id", &provider.client_id);
        }
    }
    form.extend_pairs(&provider.token_params);
    call.body = Bytes::from(form.finish());
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    call.headers.insert(header::CONTENT_TYPE, form_type);
    // GitHub answers with a form where JSON is not asked for.
    call.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    call
}
