//! GitHub tells which address is verified at an endpoint of its own.

use super::Rejected;
use super::userinfo::Described;
use crate::effect::{HttpCall, Purpose, Unreachable};
use crate::provider::{Documents, Way, get, primary_address};
use crate::refusal::Refusal;
use crate::reply::Response;
use crate::step::{Pending, Resume, Step};
use crate::tick::Tick;

/// Waits for a person's addresses.
pub(super) struct FetchingEmails {
    described: Described,
}

/// Asks for them, where the provider has them there.
pub(super) fn emails(described: Described) -> Step<Result<Described, Box<Rejected>>> {
    match &described.exchanged.pending.provider.way {
        Way::GitHub(api) => {
            let token = &described.exchanged.tokens.access_token;
            let call = get(api.emails.url(), Purpose::FetchEmails, token);
            Pending::new(call, FetchingEmails { described }).erase()
        }
        Way::Plain | Way::Discord | Way::Entra | Way::Apple(_) => Step::Done(Ok(described)),
    }
}

impl Resume<HttpCall, Result<Described, Box<Rejected>>> for FetchingEmails {
    fn resume(
        self,
        answer: Result<Response, Unreachable>,
        _: &mut Tick,
    ) -> Step<Result<Described, Box<Rejected>>> {
        let Described { exchanged, documents } = self.described;
        let address =
            answer.map_err(Refusal::UpstreamUnreachable).and_then(|it| primary_address(&it));
        Step::Done(match address {
            Ok(address) => {
                let documents = Documents { address: Some(address), ..documents };
                Ok(Described { exchanged, documents })
            }
            Err(refusal) => Err(exchanged.rejected(refusal)),
        })
    }
}
