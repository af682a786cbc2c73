//! The server: a configuration made ready, and the way from a path to its endpoint.

mod routes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::Method;

use routes::{
    Browser, Endpoint, Manners, Shared, options, preflight, preflight_of_nothing, routes,
};

use crate::administer::{self, Grants, Wiped};
use crate::charge::{self, Charge};
use crate::config::{self, Config, ConfigFault, Issuer};
use crate::cutoff::Cutoff;
use crate::event::Event;
use crate::ids::GrantId;
use crate::page::{Answer, Reader};
use crate::refusal::{HttpFault, Refusal};
use crate::reply::{Parts, Reply, Request, Response};
use crate::resource::{self, Challenge, Principal, Protected};
use crate::secret::UpstreamAccessToken;
use crate::setup::Setup;
use crate::step::Step;
use crate::store::{Record, RecordKey};
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

    /// What a request may cost its sender, if anything: for whoever counts, before it is handled.
    /// See [`Charge`].
    #[must_use]
    pub fn charge(&self, request: &Request) -> Option<Charge> {
        match self.routes.get(request.parts().uri.path())? {
            Endpoint::Shared(Shared::Register) => {
                (request.parts().method == Method::POST).then_some(Charge::Registration)
            }
            Endpoint::Shared(Shared::Token | Shared::Revoke) => {
                charge::wrong_secret(&self.setup, request)
            }
            Endpoint::Introspect => charge::wrong_secret_of_resource(&self.setup, request),
            Endpoint::Browser(Browser::Authorize) => charge::client_document(&self.setup, request),
            Endpoint::Shared(Shared::Document(_))
            | Endpoint::Browser(Browser::Consent | Browser::Callback(_)) => None,
        }
    }

    /// Answers a request to any endpoint.
    pub fn handle(&self, request: Request, mut tick: Tick) -> Step<Reply> {
        let endpoint = self.routes.get(request.parts().uri.path());
        let manners = Manners {
            https: self.issuer().is_https(),
            // That nothing is here depends on nobody either.
            shared: matches!(endpoint, None | Some(Endpoint::Shared(_))),
            head: request.parts().method == Method::HEAD,
        };
        match endpoint {
            Some(Endpoint::Shared(endpoint)) => self
                .shared(endpoint, &request, &mut tick)
                .then(&mut tick, move |reply, _| Step::Done(manners.applied_to(reply))),
            Some(Endpoint::Introspect) => self
                .introspect(&request, &mut tick)
                .then(&mut tick, move |reply, _| Step::Done(manners.applied_to(reply))),
            Some(Endpoint::Browser(endpoint)) => {
                let setup = self.setup.clone();
                let reader = Reader::of(&setup, request.headers());
                self.browser(endpoint, request, &mut tick).then(&mut tick, move |answer, tick| {
                    Step::Done(manners.applied_to(answer.written(&setup, &reader, tick)))
                })
            }
            None => Step::Done(manners.applied_to(nothing(&request))),
        }
    }

    fn shared(&self, endpoint: &Shared, request: &Request, tick: &mut Tick) -> Step<Reply> {
        let setup = &self.setup;
        if let Some(reply) = unasked(request, endpoint.allowed(), preflight) {
            return Step::Done(reply.unwrap_or_else(refuse));
        }
        match endpoint {
            Shared::Document(body) => Step::Done(Reply::from(metadata::document(body))),
            Shared::Register => {
                Step::Done(client::register(setup, request, tick).unwrap_or_else(refuse))
            }
            Shared::Token => flow::token(setup, request, tick),
            Shared::Revoke => flow::revoke(setup, request, tick),
        }
    }

    fn introspect(&self, request: &Request, tick: &mut Tick) -> Step<Reply> {
        match unasked(request, "POST", options) {
            Some(reply) => Step::Done(reply.unwrap_or_else(refuse)),
            None => resource::introspect(&self.setup, request, tick),
        }
    }

    fn browser(&self, endpoint: &Browser, request: Request, tick: &mut Tick) -> Step<Answer> {
        let setup = &self.setup;
        if let Some(reply) = unasked(&request, endpoint.allowed(), options) {
            return Step::Done(reply.map_or_else(Answer::refused, Answer::Reply));
        }
        match endpoint {
            Browser::Authorize if request.parts().method == Method::POST => {
                Step::Done(flow::authorize_by_post(&request))
            }
            Browser::Authorize => flow::authorize(setup, request, tick),
            Browser::Consent => flow::consent(setup, &request, tick),
            Browser::Callback(provider) if request.parts().method == Method::POST => {
                Step::Done(flow::posted(setup, &request, tick.now))
            }
            Browser::Callback(provider) => flow::callback(setup, provider.clone(), &request, tick),
        }
    }

    /// Who sent a request to a protected resource: checks the access token's signature, issuer,
    /// time and resource, without asking anything. A grant that was revoked is seen when its access
    /// token expires; see [`Server::authenticate_live`].
    ///
    /// Which resource that is, where there are several, the request's host and path say
    /// ([`Server::protected`]): whoever routes requests must go by the same. Where a handler is that
    /// of one resource, however it was reached, use [`Server::authenticate_at`].
    ///
    /// # Errors
    /// A [`Challenge`], which says where to get a token and is answered as
    /// [`Challenge::response`].
    pub fn authenticate(&self, request: &Parts, now: Timestamp) -> Result<Principal, Challenge> {
        resource::authenticate(&self.setup, self.protected(request), request, now)
    }

    /// The same at one resource, wherever the request says that it goes: a token for another one is
    /// refused.
    ///
    /// # Errors
    /// As [`Server::authenticate`].
    pub fn authenticate_at(
        &self,
        protected: &Arc<Protected>,
        request: &Parts,
        now: Timestamp,
    ) -> Result<Principal, Challenge> {
        resource::authenticate(&self.setup, Some(protected), request, now)
    }

    /// The same as [`Server::authenticate`], and asks the store whether the grant is alive: a
    /// revocation is seen at once.
    pub fn authenticate_live(
        &self,
        request: &Parts,
        mut tick: Tick,
    ) -> Step<Result<Principal, Challenge>> {
        resource::authenticate_live(&self.setup, self.protected(request), request, &mut tick)
    }

    /// The same as [`Server::authenticate_at`], and asks the store whether the grant is alive.
    pub fn authenticate_live_at(
        &self,
        protected: &Arc<Protected>,
        request: &Parts,
        mut tick: Tick,
    ) -> Step<Result<Principal, Challenge>> {
        resource::authenticate_live(&self.setup, Some(protected), request, &mut tick)
    }

    /// The resource that a request is for: the only one there is; or that of the request's host
    /// (any, where its host is nobody's, as behind a proxy that names its own) whose path the
    /// request's path starts with, the longest first. `None` where that is nobody's, or several
    /// could be meant: a path that routers read differently, such as `/mcp/%61dmin` or `/mcp//admin`,
    /// is nobody's where there are several.
    #[must_use]
    pub fn protected(&self, request: &Parts) -> Option<&Arc<Protected>> {
        resource::resource_of(&self.setup, request)
    }

    /// The resource with this URI, as it is configured.
    #[must_use]
    pub fn protected_at(&self, uri: &str) -> Option<&Arc<Protected>> {
        self.setup.protected_at(uri)
    }

    /// Ends everything of a kind that was allowed until now, and says which grants were wiped at
    /// once: a person's are listed and wiped; a client's and everybody's are wiped when they are
    /// touched. What is allowed afterwards lives.
    ///
    /// It holds for codes, refresh tokens and flows that are still at a provider, and
    /// [`authenticate_live`](Server::authenticate_live) sees it at once; other processes that share
    /// the store see it within 5 seconds. [`authenticate`](Server::authenticate) sees it when an
    /// access token expires. Where nodes' clocks differ, end once more after that difference.
    ///
    /// # Errors
    /// [`Refusal::UnknownClient`], or [`Refusal::Invalid`] for what is no `provider:id`;
    /// [`Refusal::StoreUnavailable`], [`Refusal::Contention`]: end once more.
    pub fn end(&self, cutoff: Cutoff, mut tick: Tick) -> Step<Result<Wiped, Refusal>> {
        administer::end(&self.setup, cutoff, &mut tick)
    }

    /// A person's grants. `subject` is `provider:id`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what is no `provider:id`, [`Refusal::StoreUnavailable`],
    /// [`Refusal::CorruptCutoff`].
    pub fn grants(&self, subject: &str, mut tick: Tick) -> Step<Result<Grants, Refusal>> {
        administer::grants(&self.setup, subject, &mut tick)
    }

    /// Leaves a mark in the store, by which [`knows_store`](Server::knows_store) knows it again. For
    /// a program, when it starts.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`]: mark it again.
    pub fn mark_store(&self, mut tick: Tick) -> Step<Result<(), Refusal>> {
        administer::mark_store(&self.setup, &mut tick)
    }

    /// Whether a server of this issuer and of the first of these secrets has marked the store. Where
    /// none has, what is there was sealed with something else: it cannot be listed, and to end it
    /// would end nothing.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`], [`Refusal::CorruptRecord`].
    pub fn knows_store(&self, mut tick: Tick) -> Step<Result<bool, Refusal>> {
        administer::knows_store(&self.setup, &mut tick)
    }

    /// Ends one grant; whether it was alive.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`], [`Refusal::Contention`], [`Refusal::CorruptRecord`].
    pub fn end_grant(&self, grant_id: GrantId, mut tick: Tick) -> Step<Result<bool, Refusal>> {
        administer::end_grant(&self.setup, grant_id, &mut tick)
    }

    /// The upstream provider's access token of the person who sent a request, for an application that
    /// calls the provider in their name; where the provider's
    /// [`keep_tokens`](crate::provider::Provider::keep_tokens) is on. It is refreshed first if it is
    /// over or about to be. It is the application's alone: it must not reach a client.
    ///
    /// ```
    /// use vestibule_core::drive::{Driver, drive};
    /// use vestibule_core::{Principal, Refusal, Server};
    ///
    /// # async fn call(server: &Server, driver: &impl Driver, who: &Principal) -> Result<(), Refusal> {
    /// let token = drive(driver, server.upstream_token(who, driver.tick())).await?;
    /// let header = format!("Bearer {}", token.expose());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UpstreamTokenNotKept`]; [`Refusal::GrantEnded`], [`Refusal::TokenExpired`] and
    /// [`Refusal::OtherClient`] for a principal whose grant is over or another one's;
    /// [`Refusal::UpstreamGrantEnded`] where the provider has ended what it granted, and the grant is
    /// ended; [`Refusal::UpstreamRefresh`], [`Refusal::UpstreamRefreshAwaited`] and trouble with the
    /// store: ask again.
    pub fn upstream_token(
        &self,
        principal: &Principal,
        mut tick: Tick,
    ) -> Step<Result<UpstreamAccessToken, Refusal>> {
        flow::upstream::upstream_token(&self.setup, principal, &mut tick)
    }

    /// What is to be done before a store forgets a record that has expired: an upstream provider is
    /// asked, once, to end the tokens that are kept in it. Whoever sweeps a store calls it for each
    /// record whose expiry is [`Record::KEPT_AFTER_EXPIRY`] ago, and then deletes the record; of any
    /// other record it does nothing.
    pub fn forget(&self, key: &RecordKey, record: &Record, mut tick: Tick) -> Step<()> {
        flow::upstream::forget(&self.setup, key, record, &mut tick)
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

/// What is answered before an endpoint looks: `OPTIONS`, and methods that it does not know.
fn unasked(
    request: &Request,
    allowed: &'static str,
    options: fn(&'static str) -> Response,
) -> Option<Result<Reply, Refusal>> {
    let method = &request.parts().method;
    if *method == Method::OPTIONS {
        return Some(Ok(Reply::from(options(allowed))));
    }
    let known = allowed.split(", ").any(|allowed| allowed == method.as_str());
    (!known).then_some(Err(HttpFault::Method { allowed }.into()))
}

fn nothing(request: &Request) -> Reply {
    let Parts { method, uri, .. } = request.parts();
    let preflight = (method == Method::OPTIONS).then(|| preflight_of_nothing(uri.path()));
    preflight.flatten().map_or_else(|| refuse(HttpFault::NotFound.into()), Reply::from)
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
