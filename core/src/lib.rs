//! Vestibule's protocol core: an OAuth 2.1 authorization server and OAuth proxy that does no I/O.
//!
//! A vestibule is the small room between two doors. Vestibule stands between an MCP client and an
//! identity provider: people sign in where they have an account, and the client gets tokens of
//! Vestibule's own.
//!
//! # The one idea
//!
//! A request comes in as a value. [`Server::handle`] answers with a [`Step`]: either it is done, or
//! it has one question to the outside world. Send this HTTP request ([`HttpCall`]), load this
//! record ([`Load`]), put this record in place of that one ([`Swap`]), ask the application about
//! this person ([`MapUser`]), wait a moment ([`Pause`]). Each question holds the only way on, and
//! accepts only its own kind of answer, once.
//!
//! ```text
//!             Request ──handle──▶ Step ──▶ Done(Reply) ──▶ Response
//!                                  │ ▲
//!                         question │ │ answer, and a Tick: the time now, 32 random bytes
//!                                  ▼ │
//!                                 driver            a loop of a dozen lines; see `drive`
//! ```
//!
//! So the protocol is a pure function of what it is told. A test hands in the clock, the randomness
//! and the provider's answers, and gets the same bytes every time; two paused requests can be held
//! side by side and answered in any order, so every interleaving of a race can be tried. A runtime
//! is whoever answers the questions: `vestibule-hyper` and `vestibule-blocking` are two, and
//! [`drive`] has the traits for a third.
//!
//! # A sign-in
//!
//! ```text
//! client                    Vestibule                     provider      store
//!   │ POST /oauth/register     │ client_id = the registration itself, tagged
//!   │ GET  /oauth/authorize    │ a page; the request waits inside its form
//!   │ POST /oauth/consent      │ a cookie; the flow waits inside it
//!   │      └─ 303 ───────────────────────────────────▶ │
//!   │ GET  /oauth/callback/…   │ ── code, then user ──▶│
//!   │      └─ 303 with a code  │ ──────────────────────────────────────▶ │ first record
//!   │ POST /oauth/token        │ ──────────────────────────────────────▶ │ compare-and-swap
//! ```
//!
//! Until a person has signed in upstream a request leaves nothing behind: no byte of memory, no row,
//! but for the documents of clients that publish themselves, of which the store keeps 1 024 and no
//! more. The states of this walk are the types of [`flow`]; the records are described in [`store`].
//!
//! This is the whole of it, without a network. The application brings a configuration and a driver;
//! here the driver is a map, a counter and a provider that always says the same.
//!
//! ```
//! use bytes::Bytes;
//! use vestibule_core::drive::blocking::{Driver, Store, drive};
//! use vestibule_core::provider::custom;
//! use vestibule_core::*;
//!
//! # type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
//! /// The world of this example: it answers each kind of question.
//! struct World {
//!     store: MemoryStore,
//!     ticks: std::cell::Cell<u8>,
//! }
//!
//! impl Driver for World {
//!     fn tick(&self) -> Tick {
//!         self.ticks.set(self.ticks.get() + 1); // a real driver takes fresh randomness
//!         Tick::new(Timestamp::from_seconds(1_800_000_000), [self.ticks.get(); 32])
//!     }
//!     fn http(&self, call: HttpCall) -> std::result::Result<Response, Unreachable> {
//!         let body = match call.purpose {
//!             Purpose::ExchangeCode => r#"{"access_token":"abc","token_type":"Bearer"}"#,
//!             _ => r#"{"sub":"alice","email":"alice@example.com"}"#,
//!         };
//!         Ok(Response::new(http::StatusCode::OK, Default::default(), Bytes::from(body)))
//!     }
//!     fn load(&self, load: Load) -> std::result::Result<Option<Record>, Unavailable> {
//!         Store::load(&self.store, load)
//!     }
//!     fn swap(&self, swap: Swap) -> std::result::Result<Swapped, Unavailable> {
//!         Store::swap(&self.store, swap)
//!     }
//!     fn pause(&self, _: Pause) {}
//! }
//!
//! # fn field<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
//! #     let (_, rest) = text.split_once(before).unwrap();
//! #     rest.split(after).next().unwrap()
//! # }
//! # fn main() -> Result<()> {
//! // What an operator decides: an issuer, a secret, a signing key, and where people sign in.
//! let mut config = Config::new(
//!     Issuer::parse("https://auth.example.com")?,
//!     vec![SealingSecret::new([1; 32])?],
//!     vec![SigningKey::from_bytes(Algorithm::EdDsa, [2; 32])?],
//! );
//! config.providers.push(custom(
//!     ProviderId::parse("idp")?,
//!     EndpointUrl::parse("https://idp.example.com/authorize")?,
//!     EndpointUrl::parse("https://idp.example.com/token")?,
//!     EndpointUrl::parse("https://idp.example.com/userinfo")?,
//!     "our-client-id",
//!     Some(ClientSecret::new("our-client-secret")),
//! ));
//! let server = Server::new(config)?;
//! let world = World { store: MemoryStore::new(), ticks: Default::default() };
//! let send = |request: http::Request<String>| {
//!     let step = server.handle(request.map(Bytes::from).into(), world.tick());
//!     drive(&world, step).response
//! };
//! let form = |path: &str, cookie: &str, body: String| {
//!     http::Request::post(path)
//!         .header("content-type", "application/x-www-form-urlencoded")
//!         .header("cookie", cookie)
//!         .body(body)
//! };
//!
//! // A client registers. Nothing is stored: the client_id is the registration.
//! let body = r#"{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}"#;
//! let request = http::Request::post("/oauth/register").header("content-type", "application/json");
//! let registered = send(request.body(body.to_owned())?);
//! let registered: serde_json::Value = serde_json::from_slice(&registered.body)?;
//! let client_id = registered["client_id"].as_str().ok_or("no client_id")?;
//!
//! // It sends a person to the sign-in page, with a PKCE challenge (RFC 7636 Appendix B).
//! let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
//! let page = send(http::Request::get(format!(
//!     "/oauth/authorize?response_type=code&client_id={client_id}&state=xyz\
//!      &redirect_uri=http%3A%2F%2F127.0.0.1%3A4000%2Fcb\
//!      &code_challenge={challenge}&code_challenge_method=S256"
//! )).body(String::new())?);
//! let browser = page.headers["set-cookie"].to_str()?.split(';').next().unwrap_or("");
//! let page = String::from_utf8(page.body.to_vec())?;
//! let hidden = field(&page, "name=\"form\" value=\"", "\"");
//!
//! // The person agrees, and is sent to the provider with a state and a challenge of our own.
//! let upstream = send(form("/oauth/consent", browser, format!("form={hidden}&provider=idp"))?);
//! let cookie = upstream.headers["set-cookie"].to_str()?.split(';').next().unwrap_or("");
//! let state = field(upstream.headers["location"].to_str()?, "state=", "&");
//!
//! // They come back signed in. Our code goes to the client, with its state and our issuer.
//! let callback = format!("/oauth/callback/idp?code=upstream-code&state={state}");
//! let back = http::Request::get(callback).header("cookie", cookie);
//! let back = send(back.body(String::new())?);
//! let location = back.headers["location"].to_str()?;
//! assert!(location.starts_with("http://127.0.0.1:4000/cb?code=vac1_"));
//! assert!(location.ends_with("&state=xyz&iss=https%3A%2F%2Fauth.example.com"));
//!
//! // The client redeems the code.
//! let tokens = send(form("/oauth/token", "", format!(
//!     "grant_type=authorization_code&client_id={client_id}&code={}\
//!      &redirect_uri=http%3A%2F%2F127.0.0.1%3A4000%2Fcb\
//!      &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
//!     field(location, "code=", "&"),
//! ))?);
//! let tokens: serde_json::Value = serde_json::from_slice(&tokens.body)?;
//!
//! // Whoever protects a resource in the same process asks who sent a request.
//! let bearer = format!("Bearer {}", tokens["access_token"].as_str().ok_or("no token")?);
//! let (parts, ()) =
//!     http::Request::get("/api/me").header("authorization", bearer).body(())?.into_parts();
//! let principal = server.authenticate(&parts, world.tick().now)?;
//! assert_eq!(principal.subject, "idp:alice");
//! # Ok(()) }
//! ```
//!
//! # Where to look
//!
//! - [`Config`] and [`Server`]: what an operator decides, and the server made of it.
//! - [`drive`]: the loop, and the traits of clocks, transports, stores and mappers.
//! - [`store`]: the storage contract.
//! - [`flow`]: the states of a sign-in, and what does not compile.
//! - [`Server::authenticate`] and [`Verifier`]: who sent a request to a protected resource, in the
//!   server's process and in another one; [`Principal`] and [`Challenge`], what comes of it;
//!   [`Protected`], what a resource says of itself; [`mcp`], the same inside a tool's result.
//! - [`Refusal`]: every reason for a no, and what a client is told of it.
//! - [`Verifier`]: the same question where there is neither the store nor a key; [`mcp`] for what a
//!   tool says.
//! - [`Look`] and [`Language`]: how the pages look and speak.
//! - [`Event`]: what happened, for logs and metrics.
//! - [`Server::end`] and [`Server::grants`]: what an operator ends and lists; [`Cutoff`] says of
//!   whom.
//!
//! The crate has no clock, no randomness, no environment, no threads and no logging, and builds for
//! `wasm32-unknown-unknown`.

