//! The server: a configuration made ready, and the way from a path to its endpoint.

mod routes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Method};

use routes::{Endpoint, preflight, routes};

use crate::bearer::{self, Challenge, Principal};
use crate::config::{self, Config, ConfigFault, Issuer};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::reply::{Parts, Reply, Request, Response};
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};
use crate::{client, flow, metadata};

/// An authorization server. Immutable, cheap to clone, and without a clock, a store or a thread of
/// its own: it answers requests with [`Step`]s, and whoever drives them brings the world.
#[derive(Clone)]
pub struct Server {
    setup: Setup,
    routes: Arc<HashMap<String, Endpoint>>,
}

impl Server {
    /// Makes a server of a configuration.
    ///
    /// # Errors
    /// [`InvalidConfig`] with everything that is wrong with it.
    pub fn new(config: Config) -> Result<Self, InvalidConfig> {
        let faults = config::check(&config);
        if !faults.is_empty() {
            return Err(InvalidConfig { faults });
        }
        let setup = Setup::of(config).ok_or(InvalidConfig { faults })?;
        let routes = Arc::new(routes(&setup));
        Ok(Self { setup, routes })
    }

    /// Answers a request to any endpoint.
    pub fn handle(&self, request: Request, mut tick: Tick) -> Step<Reply> {
        let Some(endpoint) = self.routes.get(request.parts().uri.path()) else {
            return Step::Done(self.refuse(Refusal::NotFound));
        };
        if request.parts().method == Method::OPTIONS {
            return Step::Done(Reply::from(preflight(endpoint)));
        }
        let allowed = endpoint.allowed();
        let head = request.parts().method == Method::HEAD && allowed.contains("HEAD");
        let method = if head { "GET" } else { request.parts().method.as_str() };
        if !allowed.split(", ").any(|allowed| allowed == method) {
            let reply = self.refuse(Refusal::Method { allowed });
            return Step::Done(endpoint.finish(reply, head));
        }
        let (setup, tick) = (&self.setup, &mut tick);
        let step = match endpoint {
            Endpoint::Document(body) => Step::Done(Reply::from(metadata::document(body))),
            Endpoint::Register => {
                let reply = client::register(setup, &request, tick);
                Step::Done(reply.unwrap_or_else(|refusal| self.refuse(refusal)))
            }
            Endpoint::Authorize if method == "POST" => Step::Done(to_get(&request)),
            Endpoint::Authorize => Step::Done(flow::authorize(setup, &request, tick)),
            Endpoint::Consent => Step::Done(flow::consent(setup, &request, tick.now)),
            Endpoint::Callback(provider) => flow::callback(setup, provider.clone(), &request, tick),
            Endpoint::Token => flow::token(setup, &request, tick),
            Endpoint::Revoke => flow::revoke(setup, &request, tick),
        };
        let endpoint = endpoint.clone();
        step.then(tick, move |reply, _| Step::Done(endpoint.finish(reply, head)))
    }

    /// Who sent a request to a protected resource: checks the access token's signature, issuer,
    /// time and resource, without asking anything. A grant that was revoked is seen when its access
    /// token expires; see [`Server::authenticate_live`].
    ///
    /// # Errors
    /// A [`Challenge`], which is also the response.
    pub fn authenticate(&self, request: &Parts, now: Timestamp) -> Result<Principal, Challenge> {
        bearer::authenticate(&self.setup, request, now)
    }

    /// The same, and asks the store whether the grant is alive: a revocation is seen at once.
    pub fn authenticate_live(
        &self,
        request: &Parts,
        mut tick: Tick,
    ) -> Step<Result<Principal, Challenge>> {
        bearer::authenticate_live(&self.setup, request, &mut tick)
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        self.setup.issuer()
    }

    /// Whether a path is one of this server's endpoints; for programs that serve other things
    /// beside it.
    #[must_use]
    pub fn serves(&self, path: &str) -> bool {
        self.routes.contains_key(path)
    }

    fn refuse(&self, refusal: Refusal) -> Reply {
        Reply::new(refusal.to_json(), Event::Refused { refusal })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("issuer", self.issuer()).finish_non_exhaustive()
    }
}

/// `POST /oauth/authorize` (OpenID Connect Core §3.1.2.1) becomes a GET with the form as its query:
/// the cookies of this site do not come with a POST of another one, and nothing is set before they
/// do.
fn to_get(request: &Request) -> Reply {
    let location = request.form().and_then(|form| {
        let form = std::str::from_utf8(form).map_err(|_| Refusal::Unreadable)?;
        HeaderValue::try_from(format!("?{form}")).map_err(|_| Refusal::Unreadable)
    });
    match location {
        Ok(location) => Reply::from(Response::see_other(location)),
        Err(refusal) => Reply::new(refusal.to_json(), Event::Refused { refusal }),
    }
}

/// A configuration that no server can be made of.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s), the first: {}", .faults.len(), .faults.first().map_or_else(String::new, ToString::to_string))]
#[non_exhaustive]
pub struct InvalidConfig {
    /// All of them.
    pub faults: Vec<ConfigFault>,
}
