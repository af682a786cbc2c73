//! The userinfo endpoint says who signed in (OpenID Connect Core §5.3).

use super::Rejected;
use super::exchange::Exchanged;
use super::verify::Verified;
use crate::effect::{HttpCall, Purpose, Unreachable};
use crate::provider::{Documents, document, get};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::step::{Pending, Resume, Step};
use crate::tick::Tick;

/// Tokens, and what the provider said of the person.
pub(super) struct Described {
    pub(super) exchanged: Exchanged,
    pub(super) documents: Documents,
}

/// Waits for the provider's userinfo endpoint.
#[derive(Debug)]
pub struct FetchingUser {
    verified: Verified,
}

/// Asks it, where there is one.
pub(super) fn userinfo(verified: Verified) -> Step<Result<Described, Box<Rejected>>> {
    match verified.exchanged.metadata.userinfo_endpoint.clone() {
        Some(endpoint) => {
            let token = &verified.exchanged.tokens.access_token;
            let call = get(endpoint.url(), Purpose::FetchUser, token);
            Pending::new(call, FetchingUser { verified }).erase()
        }
        None => {
            let Verified { exchanged, claims } = verified;
            let documents = Documents { id_token: claims, ..Documents::default() };
            Step::Done(Ok(Described { exchanged, documents }))
        }
    }
}

impl Resume<HttpCall, Result<Described, Box<Rejected>>> for FetchingUser {
    fn resume(
        self,
        answer: Result<Response, Unreachable>,
        _: &mut Tick,
    ) -> Step<Result<Described, Box<Rejected>>> {
        let Verified { exchanged, claims } = self.verified;
        let userinfo = answer.map_err(Refusal::UpstreamUnreachable).and_then(|it| document(&it));
        Step::Done(match userinfo {
            Ok(userinfo) => {
                let documents = Documents {
                    id_token: claims,
                    userinfo: Some(userinfo),
                    ..Documents::default()
                };
                Ok(Described { exchanged, documents })
            }
            Err(refusal) => Err(exchanged.rejected(refusal)),
        })
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verified").field("exchanged", &self.exchanged).finish_non_exhaustive()
    }
}
