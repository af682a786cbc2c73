//! The server: a configuration made ready, and the way from a path to its endpoint.

mod routes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::Method;

use routes::{Endpoint, Manners, preflight, routes};

use crate::bearer::{self, Challenge, Principal};
use crate::config::{self, Config, ConfigFault, Issuer};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::reply::{Parts, Reply, Request};
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};
use crate::{client, flow, metadata, page};

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
        let endpoint = self.routes.get(request.parts().uri.path());
        let manners = Manners {
            https: self.issuer().is_https(),
            shared: endpoint.is_some_and(Endpoint::is_shared),
            head: request.parts().method == Method::HEAD,
        };
        let step = match endpoint {
            Some(endpoint) => self.dispatch(endpoint, &request, &mut tick),
            None => Step::Done(refuse(Refusal::NotFound)),
        };
        step.then(&mut tick, move |reply, _| Step::Done(manners.applied_to(reply)))
    }

    fn dispatch(&self, endpoint: &Endpoint, request: &Request, tick: &mut Tick) -> Step<Reply> {
        let (setup, method) = (&self.setup, &request.parts().method);
        if *method == Method::OPTIONS {
            return Step::Done(Reply::from(preflight(endpoint)));
        }
        let allowed = endpoint.allowed();
        if !allowed.split(", ").any(|allowed| allowed == method.as_str()) {
            let refusal = Refusal::Method { allowed };
            return Step::Done(if endpoint.is_shared() {
                refuse(refusal)
            } else {
                page::refuse(setup, refusal)
            });
        }
        match endpoint {
            Endpoint::Document(body) => Step::Done(Reply::from(metadata::document(body))),
            Endpoint::Register => {
                Step::Done(client::register(setup, request, tick).unwrap_or_else(refuse))
            }
            Endpoint::Authorize if method == Method::POST => {
                Step::Done(flow::authorize_by_post(setup, request))
            }
            Endpoint::Authorize => Step::Done(flow::authorize(setup, request, tick)),
            Endpoint::Consent => Step::Done(flow::consent(setup, request, tick.now)),
            Endpoint::Callback(provider) => flow::callback(setup, provider.clone(), request, tick),
            Endpoint::Token => flow::token(setup, request, tick),
            Endpoint::Revoke => flow::revoke(setup, request, tick),
        }
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
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("issuer", self.issuer()).finish_non_exhaustive()
    }
}

fn refuse(refusal: Refusal) -> Reply {
    Reply::new(refusal.to_json(), Event::Refused { refusal })
}

/// A configuration that no server can be made of.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s), the first: {}", .faults.len(), .faults.first().map_or_else(String::new, ToString::to_string))]
#[non_exhaustive]
pub struct InvalidConfig {
    /// All of them.
    pub faults: Vec<ConfigFault>,
}
