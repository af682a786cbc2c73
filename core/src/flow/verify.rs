//! The ID token is verified (OpenID Connect Core §3.1.3.7).

use serde_json::{Map, Value};

use super::Rejected;
use super::exchange::Exchanged;
use crate::cache;
use crate::jose::{self, Expected, JwkSet, Keys, NotVerified, has_key_of};
use crate::provider::IdToken;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::step::Step;
use crate::tick::{Tick, Timestamp};

/// Tokens of which the ID token, where it counts, is the provider's own and about this very sign-in.
pub(super) struct Verified {
    pub(super) exchanged: Exchanged,
    /// The claims; `None` where the ID token does not count.
    pub(super) claims: Option<Map<String, Value>>,
}

/// Verifies it, with keys that are fetched where they are not known yet. One that is missing or wrong
/// is never made up for by asking the userinfo endpoint (UPS-09, UPS-10).
pub(super) fn verify(
    setup: &Setup,
    exchanged: Exchanged,
    tick: &mut Tick,
) -> Step<Result<Verified, Box<Rejected>>> {
    let token = exchanged.tokens.id_token.clone();
    let jwks_uri = exchanged.metadata.jwks_uri.clone();
    match (exchanged.pending.provider.id_token, token, jwks_uri) {
        (IdToken::Ignored, ..) => Step::Done(Ok(Verified { exchanged, claims: None })),
        (_, None, _) => {
            let refusal = Refusal::UpstreamMalformed("the ID token is missing");
            Step::Done(Err(exchanged.rejected(refusal)))
        }
        (IdToken::RequiredWithSecret, Some(_), _) => {
            let secret = exchanged.pending.provider.client_secret.clone();
            Step::Done(match secret {
                Some(secret) => checked(setup, exchanged, &Keys::Secret(&secret), tick.now),
                None => Err(exchanged.rejected(NO_KEYS)),
            })
        }
        (IdToken::Required, Some(_), None) => Step::Done(Err(exchanged.rejected(NO_KEYS))),
        (IdToken::Required, Some(token), Some(jwks_uri)) => {
            let setup = setup.clone();
            let library = setup.config().signature_library.clone();
            let suits = move |keys: &JwkSet| has_key_of(token.expose(), keys, library.as_deref());
            let keys = cache::fetched(&setup, jwks_uri.url().clone(), suits, tick);
            keys.then(tick, move |keys, tick| {
                Step::Done(match keys {
                    Ok(keys) => checked(&setup, exchanged, &Keys::Published(&keys), tick.now),
                    Err(refusal) => Err(exchanged.rejected(refusal)),
                })
            })
        }
    }
}

const NO_KEYS: Refusal = Refusal::UpstreamMalformed("the provider publishes no keys");

fn checked(
    setup: &Setup,
    exchanged: Exchanged,
    keys: &Keys<'_>,
    now: Timestamp,
) -> Result<Verified, Box<Rejected>> {
    let Exchanged { pending, metadata, tokens } = &exchanged;
    let expected = Expected {
        issuer: metadata.issuer.as_deref().unwrap_or_default(),
        client_id: &pending.provider.client_id,
        nonce: &pending.derived.nonce.0,
        access_token: Some(tokens.access_token.expose()),
        now,
    };
    let token = tokens.id_token.as_ref().map_or("", |token| token.expose());
    match jose::verify(token, keys, &expected, setup.config().signature_library.as_deref()) {
        Ok(claims) => Ok(Verified { exchanged, claims: Some(claims) }),
        Err(NotVerified::UnknownKey) => Err(exchanged.rejected(Refusal::UpstreamKeyUnknown)),
        Err(NotVerified::Refused(fault)) => Err(exchanged.rejected(Refusal::IdToken(fault))),
    }
}
