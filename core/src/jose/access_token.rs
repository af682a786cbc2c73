use serde_json::{Map, Value};

use super::compact::{Compact, Kind};
use super::id_token::verify_published;
use super::{JwkSet, JwtFault, NotVerified};
use crate::keys::SignatureLibrary;

/// An access token (RFC 9068) that another process signed, read and not verified.
pub(crate) struct UnverifiedAccessToken<'a> {
    token: Compact<'a>,
}

impl<'a> UnverifiedAccessToken<'a> {
    /// `None` where it has not the form of one. It names its key (JWT-06).
    pub(crate) fn read(token: &'a str) -> Option<Self> {
        let token = Compact::read(token, Kind::AccessToken).ok()?;
        token.kid.is_some().then_some(Self { token })
    }

    /// What it says, of which nothing is known to be true.
    pub(crate) fn claims(&self) -> Option<Map<String, Value>> {
        self.token.claims().ok()
    }

    /// Verifies the signature, as the server does with its own.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn verify(
        &self,
        set: &JwkSet,
        library: Option<&dyn SignatureLibrary>,
    ) -> Result<(), NotVerified> {
        let key = verify_published(&self.token, set, library)?.public();
        // JWT-15: no second text stands for the same token.
        if key.would_sign(&self.token.signature) { Ok(()) } else { Err(JwtFault::Signature.into()) }
    }
}
