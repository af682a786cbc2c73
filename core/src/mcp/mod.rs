//! What an MCP server says about authorization inside the protocol, beside what it says in HTTP.
//!
//! A request that may not pass at all is answered by [`Challenge::response`](crate::Challenge::response).
//! Where a server lets everybody list its tools and only some of these need a person, it is the tool's
//! result that says so: a client such as ChatGPT then offers to link an account.
//!
//! ```
//! use vestibule_core::{Parts, Timestamp, Verifier, mcp};
//!
//! fn call_tool(verifier: &Verifier, request: &Parts, now: Timestamp) -> serde_json::Value {
//!     match verifier.authenticate(request, now).and_then(|who| {
//!         who.require(&["notes:read"])?;
//!         Ok(who)
//!     }) {
//!         Ok(who) => serde_json::json!({ "content": [{ "type": "text", "text": who.subject }] }),
//!         Err(challenge) => mcp::challenge_result(&challenge.for_scopes(&["notes:read"])),
//!     }
//! }
//! ```
//!
//! The metadata of a protected resource (RFC 9728) is [`Protected`](crate::Protected)'s to answer.

mod auth_error;

pub use auth_error::{
    AuthError, challenge_result, create_auth_error, is_auth_error, www_authenticate,
};

use http::HeaderMap;

use crate::resource::{self, Denied};

/// The access token of a request (RFC 6750 §2.1): what stands behind `Bearer`, in any case, in its
/// one `Authorization` header. It is not judged yet.
///
/// # Errors
/// [`Denied::NoToken`] where there is no such header, or one of another scheme;
/// [`Denied::Malformed`] where it cannot be read, or there are two.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Denied> {
    resource::bearer_token(headers)
}