pub mod drive;
pub mod flow;
pub mod mcp;
pub mod provider;
pub mod store;

mod access;
mod administer;
mod cache;
mod charge;
mod check;
mod client;
mod config;
mod cookies;
mod cutoff;
mod effect;
mod encoding;
mod event;
mod grant;
mod ids;
mod jose;
mod json;
mod jws;
mod keys;
mod language;
mod mapper;
mod memory;
mod metadata;
mod page;
mod params;
mod refusal;
mod reply;
mod resource;
mod seal;
mod secret;
mod server;
mod setup;
mod step;
mod swap;
mod tenant;
mod tick;

pub use access::{Access, EmailPattern, InvalidEmailPattern, NotAllowed, ProviderAccess, Rule};
pub use administer::{GrantSummary, Grants, Wiped};
pub use charge::Charge;
pub use check::redirect_uri::{RegisteredRedirect, Unacceptable};
pub use client::ConfiguredClient;
pub use config::{
    AccessFault, Colour, Config, ConfigFault, Consent, EndpointUrl, Fault, HostPattern,
    InvalidColour, InvalidEndpoint, InvalidHostPattern, InvalidIssuer, InvalidLogo,
    InvalidResource, Issuer, Lifetimes, Logo, Look, Paths, Registration, Resource,
    ResourceCredentials,
};
pub use cutoff::Cutoff;
pub use effect::{Effect, HttpCall, Pause, Purpose, Reach, Unreachable};
pub use event::{Ended, Event};
pub use ids::{ClientId, GrantId, InvalidGrantId, InvalidProviderId, ProviderId};
pub use jose::{AssertionFault, JwtFault};
pub use keys::{
    Algorithm, InvalidKey, PublicKey, SignatureLibrary, Signer, SigningFailed, SigningKey, Verify,
};
pub use language::{English, Language, Name, Phrase, Situation};
pub use mapper::{IdempotencyKey, MapFailure, MapUser, Mapped, MappedToken, Occasion};
pub use memory::MemoryStore;
pub use refusal::{CredentialsFault, HttpFault, Refusal, Wire};
pub use reply::{Parts, Reply, Request, Response};
pub use resource::{Challenge, Denied, Need, Principal, Protected, Verifier};
pub use secret::{
    AccessToken, ClientSecret, InitialAccessToken, InvalidInitialAccessToken, SealingSecret,
    SecretTooShort, UpstreamAccessToken, UpstreamIdToken, UpstreamRefreshToken, UpstreamTokens,
};
pub use server::{InvalidConfig, Server};
pub use step::{Next, Pending, Resume, Step, Waiting};
pub use store::{
    Freshness, List, Load, Owner, Page, Record, RecordKey, Swap, Swapped, Unavailable, Version,
};
pub use tick::{Entropy, Tick, Timestamp};
