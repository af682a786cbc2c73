//! Vestibule's contracts, as tests that any implementation can run.
//!
//! - `transport` (a feature of that name): what a transport promises.

#[cfg(feature = "transport")]
pub mod transport;
