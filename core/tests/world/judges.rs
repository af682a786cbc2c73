//! Who judges access tokens: the server itself, and a resource in a process of its own, which knows
//! the server by what it publishes.

use http::Method;
use http::request::Parts;
use vestibule_core::{
    Challenge, Denied, HttpCall, Need, Principal, Resource, Response, Server, Step, Timestamp,
    Unreachable, Verifier,
};

use super::{RES, World, request, resource_request};

#[derive(Clone, Debug)]
pub enum Judge {
    Server(Box<Server>),
    Verifier(Box<Verifier>),
}

impl Judge {
    /// Both, for a resource.
    pub fn both(world: &World, resource: &str) -> [Self; 2] {
        let verifier = verifier_for(world, resource);
        [Self::Server(Box::new(world.server.clone())), Self::Verifier(Box::new(verifier))]
    }

    pub fn authenticate(&self, parts: &Parts, now: u64) -> Result<Principal, Challenge> {
        let now = Timestamp::from_seconds(now);
        match self {
            Self::Server(server) => server.authenticate(parts, now),
            Self::Verifier(verifier) => verifier.authenticate(parts, now),
        }
    }

    /// What both say.
    pub fn agree(world: &World, parts: &Parts) -> Result<Principal, Challenge> {
        let [here, elsewhere] =
            Self::both(world, RES).map(|judge| judge.authenticate(parts, world.now));
        let said = |it: &Result<Principal, Challenge>| match it {
            Ok(principal) => format!("{} {:?}", principal.subject, principal.claims),
            Err(challenge) => {
                let response = challenge.response();
                format!("{} {:?} {:?}", response.status, response.headers, response.body)
            }
        };
        assert_eq!(said(&here), said(&elsewhere), "{here:?} and {elsewhere:?}");
        here
    }
}

impl World {
    /// Whether an access token is accepted by a resource that asks the store.
    pub fn is_live(&mut self, access_token: &str) -> bool {
        let parts = resource_request(access_token);
        let tick = self.tick();
        let step = self.server.authenticate_live(&parts, tick);
        self.finish(step).is_ok()
    }
}

/// A verifier that has just been refreshed from the world's server.
pub fn verifier_for(world: &World, resource: &str) -> Verifier {
    let mut remote = Remote::of(world.clone(), resource);
    remote.refresh();
    remote.verifier
}

type Answer = dyn FnMut(&mut World, &HttpCall) -> Result<Response, Unreachable>;

/// A resource in a process of its own, and the world that it asks.
pub struct Remote {
    pub world: World,
    pub verifier: Verifier,
    /// What is said to it: by the world's server, unless a test says otherwise.
    pub answer: Box<Answer>,
    /// The URLs that it asked for.
    pub calls: Vec<String>,
}

impl Remote {
    pub fn of(world: World, resource: &str) -> Self {
        let scopes = ["mcp:read", "mcp:write"].map(str::to_owned);
        let resource = match world.server.protected_at(resource) {
            Some(known) => known.resource().clone(),
            None => Resource::new(resource, scopes.into()).unwrap(),
        };
        let mut verifier = Verifier::new(world.server.issuer().clone(), resource);
        if let Some(library) = &world.library {
            verifier = verifier.with_signatures(library.clone());
        }
        Self { world, verifier, answer: Box::new(serve), calls: Vec::new() }
    }

    pub fn refresh(&mut self) {
        let mut step = self.verifier.refresh(self.world.tick());
        while let Step::Http(pending) = step {
            let (call, waiting) = pending.split();
            self.calls.push(call.url.to_string());
            let answer = (self.answer)(&mut self.world, &call);
            step = waiting.resume(answer, self.world.tick());
        }
        let Step::Done(verifier) = step else { panic!("a verifier has no store: {step:?}") };
        self.verifier = verifier;
    }

    /// What it says without asking anybody, and whether it should.
    pub fn look(&self, token: &str) -> (Result<Principal, Challenge>, Need) {
        let now = Timestamp::from_seconds(self.world.now);
        let outcome = self.verifier.authenticate(&resource_request(token), now);
        let need = self.verifier.need(&outcome, now);
        (outcome, need)
    }

    /// What it says after all: as a service does that does not answer before it has refreshed.
    pub fn judge(&mut self, token: &str) -> Result<Principal, Denied> {
        let (outcome, need) = self.look(token);
        let outcome = if need == Need::Nothing {
            outcome
        } else {
            self.refresh();
            self.look(token).0
        };
        outcome.map_err(|challenge| challenge.reason())
    }
}

/// The world's server answers a call of a verifier.
pub fn serve(world: &mut World, call: &HttpCall) -> Result<Response, Unreachable> {
    assert_eq!((&call.method, call.body.len()), (&Method::GET, 0));
    let tick = world.tick();
    let step = world.server.handle(request(Method::GET, call.url.path(), &[], ""), tick);
    let Step::Done(reply) = step else { panic!("a document had a question: {step:?}") };
    Ok(reply.response)
}
