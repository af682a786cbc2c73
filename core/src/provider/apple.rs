use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{IdToken, Provider, ProviderMetadata, TokenAuth, Way, fixed};
use crate::encoding::push_base64url;
use crate::json;
use crate::keys::{Algorithm, InvalidKey, SigningFailed, SigningKey};
use crate::tick::Timestamp;

const ISSUER: &str = "https://appleid.apple.com";

/// Apple permits six months; nobody needs one for longer than it takes to send.
const SECRET_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The longest first or last name that is shown, in bytes.
const LONGEST_NAME: usize = 128;

/// What signs the secrets with which Apple knows us: they are no texts that stay.
#[derive(Clone, Debug)]
pub(crate) struct SecretSigner {
    team_id: String,
    key_id: String,
    key: Arc<SigningKey>,
}

/// Sign in with Apple, as `apple`. Who signed in is what the ID token says; their name is what Apple
/// lets the browser bring along at the very first sign-in, unsigned, and so no more than a name to
/// show.
///
/// `client_id` is a Services ID; `key` is a private key with Sign in with Apple enabled, as it was
/// downloaded (PKCS #8 PEM, P-256). Apple posts its answer to the callback, which its scopes make it
/// do. It documents no PKCE; the nonce binds its answer to the sign-in.
///
/// <https://developer.apple.com/documentation/signinwithapplerestapi/request-an-authorization-to-the-sign-in-with-apple-server>,
/// <https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret>
///
/// # Errors
/// [`InvalidKey`] for what is no such key.
pub fn apple(
    client_id: impl Into<String>,
    team_id: impl Into<String>,
    key_id: impl Into<String>,
    key: &str,
) -> Result<Provider, InvalidKey> {
    let key = Arc::new(SigningKey::parse(Algorithm::Es256, key)?);
    let mut metadata = ProviderMetadata::new(
        fixed("https://appleid.apple.com/auth/authorize"),
        fixed("https://appleid.apple.com/auth/token"),
    );
    metadata.issuer = Some(ISSUER.to_owned());
    metadata.jwks_uri = Some(fixed("https://appleid.apple.com/auth/keys"));
    metadata.revocation_endpoint = Some(fixed("https://appleid.apple.com/auth/revoke"));
    let mut provider = Provider::preset("apple", "Apple", metadata, client_id, None);
    provider.id_token = IdToken::Required;
    provider.token_auth = TokenAuth::Post;
    provider.revokes_everything = true;
    provider.pkce = false;
    provider.scopes = ["name", "email"].map(str::to_owned).into();
    let signer = SecretSigner { team_id: team_id.into(), key_id: key_id.into(), key };
    provider.way = Way::Apple(signer);
    Ok(provider)
}

impl SecretSigner {
    /// A client secret for the next minutes: a JWT signed by ES256.
    pub(super) fn secret(&self, client_id: &str, now: Timestamp) -> Result<String, SigningFailed> {
        let header = json!({ "alg": "ES256", "kid": self.key_id });
        let claims = json!({
            "iss": self.team_id,
            "iat": now.seconds(),
            "exp": now.after(SECRET_LIFETIME).seconds(),
            "aud": ISSUER,
            "sub": client_id,
        });
        let mut token = String::with_capacity(512);
        push_base64url(&mut token, header.to_string());
        token.push('.');
        push_base64url(&mut token, claims.to_string());
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        push_base64url(&mut token, signature);
        Ok(token)
    }
}

/// The name in the `user` that the browser brings. What is not one is left out: nothing depends on
/// it.
pub(crate) fn name_of(user: &str) -> Option<String> {
    let user = json::object(user.as_bytes())?;
    let name = user.get("name")?;
    let part = |member: &str| {
        let text = name.get(member).and_then(Value::as_str)?.trim();
        let shown = (1..=LONGEST_NAME).contains(&text.len()) && !text.chars().any(char::is_control);
        shown.then_some(text)
    };
    let parts: Vec<&str> = ["firstName", "lastName"].into_iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Purpose;
    use crate::keys::{Signer, Verify};
    use crate::provider::token_request;
    use crate::refusal::Refusal;

    /// A library that is out of order.
    struct Broken;

    impl Signer for Broken {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SigningFailed> {
            Err(SigningFailed)
        }
    }

    impl Verify for Broken {
        fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            false
        }
    }

    #[test]
    fn without_a_secret_nothing_is_sent() {
        let mut provider =
            apple("us", "T", "K", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE").unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        let call = |provider: &Provider| {
            let endpoint = fixed("https://appleid.apple.com/auth/token");
            token_request(provider, &endpoint, Purpose::ExchangeCode, &[], now)
        };
        assert!(call(&provider).is_ok());
        let Way::Apple(signer) = &mut provider.way else { unreachable!("it is Apple") };
        let key = SigningKey::clone(&signer.key);
        signer.key = Arc::new(key.with(Arc::new(Broken), Arc::new(Broken)));
        assert_eq!(call(&provider).unwrap_err(), Refusal::SigningFailed);
    }

    #[test]
    fn a_name_is_a_name_or_nothing() {
        let user = |first: &str, last: &str| {
            name_of(&format!(r#"{{"name":{{"firstName":{first},"lastName":{last}}}}}"#))
        };
        assert_eq!(user("\"Ada\"", "\"Lovelace\"").as_deref(), Some("Ada Lovelace"));
        assert_eq!(user("\"Ada\"", "null").as_deref(), Some("Ada"));
        assert_eq!(user("1", "\"a\\nb\""), None);
        let long = format!("\"{}\"", "a".repeat(LONGEST_NAME + 1));
        assert_eq!(user(&long, "\"\""), None);
        for user in ["", "[]", "{}", r#"{"name":"Ada"}"#, "{\"name\":"] {
            assert_eq!(name_of(user), None, "{user}");
        }
    }
}
