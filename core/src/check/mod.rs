//! One rule a file. Each takes what came from outside and returns a stronger type, or a reason.

pub(crate) mod client_assertion;
pub(crate) mod client_auth;
pub(crate) mod credentials;
pub(crate) mod fetch_metadata;
pub(crate) mod pkce;
pub(crate) mod redirect_uri;
pub(crate) mod resource;
pub(crate) mod resource_auth;
pub(crate) mod scope;
