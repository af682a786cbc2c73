//! `POST /oauth/introspect`: a resource asks what is behind a token, and whether it still holds (RFC
//! 7662).

use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::live::is_alive;
use super::principal::{self, Claimed};
use crate::check::resource_auth;
use crate::event::Event;
use crate::params::{Params, none_in_query};
use crate::refusal::Refusal;
use crate::reply::{Reply, Request, Response};
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

const PARAMETERS: [&str; 4] = ["token", "token_type_hint", "client_id", "client_secret"];

/// The endpoint. The answer is JSON whatever `Accept` says: there is one form of it (INT-03).
pub(crate) fn introspect(setup: &Setup, request: &Request, tick: &mut Tick) -> Step<Reply> {
    let claimed = match read(setup, request, tick.now) {
        Ok(Some(claimed)) => claimed,
        Ok(None) => return Step::Done(inactive()),
        Err(refusal) => return Step::Done(refused(refusal)),
    };
    is_alive(setup, claimed.grant_id, tick).then(tick, |alive, _| {
        Step::Done(match alive {
            Ok(true) => active(claimed),
            Ok(false) => inactive(),
            Err(refusal) => refused(refusal),
        })
    })
}

/// What a token says to the resource that asks: nothing, unless it is an access token of this server
/// for that very resource (INT-02). The hint does not matter, since no other kind is looked for.
fn read(setup: &Setup, request: &Request, now: Timestamp) -> Result<Option<Claimed>, Refusal> {
    let form = request.form()?;
    none_in_query(&["token", "client_secret"], request.query())?;
    let mut params = Params::parse(&PARAMETERS, form)?;
    params.repeated()?;
    let resource = resource_auth::authenticate(setup, request.headers(), &mut params)?;
    let token = params.required("token")?;
    let claimed = principal::read(setup, &token, now);
    Ok(claimed.filter(|claimed| claimed.resource == resource.uri()))
}

/// RFC 7662 §2.2: what the token says, the mapper's claims with it.
fn active(claimed: Claimed) -> Reply {
    let mut answer: Map<String, Value> = claimed.claims;
    // Last, so that no claim takes their place.
    answer.insert("active".to_owned(), json!(true));
    answer.insert("token_type".to_owned(), json!("Bearer"));
    Reply::from(Response::json(StatusCode::OK, Value::Object(answer).to_string()))
}

/// The same for whatever is not active, byte for byte: nobody is told why (INT-04).
fn inactive() -> Reply {
    Reply::from(Response::json(StatusCode::OK, r#"{"active":false}"#))
}

fn refused(refusal: Refusal) -> Reply {
    let mut response = refusal.to_json();
    // RFC 9110 §15.5.2: whoever showed nothing is told too how to.
    if response.status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"introspection endpoint\"");
        response = response.with(header::WWW_AUTHENTICATE, challenge);
    }
    Reply::new(response, Event::Refused { refusal })
}
