//! Vestibule on tokio and hyper.
//!
//! [`vestibule_core`] asks questions and does nothing by itself. This crate asks them for it:
//! [`Vestibule`] is a tower [`Service`](tower_service::Service) that runs each request's flow to
//! its end, [`HyperTransport`] calls the identity providers, [`SystemClock`] knows the time, and
//! [`serve`](serve()) accepts connections. The store is somebody else's.
//!
//! Beside the routes of an axum application:
//!
//! ```no_run
//! use vestibule_core::{MemoryStore, Server, drive::Composite};
//! use vestibule_hyper::{HyperTransport, SystemClock, Vestibule};
//!
//! # async fn run(server: Server) -> Result<(), Box<dyn std::error::Error>> {
//! let driver = Composite {
//!     clock: SystemClock,
//!     transport: HyperTransport::new()?,
//!     store: MemoryStore::new(),
//!     mapper: (),
//! };
//! let vestibule = Vestibule::new(server, driver);
//!
//! let app = axum::Router::new()
//!     .route("/hello", axum::routing::get(async || "hello"))
//!     // Not below a path of its own: the server knows its paths, and some must stand at the root.
//!     .fallback_service(vestibule.clone());
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! # let the_end = std::future::pending::<()>();
//! axum::serve(listener, app).with_graceful_shutdown(the_end).await?;
//! // Flows whose clients went away are still running.
//! vestibule.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! Alone, without a framework: [`serve`](serve()).
//!
//! What happened is told to an [`Observer`], typed and free of secrets; nothing here writes logs.
//!
//! Before the routes of an MCP server or an API stands [`Protect`], and asks for an access token.
//!
//! There is no knowledge of OAuth in this crate, and none is needed: what makes a call safe travels
//! with the call.

mod answer;
mod body;
mod clock;
mod connection;
mod counted;
mod driven;
mod heard;
mod house;
mod limiter;
mod limits;
mod observe;
mod protect;
mod serve;
mod service;
mod transport;
mod usage;

pub use clock::SystemClock;
pub use counted::Peer;
pub use limiter::Limiter;
pub use limits::Limits;
pub use observe::{Observer, Outcome, RequestId, Seen};
pub use protect::{Guard, Guarded, NoSuchResource, Protect, Remote, challenged};
pub use serve::{serve, serve_within};
pub use service::{Options, Vestibule};
pub use transport::{HyperTransport, HyperTransportBuilder, NoCertificate, NoTransport};
