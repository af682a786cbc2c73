//! `GET /oauth/authorize`: the authorization request (RFC 6749 §4.1.1, OAuth 2.1 §4.1.1) and the
//! page that asks the person.

use http::HeaderValue;

use super::Rejected;
use super::authorize_request::AuthorizeRequest;
use super::consent::{ConsentForm, Leaving, leave};
use super::remember::{self, Agreed, agreed_before};
use crate::check::pkce::CodeChallenge;
use crate::check::redirect_uri;
use crate::check::{resource, scope};
use crate::client::document;
use crate::client::{self, Client, Found};
use crate::cutoff::Questions;
use crate::encoding::base64url;
use crate::event::Event;
use crate::ids::{FlowId, ProviderId};
use crate::page::{self, Answer, ErrorPage};
use crate::params::{Params, known_pairs};
use crate::refusal::Refusal;
use crate::reply::{Reply, Request, Response};
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::Tick;

const PARAMETERS: [&str; 13] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "resource",
    "prompt",
    "provider",
    "request",
    "request_uri",
];

/// The longest `state` that is carried, in bytes.
const LONGEST_STATE: usize = 2048;

/// Why no page is shown, and who can be told.
enum Stopped {
    /// Neither client nor redirect URI are sure: only the person can be told (RFC 6749 §4.1.2.1).
    Here(Refusal),
    /// The client can be told.
    Redirectable { rejected: Box<Rejected>, client: Box<Client> },
}

/// What a request wishes for beside what it asks.
struct Wishes {
    /// The provider that it names (`provider`).
    provider: Option<ProviderId>,
    /// Whether the person is to be asked, whatever they agreed to before (OpenID Connect Core
    /// §3.1.2.1, `prompt=consent`).
    ask: bool,
}

/// The endpoint.
pub(crate) fn authorize(setup: &Setup, request: Request, tick: &mut Tick) -> Step<Answer> {
    let mut params = match Params::parse(&PARAMETERS, request.query().as_bytes()) {
        Ok(params) => params,
        Err(refusal) => return Step::Done(Answer::refused(refusal)),
    };
    let found = params.required("client_id").and_then(|id| client::find(setup, &id));
    match found {
        Ok(Found::Here(client)) => {
            let read = read(setup, client, &mut params);
            decide(setup, request, read, tick)
        }
        Ok(Found::At(url)) => {
            if let Err(refusal) = request.counted() {
                return Step::Done(Answer::refused(refusal));
            }
            let setup = setup.clone();
            document::described(&setup, url, tick).then(tick, move |client, tick| {
                let client = match client {
                    Ok(client) => client,
                    Err(refusal) => return Step::Done(Answer::refused(refusal)),
                };
                let params = Params::parse(&PARAMETERS, request.query().as_bytes());
                let read = params
                    .map_err(Stopped::Here)
                    .and_then(|mut params| read(&setup, client, &mut params));
                decide(&setup, request, read, tick)
            })
        }
        Err(refusal) => Step::Done(Answer::refused(refusal)),
    }
}

/// Whether somebody has to be asked.
fn decide(
    setup: &Setup,
    request: Request,
    read: Result<(AuthorizeRequest, Wishes), Stopped>,
    tick: &mut Tick,
) -> Step<Answer> {
    let (asked, wishes) = match read {
        Ok(read) => read,
        Err(stopped) => return Step::Done(stop(setup, stopped)),
    };
    let setup = setup.clone();
    let agreed = match (wishes.ask, wishes.provider.as_ref()) {
        (true, _) => None,
        (false, wish) => agreed_before(&setup, &request, &asked, wish, tick.now),
    };
    let cutoffs = match &agreed {
        Some(agreed) => Questions::of_flow(&setup, &asked.client, agreed.allowed_at),
        None => Questions::of_client(&setup, &asked.client),
    };
    cutoffs.answer(&setup, tick).then(tick, move |over, tick| {
        Step::Done(match (over, agreed) {
            (Ok(false), Some(agreed)) => return pass(&setup, &request, asked, agreed, tick),
            // What was agreed to has been ended: they are asked again.
            (Ok(false), None) | (Ok(true), Some(_)) => {
                show(&setup, &request, &asked, wishes.provider.as_ref(), tick)
            }
            (Ok(true), None) => Answer::refused(Refusal::ClientEnded),
            (Err(refusal), _) => Answer::refused(refusal),
        })
    })
}

fn stop(setup: &Setup, stopped: Stopped) -> Answer {
    let (rejected, client) = match stopped {
        Stopped::Here(refusal) => return Answer::refused(refusal),
        Stopped::Redirectable { rejected, client } => (*rejected, client),
    };
    // RFC 9700 §4.11.2: before a person has agreed to anything, a client that nobody vetted must
    // not be able to turn this server into an open redirector; they get a page with a link instead.
    if !client.is_stranger() || rejected.redirect.is_loopback() {
        rejected.told(setup)
    } else {
        ErrorPage::with_way_back(rejected).into()
    }
}

