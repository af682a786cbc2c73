//! Who judges access tokens: the server itself, and a resource in a process of its own, which knows
//! the server by what it publishes.

use http::Method;
use http::request::Parts;
use vestibule_core::{
    Challenge, HttpCall, Principal, Resource, Response, Server, Step, Timestamp, Unreachable,
    Verifier,
};

use super::{RES, World, request};

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
            Ok(principal) => Ok((principal.subject.clone(), principal.claims.clone())),
            Err(challenge) => {
                let response = challenge.response();
                Err((response.status, response.headers, response.body))
            }
        };
        assert_eq!(said(&here), said(&elsewhere), "{here:?} and {elsewhere:?}");
        here
    }
}

/// A verifier that has just been refreshed from the world's server.
pub fn verifier_for(world: &World, resource: &str) -> Verifier {
    let scopes = ["mcp:read", "mcp:write"].map(str::to_owned);
    let resource = Resource::new(resource, scopes.into()).unwrap();
    let issuer = world.server.issuer().clone();
    let mut verifier = Verifier::new(issuer, resource);
    if let Some(library) = &world.library {
        verifier = verifier.with_signatures(library.clone());
    }
    let mut world = world.clone();
    let mut step = verifier.refresh(world.tick());
    loop {
        match step {
            Step::Done(verifier) => return verifier,
            Step::Http(pending) => {
                let (call, waiting) = pending.split();
                step = waiting.resume(serve(&mut world, &call), world.tick());
            }
            other => panic!("a verifier asked for something else: {other:?}"),
        }
    }
}

/// The world's server answers a call of a verifier.
pub fn serve(world: &mut World, call: &HttpCall) -> Result<Response, Unreachable> {
    assert_eq!((&call.method, call.body.len()), (&Method::GET, 0));
    let tick = world.tick();
    match world.server.handle(request(Method::GET, call.url.path(), &[], ""), tick) {
        Step::Done(reply) => Ok(reply.response),
        other => panic!("a document had a question: {other:?}"),
    }
}
