//! Apple posts its answer to the callback (OAuth 2.0 Form Post Response Mode). A cookie with
//! `SameSite=Lax` does not come along with a POST from another site, so nothing can be checked there:
//! what was posted goes on, sealed, with a redirect to the same path, where all checks are made.

use std::borrow::Cow;
use std::time::Duration;

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::keys::Purpose;
use crate::page::Answer;
use crate::params::Params;
use crate::provider::apple_name;
use crate::refusal::Refusal;
use crate::reply::{Reply, Request, Response};
use crate::seal::{Sealable, Unopened, open, seal};
use crate::setup::Setup;
use crate::tick::Timestamp;

/// The parameter of the redirect.
pub(super) const PARAMETER: &str = "posted";

/// A browser follows a redirect at once.
const LIFETIME: Duration = Duration::from_secs(60);

/// The longest field that goes on, in bytes: four of them, sealed, must fit into a URL.
const LONGEST_FIELD: usize = 1024;

/// What a provider says in a callback.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Fields {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
    /// The person's name, unsigned.
    pub(super) name: Option<String>,
}

/// The same on its way from the POST to the GET. Whose they are says the `state` among them.
#[derive(Serialize, Deserialize)]
struct Posted {
    fields: Fields,
    expires_at: Timestamp,
}

impl Sealable for Posted {
    const PURPOSE: Purpose = Purpose::PostedCallback;
    const PREFIX: &'static str = "";
    const PRIVATE: bool = true;
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// `POST` to the callback: reads no cookie, sets none, asks nothing.
pub(crate) fn posted(setup: &Setup, request: &Request, now: Timestamp) -> Answer {
    match location(setup, request, now) {
        Ok(location) => Answer::Reply(Reply::from(Response::see_other(location))),
        Err(refusal) => Answer::refused(refusal),
    }
}

fn location(setup: &Setup, request: &Request, now: Timestamp) -> Result<HeaderValue, Refusal> {
    let mut params = Params::parse(&["code", "state", "iss", "error", "user"], request.form()?)?;
    params.repeated()?;
    let name = params.optional("user")?.and_then(|user| apple_name(&user));
    let fields = Fields { name, ..Fields::read(&mut params)? };
    let own = [&fields.code, &fields.state, &fields.iss, &fields.error];
    if own.into_iter().flatten().any(|field| field.len() > LONGEST_FIELD) {
        return Err(Refusal::Unreadable);
    }
    let posted = Posted { fields, expires_at: now.after(LIFETIME) };
    let posted = seal(setup.keys().first(), &posted);
    let location = format!("{}?{PARAMETER}={posted}", request.parts().uri.path());
    HeaderValue::try_from(location).map_err(|_| Refusal::Unreadable)
}

impl Fields {
    /// As they stand in a query or a form.
    pub(super) fn read<const N: usize>(params: &mut Params<'_, N>) -> Result<Self, Refusal> {
        let mut field = |name| params.optional(name).map(|it| it.map(Cow::into_owned));
        Ok(Self {
            code: field("code")?,
            state: field("state")?,
            iss: field("iss")?,
            error: field("error")?,
            name: None,
        })
    }

    /// As they were posted.
    pub(super) fn open(setup: &Setup, text: &str, now: Timestamp) -> Result<Self, Refusal> {
        let (posted, _) = open::<Posted>(setup.keys(), text, now).map_err(|why| match why {
            Unopened::Forged => Refusal::StateForged,
            Unopened::Expired => Refusal::StateExpired,
        })?;
        Ok(posted.fields)
    }

    pub(super) fn are_empty(&self) -> bool {
        let Self { code, state, iss, error, name } = self;
        [code, state, iss, error, name].into_iter().all(Option::is_none)
    }
}