/// `POST /oauth/authorize` (OpenID Connect Core §3.1.2.1) becomes a GET with the form as its query:
/// the cookies of this site do not come with a POST of another one, and nothing is set before they
/// do. Only what belongs to an authorization request gets into the URL, whatever else was posted.
pub(crate) fn authorize_by_post(request: &Request) -> Answer {
    let location = request.form().and_then(|form| {
        let query = known_pairs(&PARAMETERS, form)?;
        HeaderValue::try_from(format!("?{query}")).map_err(|_| Refusal::Unreadable)
    });
    match location {
        Ok(location) => Reply::from(Response::see_other(location)).into(),
        Err(refusal) => Answer::refused(refusal),
    }
}

/// Client and redirect URI first: until both are sure, no other fault may lead to a redirect
/// (WEB-02).
fn read(
    setup: &Setup,
    client: Client,
    params: &mut Params<'_, { PARAMETERS.len() }>,
) -> Result<(AuthorizeRequest, Wishes), Stopped> {
    let requested = params.optional("redirect_uri").map_err(Stopped::Here)?;
    let redirect =
        redirect_uri::check(&setup.policy(&client), client.redirect_uris(), requested.as_deref())
            .map_err(Stopped::Here)?;
    // A state that is repeated cannot be sent back; all that is said without it is that it was
    // repeated.
    let (state, repeated) = match params.optional("state") {
        Ok(state) => (state.map(String::from), None),
        Err(repeated) => (None, Some(repeated)),
    };
    if state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(Stopped::Here(Refusal::Invalid { parameter: "state" }));
    }
    let rest = match repeated {
        Some(repeated) => Err(repeated),
        None => read_rest(setup, params),
    };
    match rest {
        Ok(Rest { code_challenge, scope, resource, wishes }) => {
            let asked =
                AuthorizeRequest { client, redirect, state, code_challenge, scope, resource };
            if !asked.fits() {
                return Err(Stopped::Here(Refusal::RequestTooLong));
            }
            Ok((asked, wishes))
        }
        Err(refusal) => {
            let rejected = Box::new(Rejected { refusal, redirect, state });
            Err(Stopped::Redirectable { rejected, client: Box::new(client) })
        }
    }
}

struct Rest {
    code_challenge: CodeChallenge,
    scope: String,
    resource: String,
    wishes: Wishes,
}

fn read_rest(
    setup: &Setup,
    params: &mut Params<'_, { PARAMETERS.len() }>,
) -> Result<Rest, Refusal> {
    params.repeated()?;
    if params.required("response_type")? != "code" {
        return Err(Refusal::ResponseType);
    }
    // ISS-09: answers go into the query and nowhere else.
    if params.optional("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(Refusal::Invalid { parameter: "response_mode" });
    }
    // A request object would have to be obeyed instead of the parameters; ignoring it could grant
    // what it does not say.
    for parameter in ["request", "request_uri"] {
        if params.optional(parameter)?.is_some() {
            return Err(Refusal::Invalid { parameter });
        }
    }
    let code_challenge = CodeChallenge::parse(
        params.optional("code_challenge")?.as_deref(),
        params.optional("code_challenge_method")?.as_deref(),
    )?;
    let resource = resource::resource(setup.resources(), params.optional("resource")?.as_deref())?;
    let scope = scope::asked(params.optional("scope")?.as_deref(), &resource.scopes)?;
    let provider = match params.optional("provider")? {
        None => None,
        Some(id) => {
            let provider = setup.provider(&id).ok_or(Refusal::Invalid { parameter: "provider" })?;
            Some(provider.id.clone())
        }
    };
    let prompt = params.optional("prompt")?;
    let ask = prompt.is_some_and(|prompt| prompt.split(' ').any(|value| value == "consent"));
    let wishes = Wishes { provider, ask };
    Ok(Rest { code_challenge, scope, resource: resource.uri().to_owned(), wishes })
}

/// Nobody is asked: the browser goes on at once.
fn pass(
    setup: &Setup,
    request: &Request,
    asked: AuthorizeRequest,
    agreed: Agreed,
    tick: &mut Tick,
) -> Step<Answer> {
    let flow_id = FlowId(tick.entropy.draw("flow id"));
    // There is no page that could be sent again: its end is now.
    let leaving = Leaving { asked, agreed, flow_id, page_ends_at: tick.now, remembered: None };
    leave(setup, request.headers(), leaving, tick)
}

/// Shows the page. Nothing is kept here: the request waits inside the form, bound to this browser's
/// cookie.
fn show(
    setup: &Setup,
    request: &Request,
    asked: &AuthorizeRequest,
    preselected: Option<&ProviderId>,
    tick: &mut Tick,
) -> Answer {
    let cookies = setup.cookies();
    // An existing mark stays, so that two tabs work; it is set anew, so that it outlives the page.
    let browser = match cookies.browser(request.headers()) {
        Some(browser) => browser.to_owned(),
        None => base64url(tick.entropy.draw::<16>("browser mark")),
    };
    let form = ConsentForm::new(FlowId(tick.entropy.draw("flow id")), asked, tick.now);
    let form = form.to_text(setup, &browser);
    let lifetime = remember::lifetime(setup, asked);
    let shown = page::Shown {
        form: &form,
        preselected,
        remember_days: lifetime.map(|lifetime| lifetime.as_secs().div_ceil(24 * 60 * 60)),
    };
    let reader = page::Reader::of(setup, request.headers());
    let response = page::sign_in(setup, asked, &reader, &shown);
    let event = Event::SignInShown { client_id: asked.client.id().clone() };
    Answer::from(Reply::new(response, event)).and_cookie(cookies.set_browser(&browser))
}
