//! Vestibule's protocol core. (The story follows.)

pub mod drive;
pub mod flow;
pub mod provider;
pub mod store;

mod bearer;
mod check;
mod client;
mod config;
mod effect;
mod encoding;
mod event;
mod grant;
mod ids;
mod json;
mod jws;
mod keys;
mod mapper;
mod memory;
mod metadata;
mod page;
mod params;
mod refusal;
mod reply;
mod seal;
mod secret;
mod server;
mod step;
mod tick;

pub use bearer::{Challenge, Principal};
pub use check::redirect_uri::{RegisteredRedirect, Unacceptable};
pub use client::ConfiguredClient;
pub use config::{
    Config, ConfigFault, EndpointUrl, Fault, InvalidEndpoint, InvalidIssuer, InvalidResource,
    Issuer, Lifetimes, Paths, Registration, Resource,
};
pub use effect::{Effect, HttpCall, Pause, Purpose, Reach, Unreachable};
pub use event::{Ended, Event};
pub use ids::{ClientId, GrantId, InvalidProviderId, ProviderId};
pub use keys::{Algorithm, InvalidKey, Signer, SigningFailed, SigningKey, Verify};
pub use mapper::{IdempotencyKey, MapFailure, MapUser, Mapped, MappedToken, Occasion};
pub use memory::MemoryStore;
pub use refusal::{Refusal, Wire};
pub use reply::{Parts, Reply, Request, Response};
pub use secret::{
    AccessToken, ClientSecret, RefreshToken, SealingSecret, SecretTooShort, UpstreamAccessToken,
    UpstreamIdToken, UpstreamRefreshToken, UpstreamTokens,
};
pub use server::{InvalidConfig, Server};
pub use step::{Next, Pending, Resume, Step, Waiting};
pub use store::{
    Freshness, List, Load, Owner, Page, Record, RecordKey, Swap, Swapped, Unavailable, Version,
};
pub use tick::{Entropy, Tick, Timestamp};
