//! What a provider said of a person, document by document, and who that is.

use serde_json::{Map, Value};

use super::{ClaimNames, Provider, User, Way, claims, discord};
use crate::json;
use crate::refusal::Refusal;
use crate::reply::Response;

/// A provider's answer about a person: a JSON object that is no error.
pub(crate) fn document(response: &Response) -> Result<Map<String, Value>, Refusal> {
    answered(response)?;
    let document = json::object(&response.body)
        .ok_or(Refusal::UpstreamMalformed("the user document is no JSON object"))?;
    if document.contains_key("error") {
        return Err(Refusal::UpstreamError);
    }
    Ok(document)
}

/// Whether a provider's API answered at all.
pub(crate) fn answered(response: &Response) -> Result<(), Refusal> {
    if response.status.is_server_error() || response.status == 429 {
        return Err(Refusal::UpstreamBusy);
    }
    if response.status != 200 {
        return Err(Refusal::UpstreamStatus(response.status.as_u16()));
    }
    Ok(())
}

/// All that a provider said of one person.
#[derive(Default)]
pub(crate) struct Documents {
    /// The claims of the ID token, verified.
    pub(crate) id_token: Option<Map<String, Value>>,
    /// What the userinfo endpoint said.
    pub(crate) userinfo: Option<Map<String, Value>>,
    /// Where addresses are asked for by themselves: the one that counts, if there is one.
    pub(crate) address: Option<Option<Address>>,
}

/// An e-mail address, and whether the same document says that it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) email: String,
    pub(crate) verified: bool,
}

impl Documents {
    /// For which organisation the person signed in, where a claim says so: one of the ID token,
    /// which is signed.
    pub(crate) fn organization(&self, provider: &Provider) -> Option<String> {
        let claim = self.id_token.as_ref()?.get(provider.organization?.name())?;
        usable_text(claim.as_str()?)
    }

    /// The person. Without a subject there is none: never an "unknown" one.
    pub(crate) fn person(self, provider: &Provider) -> Result<User, Refusal> {
        let sub = |document: &Option<Map<String, Value>>| document.as_ref()?.get("sub").cloned();
        // OpenID Connect Core §5.3.2: otherwise the access token is somebody else's (UPS-14).
        if self.id_token.is_some()
            && self.userinfo.is_some()
            && sub(&self.id_token) != sub(&self.userinfo)
        {
            return Err(Refusal::UpstreamMalformed("userinfo is of another sub than the ID token"));
        }
        let names = &provider.claims;
        // The ID token is signed; userinfo may say more.
        let documents = || [&self.id_token, &self.userinfo].into_iter().flatten();
        let text = |names: &[String]| {
            let found = documents().filter_map(|it| claims::first(it, names)?.as_str());
            found.into_iter().find_map(usable_text)
        };
        let subject = documents()
            .find_map(|document| subject(document, names))
            .ok_or(Refusal::UpstreamMalformed("the user document has no usable identifier"))?;
        let address = match self.address {
            Some(address) => address,
            None => documents().find_map(|document| address(document, provider)),
        };
        let name = text(&names.name);
        let picture = match &provider.way {
            Way::Plain | Way::GitHub(_) | Way::Entra | Way::Apple(_) => text(&names.picture),
            Way::Discord => documents().find_map(discord::picture),
        };
        let (email, email_verified) = match address {
            Some(Address { email, verified }) => (Some(email), verified),
            None => (None, false),
        };
        let raw = match (self.id_token, self.userinfo) {
            (Some(signed), Some(unsigned)) => merged(signed, unsigned, provider),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => Map::new(),
        };
        let provider = provider.id.clone();
        Ok(User { provider, subject, email, email_verified, name, picture, raw })
    }
}

/// Both documents as one, in which what is signed counts. An address and whether it is verified are
/// those of one document, the one that says whose address it is.
fn merged(
    mut signed: Map<String, Value>,
    mut unsigned: Map<String, Value>,
    provider: &Provider,
) -> Map<String, Value> {
    let told_by = |document| address(document, provider).is_some();
    let silent = if !told_by(&signed) && told_by(&unsigned) { &mut signed } else { &mut unsigned };
    let names = &provider.claims;
    let configured = names.email.iter().chain(&names.email_verified).map(String::as_str);
    for name in configured.chain(["email", "email_verified"]) {
        silent.remove(name);
    }
    unsigned.extend(signed);
    unsigned
}

/// What is not empty, and not of a length that nobody reads.
fn usable_text(text: &str) -> Option<String> {
    (1..=2048).contains(&text.len()).then(|| text.to_owned())
}

fn subject(document: &Map<String, Value>, names: &ClaimNames) -> Option<String> {
    let id = exact_id(claims::first(document, &names.subject)?)?;
    let Some(within) = &names.within else {
        return Some(id);
    };
    let within = exact_id(claims::member(document, within)?)?;
    // Two pairs must not be one text.
    (!within.contains(':')).then(|| format!("{within}:{id}"))
}

