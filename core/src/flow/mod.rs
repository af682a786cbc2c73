//! The typed flow: one struct per state of a sign-in, one file per state.
//!
//! ```text
//! GET  /authorize  AuthorizeRequest --accept--> PendingUpstream --303--> browser, provider
//! GET  /callback   PendingUpstream --returned--> Callback --Load--> --Http--> ExchangingCode --> Exchanged
//!                  Exchanged --Load (keys), Http (userinfo)--> Identity
//!                  Identity --MapUser, Swap--> IssuedCode --303--> client
//! POST /token      Load --> IssuedCode --redeem, Swap--> TokenGrant --200--> client
//! POST /token      Load --> TokenGrant --rotate, Swap--> TokenGrant        genuine replay --Swap--> Revoked
//!                  before, where kept upstream tokens are over: Swap (lease) --> RefreshingUpstream --Http--> Swap
//! ```
//!
//! Transitions consume the state they leave; no state is `Clone`; none can be made from outside.
//! What must not happen does not compile. A code is redeemed:
//!
//! ```
//! use vestibule_core::flow::{IssuedCode, Redemption};
//! use vestibule_core::Timestamp;
//! fn once(code: IssuedCode, redemption: &Redemption, now: Timestamp) {
//!     let _ = code.redeem(redemption, now);
//! }
//! ```
//!
//! and not redeemed twice:
//!
//! ```compile_fail,E0382
//! use vestibule_core::flow::{IssuedCode, Redemption};
//! use vestibule_core::Timestamp;
//! fn twice(code: IssuedCode, redemption: &Redemption, now: Timestamp) {
//!     let _ = code.redeem(redemption, now);
//!     let _ = code.redeem(redemption, now);
//! }
//! ```
//!
//! Tokens come from a redemption or a rotation:
//!
//! ```
//! use vestibule_core::flow::{IssuedCode, Redemption, Tokens};
//! use vestibule_core::{Refusal, Timestamp};
//! fn of(code: IssuedCode, by: &Redemption, now: Timestamp) -> Result<Tokens, Refusal> {
//!     let (_grant, tokens) = code.redeem(by, now)?;
//!     Ok(tokens)
//! }
//! ```
//!
//! and from nowhere else:
//!
//! ```compile_fail,E0624
//! use vestibule_core::flow::{TokenGrant, Tokens};
//! fn out_of_thin_air(grant: &TokenGrant) -> Tokens {
//!     Tokens::issue(grant)
//! }
//! ```
//!
//! What can be redirected to is a [`RegisteredRedirect`], whose
//! documentation shows that none can be made of a text.

mod admit;
mod authorize;
mod authorize_request;
mod callback;
mod consent;
mod depart;
mod emails;
mod exchange;
mod fetch;
mod identity;
mod issue;
mod mapping;
mod pending;
mod posted;
mod readmit;
mod redeem;
mod refresh;
mod remember;
mod revoke;
mod rotate;
mod token;
pub(crate) mod transact;
pub(crate) mod upstream;
mod userinfo;
mod verify;

pub use authorize_request::AuthorizeRequest;
pub use callback::Callback;
pub use exchange::{Exchanged, ExchangingCode};
pub use identity::Identity;
pub use issue::Tokens;
pub use pending::PendingUpstream;
pub use redeem::{IssuedCode, Redemption};
pub use revoke::Revoked;
pub use rotate::{Rotated, Rotation, TokenGrant};
pub use upstream::{RefreshedUpstream, RefreshingUpstream};
pub use userinfo::FetchingUser;

pub(crate) use authorize::{authorize, authorize_by_post};
pub(crate) use callback::callback;
pub(crate) use consent::consent;
pub(crate) use posted::posted;
pub(crate) use revoke::revoke;
pub(crate) use token::token;

use http::HeaderValue;

use crate::check::redirect_uri::RegisteredRedirect;
use crate::event::Event;
use crate::page::{Answer, ErrorPage};
use crate::refusal::Refusal;
use crate::reply::{Reply, Response};
use crate::setup::Setup;

/// A flow that ended in a refusal after its redirect URI was known, so that the client can be told.
#[derive(Debug)]
pub struct Rejected {
    pub(crate) refusal: Refusal,
    pub(crate) redirect: RegisteredRedirect,
    pub(crate) state: Option<String>,
}

impl Rejected {
    /// Where the error response of RFC 6749 §4.1.2.1 goes, with `iss` (RFC 9207 §2).
    pub(crate) fn location(&self, setup: &Setup) -> Option<HeaderValue> {
        let wire = self.refusal.wire();
        let mut parameters = vec![("error", wire.error), ("error_description", &*wire.description)];
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        parameters.push(("iss", setup.issuer().as_str()));
        self.redirect.location(&parameters)
    }

    /// The person is told first, and by the page's link the client: they came back as somebody who
    /// may not sign in, which the client cannot mend and may not even show.
    fn told_to_the_person(self) -> Answer {
        ErrorPage::with_way_back(self).into()
    }

    /// The client is told by redirect; `event` is what happened.
    fn redirected(self, setup: &Setup, event: Event) -> Answer {
        match self.location(setup) {
            Some(location) => Reply::new(Response::see_other(location), event).into(),
            None => Answer::refused(self.refusal),
        }
    }

    /// The same, as a refusal.
    fn told(self, setup: &Setup) -> Answer {
        let event = Event::Refused { refusal: self.refusal.clone() };
        self.redirected(setup, event)
    }
}
