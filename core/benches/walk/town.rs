use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use vestibule_core::drive::blocking::{self, Store, drive};
use vestibule_core::provider::custom;
use vestibule_core::{
    Algorithm, ClientSecret, Config, EndpointUrl, HttpCall, Issuer, Load, MemoryStore, Pause,
    ProviderId, Purpose, Record, Request, Resource, Response, SealingSecret, Server, Signer,
    SigningFailed, SigningKey, Swap, Swapped, Tick, Timestamp, Unavailable, Unreachable, Verify,
};

use super::Asked;

/// A server, a memory store, a provider that is nowhere, and given ticks: the same requests are
/// answered with the same bytes each time it begins.
pub struct Town {
    server: Server,
    world: World,
}

struct World {
    store: MemoryStore,
    ticks: std::cell::Cell<u64>,
}

impl Town {
    pub fn new(server: Server) -> Self {
        Self { server, world: World::new() }
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Forgets everything.
    pub fn begin(&mut self) {
        self.world = World::new();
    }

    pub fn answer(&self, asked: Asked) -> Response {
        let step = self.server.handle(Request::from(asked), blocking::Driver::tick(&self.world));
        drive(&self.world, step).response
    }
}

impl World {
    fn new() -> Self {
        Self { store: MemoryStore::new(), ticks: std::cell::Cell::new(0) }
    }
}

impl blocking::Driver for World {
    fn tick(&self) -> Tick {
        let n = self.ticks.get() + 1;
        self.ticks.set(n);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&n.to_be_bytes());
        Tick::new(now(), seed)
    }

    fn http(&self, call: HttpCall) -> Result<Response, Unreachable> {
        let body = match call.purpose {
            Purpose::ExchangeCode => {
                r#"{"access_token":"upstream-access-token-0123456789","token_type":"Bearer","expires_in":3600}"#
            }
            Purpose::FetchUser => {
                r#"{"sub":"248289761001","email":"jane@example.com","email_verified":true,"name":"Jane Doe"}"#
            }
            Purpose::FetchMetadata | Purpose::FetchKeys | _ => {
                panic!("nobody asked for {:?} here", call.purpose)
            }
        };
        let body = Bytes::from_static(body.as_bytes());
        Ok(Response::new(StatusCode::OK, HeaderMap::new(), body))
    }

    fn load(&self, load: Load) -> Result<Option<Record>, Unavailable> {
        self.store.load(load)
    }

    fn swap(&self, swap: Swap) -> Result<Swapped, Unavailable> {
        self.store.swap(swap)
    }

    fn pause(&self, _: Pause) {}
}

pub const RESOURCE: &str = "https://mcp.example.com/mcp";

pub fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

/// A server with one provider and one resource, whose access tokens are signed by `key`.
pub fn server(key: SigningKey) -> Server {
    let issuer = Issuer::parse("https://auth.example.com").unwrap();
    let mut config = Config::new(issuer, vec![SealingSecret::new([1; 32]).unwrap()], vec![key]);
    let at = |path: &str| EndpointUrl::parse(&format!("https://idp.example.com/{path}")).unwrap();
    let secret = ClientSecret::new("our-secret-upstream");
    let id = ProviderId::parse("idp").unwrap();
    let (authorize, token, user) = (at("authorize"), at("token"), at("userinfo"));
    config.providers = vec![custom(id, authorize, token, user, "vestibule", Some(secret))];
    let scopes = ["mcp:read", "mcp:write"].map(str::to_owned);
    config.resources = vec![Resource::new(RESOURCE, scopes.into()).unwrap()];
    Server::new(config).unwrap()
}

/// The Ed25519 key of a fixed seed.
pub fn key() -> SigningKey {
    SigningKey::from_bytes(Algorithm::EdDsa, [2; 32]).unwrap()
}

/// The same, whose signatures are 64 zero bytes and cost nothing.
pub fn unsigned() -> SigningKey {
    struct Nothing;
    impl Signer for Nothing {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
            Ok(vec![0; 64])
        }
    }
    impl Verify for Nothing {
        fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            true
        }
    }
    key().with(Arc::new(Nothing), Arc::new(Nothing))
}

/// A request to the resource with an access token.
pub fn resource_request(access_token: &str) -> http::request::Parts {
    let request = http::Request::builder().uri(RESOURCE);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {access_token}"));
    request.body(()).unwrap().into_parts().0
}
