//! Vestibule without async, for any blocking server.
//!
//! [`vestibule_core`] asks questions and does nothing by itself. This crate asks them for it, on
//! the thread of whoever wants an answer: [`Vestibule`] runs each request's flow to its end,
//! [`UreqTransport`] calls the identity providers, [`SystemClock`] knows the time. The store is
//! somebody else's.
//!
//! With tiny_http:
//!
//! ```no_run
//! use vestibule_blocking::{SystemClock, UreqTransport, Vestibule, read};
//! use vestibule_core::{MemoryStore, Server, drive::Composite};
//!
//! # fn run(server: Server) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let driver = Composite {
//!     clock: SystemClock,
//!     transport: UreqTransport::new(),
//!     store: MemoryStore::new(),
//!     mapper: (),
//! };
//! let vestibule = Vestibule::new(server, driver);
//!
//! let http = tiny_http::Server::http("127.0.0.1:3000")?;
//! std::thread::scope(|threads| {
//!     for _ in 0..8 {
//!         threads.spawn(|| {
//!             for request in http.incoming_requests() {
//!                 // Whoever sends no HTTP, or goes away, gets no answer.
//!                 let _ = answer(&vestibule, request);
//!             }
//!         });
//!     }
//! });
//! # Ok(()) }
//!
//! fn answer<D: vestibule_core::drive::blocking::Driver>(
//!     vestibule: &Vestibule<D>,
//!     mut request: tiny_http::Request,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let (method, path) = (request.method().as_str(), request.url());
//!     let mut head = http::Request::builder().method(method).uri(path);
//!     for field in request.headers() {
//!         head = head.header(field.field.as_str().as_str(), field.value.as_str());
//!     }
//!     let (parts, ()) = head.body(())?.into_parts();
//!     let question = read(parts, request.as_reader())?;
//!
//!     vestibule.answer(question, |response, events| {
//!         for event in events {
//!             println!("{}", event.name());
//!         }
//!         let mut answer = tiny_http::Response::from_data(response.body.to_vec())
//!             .with_status_code(response.status.as_u16());
//!         for (name, value) in &response.headers {
//!             if let Ok(field) = tiny_http::Header::from_bytes(name.as_str(), value.as_bytes()) {
//!                 answer.add_header(field);
//!             }
//!         }
//!         let _ = request.respond(answer);
//!     });
//!     Ok(())
//! }
//! ```
//!
//! # What ureq logs
//!
//! At its level TRACE the crate `log` would print each byte that ureq sends and receives, our
//! secrets at providers among them. The feature `no-wire-log`, on by default, compiles that level
//! of `log` out of the whole program; events of the crate `tracing` are not touched. Without the
//! feature, keep the targets `ureq` and `ureq_proto` above TRACE.
//!
//! There is no knowledge of OAuth in this crate, and none is needed: what makes a call safe travels
//! with the call.

mod body;
mod clock;
mod transport;
mod vestibule;

pub use body::read;
pub use clock::SystemClock;
pub use transport::{NoCertificate, UreqTransport, UreqTransportBuilder};
pub use vestibule::Vestibule;
