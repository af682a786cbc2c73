//! The server: a configuration made ready, and the way from a path to its endpoint.

mod routes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Method};

use routes::{Endpoint, preflight, routes};

use crate::bearer::{self, Challenge, Principal};
use crate::check::redirect_uri::Policy;
use crate::client::{self, Client, ConfiguredClient};
use crate::config::{self, Config, ConfigFault, Issuer, Lifetimes, Paths, Resource};
use crate::event::Event;
use crate::flow::{self, CookieNames};
use crate::keys::{KeyRing, SigningKey};
use crate::metadata::{self, Documents};
use crate::provider::Provider;
use crate::refusal::Refusal;
use crate::reply::{Parts, Reply, Request, Response};
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

/// An authorization server. Immutable, cheap to clone, and without a clock, a store or a thread of
/// its own: it answers requests with [`Step`]s, and whoever drives them brings the world.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    keys: KeyRing,
    registration_keys: KeyRing,
    clients: Vec<Arc<ConfiguredClient>>,
    providers: Vec<Arc<Provider>>,
    resources: Vec<Resource>,
    cookies: CookieNames,
    routes: HashMap<String, Endpoint>,
}

impl Server {
    /// Makes a server of a configuration.
    ///
    /// # Errors
    /// [`InvalidConfig`] with everything that is wrong with it.
    pub fn new(config: Config) -> Result<Self, InvalidConfig> {
        let faults = config::check(&config);
        let registration = match &*config.registration.secrets {
            [] => &config.secrets,
            own => own,
        };
        let keys = KeyRing::new(&config.secrets, &config.issuer);
        let registration_keys = KeyRing::new(registration, &config.issuer);
        let (Some(keys), Some(registration_keys), true) =
            (keys, registration_keys, faults.is_empty())
        else {
            return Err(InvalidConfig { faults });
        };
        let mut resources = config.resources.clone();
        if resources.is_empty() {
            // An issuer is an http or https URL without a fragment: a resource too.
            resources.extend(Resource::new(config.issuer.as_str(), Vec::new()));
        }
        let providers: Vec<_> = config.providers.iter().cloned().map(Arc::new).collect();
        let documents = Documents::of(&config, &resources);
        let routes = routes(&config, &resources, &providers, &documents);
        let inner = Inner {
            keys,
            registration_keys,
            clients: config.clients.iter().cloned().map(Arc::new).collect(),
            providers,
            resources,
            cookies: CookieNames::of(&config.issuer),
            routes,
            config,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Answers a request to any endpoint.
    pub fn handle(&self, request: Request, mut tick: Tick) -> Step<Reply> {
        let Some(endpoint) = self.inner.routes.get(request.parts().uri.path()) else {
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
        let tick = &mut tick;
        let step = match endpoint {
            Endpoint::Document(body) => Step::Done(Reply::from(metadata::document(body))),
            Endpoint::Register => {
                let key = self.inner.registration_keys.first();
                let registration = &self.inner.config.registration;
                let reply = client::register(registration, key, &request, tick);
                Step::Done(reply.unwrap_or_else(|refusal| self.refuse(refusal)))
            }
            Endpoint::Authorize if method == "POST" => Step::Done(to_get(&request)),
            Endpoint::Authorize => Step::Done(flow::authorize(self, &request, tick)),
            Endpoint::Consent => Step::Done(flow::consent(self, &request, tick.now)),
            Endpoint::Callback(provider) => flow::callback(self, provider.clone(), &request, tick),
            Endpoint::Token => flow::token(self, &request, tick),
            Endpoint::Revoke => flow::revoke(self, &request, tick),
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
        bearer::authenticate(self, request, now)
    }

    /// The same, and asks the store whether the grant is alive: a revocation is seen at once.
    pub fn authenticate_live(
        &self,
        request: &Parts,
        mut tick: Tick,
    ) -> Step<Result<Principal, Challenge>> {
        bearer::authenticate_live(self, request, &mut tick)
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.inner.config.issuer
    }

    /// Whether a path is one of this server's endpoints; for programs that serve other things
    /// beside it.
    #[must_use]
    pub fn serves(&self, path: &str) -> bool {
        self.inner.routes.contains_key(path)
    }

    fn refuse(&self, refusal: Refusal) -> Reply {
        Reply::new(refusal.to_json(), Event::Refused { refusal })
    }
}

/// What the flows ask of the configuration.
impl Server {
    pub(crate) fn keys(&self) -> &KeyRing {
        &self.inner.keys
    }

    /// The key that signs: the first.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        // `Server::new` refuses a configuration without one.
        &self.inner.config.signing_keys[0]
    }

    pub(crate) fn signing_keys(&self) -> &[SigningKey] {
        &self.inner.config.signing_keys
    }

    pub(crate) fn lifetimes(&self) -> &Lifetimes {
        &self.inner.config.lifetimes
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        Policy::new(&self.inner.config.registration)
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.inner.config.paths
    }

    pub(crate) fn cookies(&self) -> &CookieNames {
        &self.inner.cookies
    }

    pub(crate) fn maps_users(&self) -> bool {
        self.inner.config.map_users
    }

    /// Never empty.
    pub(crate) fn resources(&self) -> &[Resource] {
        &self.inner.resources
    }

    /// What people read of a resource.
    pub(crate) fn resource_name<'a>(&'a self, uri: &'a str) -> &'a str {
        let resource = self.resources().iter().find(|resource| resource.uri() == uri);
        resource.and_then(|resource| resource.name.as_deref()).unwrap_or(uri)
    }

    pub(crate) fn client(&self, id: &str) -> Option<Client> {
        Client::find(&self.inner.clients, &self.inner.registration_keys, id)
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Arc<Provider>> {
        self.inner.providers.iter().find(|provider| provider.id.as_str() == id)
    }

    pub(crate) fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.inner.providers.iter().map(|provider| &**provider)
    }

    /// The URL of a path below the issuer's.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// Where a provider sends people back.
    pub(crate) fn callback_uri(&self, provider: &Provider) -> String {
        self.url(&provider.callback_path(self.paths()))
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