/// That an address is verified counts only where the very document says it that has the address.
fn address(document: &Map<String, Value>, provider: &Provider) -> Option<Address> {
    let names = &provider.claims;
    let email = usable_text(claims::first(document, &names.email)?.as_str()?)?;
    let verified = claims::first(document, &names.email_verified);
    let verified = match verified {
        Some(Value::Bool(verified)) => *verified,
        // Apple documents "String or Boolean".
        Some(Value::String(text)) => matches!(provider.way, Way::Apple(_)) && text == "true",
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => false,
    };
    Some(Address { email, verified })
}

/// An identifier that no other value has (UPS-18): a string of visible ASCII as it is, a positive
/// integer in decimal. Floats, zero, negative numbers and everything else are refused.
fn exact_id(value: &Value) -> Option<String> {
    if let Some(number) = value.as_u64() {
        return (number != 0).then(|| number.to_string());
    }
    let text = value.as_str()?;
    let usable =
        (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::ids::ProviderId;
    use crate::provider::Metadata;

    fn provider() -> Provider {
        let issuer = Metadata::Published("https://idp.test".to_owned());
        Provider::plain(ProviderId::parse("idp").unwrap(), issuer, "vestibule", None)
    }

    fn read(body: &str) -> Result<User, Refusal> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let response = Response::new(StatusCode::OK, HeaderMap::new(), body);
        let userinfo = Some(document(&response)?);
        Documents { userinfo, ..Documents::default() }.person(&provider())
    }

    fn object(text: &str) -> Option<Map<String, Value>> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn ups_18_ids_are_exact_or_refused() {
        let long = format!("\"{}\"", "a".repeat(10 * 1024));
        for id in ["0", "-1", "1e20", "1.0", "null", "{}", "\"\"", "\"a\\u0000\"", "true", &long] {
            assert!(read(&format!(r#"{{"id":{id}}}"#)).is_err(), "{id}");
        }
        assert_eq!(read(r#"{"id":42}"#).unwrap().key(), "idp:42");
        assert_eq!(read(r#"{"sub":"1.0","id":7}"#).unwrap().key(), "idp:1.0");
    }

    #[test]
    fn a_document_without_a_person_is_refused() {
        assert!(read("{}").is_err());
        assert!(read(r#"{"error":"invalid_token","sub":"x"}"#).is_err());
    }

    #[test]
    fn an_address_is_verified_only_by_a_plain_true() {
        let verified =
            |value| read(&format!(r#"{{"id":1,"email":"a@b.test","email_verified":{value}}}"#));
        assert!(verified("true").unwrap().email_verified);
        assert!(!verified("\"true\"").unwrap().email_verified);
    }

    #[test]
    fn ups_14_userinfo_of_another_subject_is_refused() {
        for userinfo in [r#"{"sub":"b"}"#, r#"{"id":"a"}"#] {
            let documents = Documents {
                id_token: object(r#"{"sub":"a"}"#),
                userinfo: object(userinfo),
                address: None,
            };
            assert!(documents.person(&provider()).is_err(), "{userinfo}");
        }
    }

    #[test]
    fn an_address_is_not_verified_by_another_document() {
        let documents = Documents {
            id_token: object(r#"{"sub":"a","email_verified":true}"#),
            userinfo: object(r#"{"sub":"a","email":"a@b.test"}"#),
            address: None,
        };
        let user = documents.person(&provider()).unwrap();
        assert_eq!((user.email.as_deref(), user.email_verified), (Some("a@b.test"), false));
        assert_eq!(Value::Object(user.raw), json!({ "sub": "a", "email": "a@b.test" }));
    }

    #[test]
    fn in_the_raw_document_what_is_signed_counts() {
        let raw = |id_token, userinfo| {
            let documents =
                Documents { id_token: object(id_token), userinfo: object(userinfo), address: None };
            Value::Object(documents.person(&provider()).unwrap().raw)
        };
        assert_eq!(
            raw(
                r#"{"sub":"a","groups":["x"],"iss":"i"}"#,
                r#"{"sub":"a","groups":["admin"],"b":1}"#
            ),
            json!({ "sub": "a", "iss": "i", "groups": ["x"], "b": 1 })
        );
        // Neither document verifies the other's address.
        assert_eq!(
            raw(r#"{"sub":"a","email":"a@b.test"}"#, r#"{"sub":"a","email_verified":true}"#),
            json!({ "sub": "a", "email": "a@b.test" })
        );
        assert_eq!(
            raw(
                r#"{"sub":"a","email":"a@b.test","email_verified":false}"#,
                r#"{"sub":"a","email":"c@d.test","email_verified":true}"#
            ),
            json!({ "sub": "a", "email": "a@b.test", "email_verified": false })
        );
        assert_eq!(
            raw(r#"{"sub":"a","email_verified":true}"#, r#"{"sub":"a","email":7}"#),
            json!({ "sub": "a", "email_verified": true })
        );
    }

    #[test]
    fn an_identifier_may_be_unique_within_another_claim_only() {
        let mut provider = provider();
        provider.claims.within = Some("tid".to_owned());
        let of = |text| {
            Documents { id_token: object(text), ..Documents::default() }
                .person(&provider)
                .map(|user| user.subject)
                .ok()
        };
        assert_eq!(of(r#"{"tid":"t","sub":"a"}"#).as_deref(), Some("t:a"));
        assert_eq!(of(r#"{"sub":"a"}"#), None);
        assert_eq!(of(r#"{"tid":"t:a","sub":"a"}"#), None);
    }
}
