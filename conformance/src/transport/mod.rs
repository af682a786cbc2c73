//! The contract of a transport, over sockets on 127.0.0.1.
//!
//! A transport is what sends an [`HttpCall`]: secrets of clients and codes of people, to where a
//! configuration or a stranger said. What makes that safe is in the call and in the contract of
//! [`drive::Transport`](vestibule_core::drive::Transport); here each part of it is a clause that can
//! be run, against a server that misbehaves on purpose.
//!
//! ```
//! # #[allow(unused)] mod tests {
//! use vestibule_conformance::transport::Given;
//! # use vestibule_core::{HttpCall, Response, Unreachable, drive::blocking::Transport};
//! # struct Mine;
//! # impl Transport for Mine {
//! #     fn http(&self, _: HttpCall) -> Result<Response, Unreachable> {
//! #         Err(Unreachable::Connection)
//! #     }
//! # }
//!
//! /// The transport under test; an async one comes with a runtime that blocks.
//! fn mine(given: Given) -> Mine {
//!     // … with `given.resolver` and `given.root_certificates`
//!     # Mine
//! }
//!
//! // A test for each clause.
//! vestibule_conformance::transport_contract!(mine);
//! # }
//! ```
//!
//! Outside of tests, [`check`] runs the clauses one after the other and reports.
//!
//! # What is not shown
//!
//! No test may connect to a host that is somebody's, and on this machine every address is private.
//! So nothing here shows a call with [`Reach::PublicAddresses`] that succeeds. What stands for it:
//! such a call asks the resolver once, tries an address that is public but nobody's, and never comes
//! to the listener that waits where a second answer would lead; and a call to a configured host,
//! which goes the same way, reaches exactly what the resolver said, under the name of the URL. A
//! transport that answers every such call with [`Unreachable::NotPermitted`] is safe, and breaks the
//! clause that expects the attempt.
//!
//! Nor is it shown that what the machine trusts is trusted still where a certificate was added,
//! since nobody whom it trusts may be connected to; and that a lookup that came too late is given
//! up, only that it is not waited for.
//!
//! [`HttpCall`]: vestibule_core::HttpCall
//! [`Reach::PublicAddresses`]: vestibule_core::Reach::PublicAddresses
//! [`Unreachable::NotPermitted`]: vestibule_core::Unreachable::NotPermitted

mod broken;
mod clauses;
mod given;
mod names;
mod peer;
mod report;
mod tls;

pub use broken::Broken;
pub use clauses::{CLAUSES, Clause};
pub use given::{Given, Resolver, Subject};
pub use peer::{Peer, Script, Seen, next_request};
pub use report::{Report, check};
