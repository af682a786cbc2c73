use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;
use crate::drive::blocking::{Driver, drive};
use crate::effect::{Effect, HttpCall, Pause, Unreachable};
use crate::ids::ProviderId;
use crate::provider::{azure, discord, github, gitlab, oidc};
use crate::reply::Response;
use crate::secret::ClientSecret;
use crate::store::{Load, Swap};
use crate::tick::Timestamp;

const ISSUER: &str = "https://idp.example.com";
const DISCOVERY: &str = "https://idp.example.com/.well-known/openid-configuration";
const KEYS: &str = "https://idp.example.com/keys";

/// What is where; nobody answers anywhere else, and there is no store.
struct World(HashMap<&'static str, (u16, String)>);

impl Driver for World {
    fn tick(&self) -> Tick {
        Tick::new(Timestamp::from_seconds(1_800_000_000), [7; 32])
    }
    fn http(&self, call: HttpCall) -> <HttpCall as Effect>::Answer {
        let (status, body) = self.0.get(call.url.as_str()).ok_or(Unreachable::Connection)?;
        let status = StatusCode::from_u16(*status).unwrap();
        Ok(Response::new(status, HeaderMap::new(), Bytes::from(body.clone())))
    }
    fn load(&self, _: Load) -> <Load as Effect>::Answer {
        unreachable!("nothing is loaded")
    }
    fn swap(&self, _: Swap) -> <Swap as Effect>::Answer {
        unreachable!("nothing is kept")
    }
    fn pause(&self, _: Pause) {}
}

fn secret() -> ClientSecret {
    ClientSecret::new("planted")
}

fn provider() -> Provider {
    oidc(ProviderId::parse("idp").unwrap(), ISSUER, "vestibule", Some(secret()))
}

fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://idp.example.com/authorize",
        "token_endpoint": "https://idp.example.com/token",
        "jwks_uri": KEYS,
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA"],
    })
}

fn keys() -> String {
    // RFC 8037 Appendix A.2, and a key that verifies nothing here.
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x }, { "kty": "oct", "k": "AA" }] })
        .to_string()
}

fn inspected(provider: &Provider, discovery: Value, keys: String) -> Inspection {
    let world = World([(DISCOVERY, (200, discovery.to_string())), (KEYS, (200, keys))].into());
    drive(&world, inspect(provider, world.tick()))
}

#[test]
fn of_a_good_provider_nothing_is_found() {
    let inspection = inspected(&provider(), document(), keys());
    assert_eq!((&*inspection.faults, &*inspection.remarks), (&[][..], &[][..]));
    let discovered = inspection.discovery.unwrap().found.unwrap();
    assert!(discovered.s256 && !discovered.metadata.iss_parameter);
    assert_eq!(inspection.keys.unwrap().found.unwrap(), ["EdDSA"]);
}

#[test]
fn ups_22_the_document_of_another_issuer_is_named() {
    let mut other = document();
    other["issuer"] = "https://idp.example.com/\u{1b}[31m".into();
    let inspection = inspected(&provider(), other, keys());
    let [fault] = &*inspection.faults else { panic!("{inspection:?}") };
    assert!(fault.to_string().contains(r#""https://idp.example.com/\u{1b}[31m""#), "{fault}");
    assert!(inspection.keys.is_none());
}

#[test]
fn a_provider_whose_documents_cannot_be_had_has_a_fault_for_each() {
    let nobody = World(HashMap::new());
    let inspection = drive(&nobody, inspect(&provider(), nobody.tick()));
    let unreachable = Refusal::UpstreamUnreachable(Unreachable::Connection);
    assert_eq!(inspection.faults, [Finding::NoDiscovery(unreachable)]);

    let inspection = inspected(&provider(), document(), r#"{"keys":[]}"#.to_owned());
    assert!(matches!(&*inspection.faults, [Finding::NoKeys(Refusal::UpstreamMalformed(_))]));
}

#[test]
fn what_is_announced_is_held_against_what_is_configured() {
    let mut odd = document();
    odd["code_challenge_methods_supported"] = json!(["plain"]);
    odd["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    odd["id_token_signing_alg_values_supported"] = json!(["PS256", 7]);
    let Inspection { faults, remarks, .. } = inspected(&provider(), odd, keys());
    assert_eq!(faults, [Finding::Algorithms { announced: vec!["PS256".to_owned()] }]);
    let announced = vec!["client_secret_post".to_owned()];
    assert_eq!(
        remarks,
        [Finding::NoS256, Finding::TokenAuth { ours: TokenAuth::Basic, announced }]
    );
}

#[test]
fn without_keys_nobody_can_sign_in() {
    let mut bare = document();
    bare.as_object_mut().unwrap().remove("jwks_uri");
    assert_eq!(inspected(&provider(), bare, keys()).faults, [Finding::NoKeysAnnounced]);
}

#[test]
fn where_metadata_are_given_a_document_is_only_compared() {
    let gitlab = gitlab("us", secret());
    let published = json!({
        "issuer": "https://gitlab.com",
        "authorization_endpoint": "https://gitlab.com/moved",
        "token_endpoint": "https://gitlab.com/oauth/token",
        "revocation_endpoint": "https://gitlab.com/ended",
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["S256"],
    });
    let world = World(HashMap::from([
        ("https://gitlab.com/.well-known/openid-configuration", (200, published.to_string())),
        ("https://gitlab.com/oauth/discovery/keys", (200, keys())),
    ]));
    let Inspection { faults, remarks, .. } = drive(&world, inspect(&gitlab, world.tick()));
    assert_eq!(faults, []);
    let differences = [
        "authorization_endpoint is https://gitlab.com/oauth/authorize here, and \
         https://gitlab.com/moved in its discovery document",
        "revocation_endpoint is https://gitlab.com/oauth/revoke here, and \
         https://gitlab.com/ended in its discovery document",
        "iss_parameter is false here, and true in its discovery document",
    ];
    assert_eq!(remarks.iter().map(ToString::to_string).collect::<Vec<_>>(), differences);

    let gone = World([("https://gitlab.com/oauth/discovery/keys", (200, keys()))].into());
    let Inspection { faults, remarks, .. } = drive(&gone, inspect(&gitlab, gone.tick()));
    assert!(faults.is_empty() && matches!(&*remarks, [Finding::NoDiscovery(_)]));
}

#[test]
fn whoever_has_no_id_tokens_is_not_asked() {
    let nobody = World(HashMap::new());
    for provider in [github("us", secret()), discord("us", secret())] {
        let inspection = drive(&nobody, inspect(&provider, nobody.tick()));
        assert_eq!(inspection, Inspection::default(), "{}", provider.id);
    }
}

#[test]
fn the_issuer_of_all_tenants_is_published_as_a_template() {
    let document = |issuer: &str| {
        json!({
            "issuer": issuer,
            "authorization_endpoint":
                "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            "code_challenge_methods_supported": ["S256"],
        })
        .to_string()
    };
    let inspected = |issuer| {
        let world = World(HashMap::from([
            (
                "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
                (200, document(issuer)),
            ),
            ("https://login.microsoftonline.com/common/discovery/v2.0/keys", (200, keys())),
        ]));
        drive(&world, inspect(&azure("common", "us", secret()).unwrap(), world.tick()))
    };
    for issuer in [
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
    ] {
        let inspection = inspected(issuer);
        assert!(inspection.faults.is_empty() && inspection.remarks.is_empty(), "{inspection:?}");
        assert!(inspection.discovery.unwrap().found.is_some());
    }
    for issuer in [
        "https://evil.test/{tenantid}/v2.0",
        "https://login.microsoftonline.com/{tenantid}/evil/v2.0",
        "https://login.microsoftonline.com/common/v2.0",
    ] {
        let inspection = inspected(issuer);
        let named = Finding::OtherIssuer { named: issuer.to_owned() };
        assert_eq!(inspection.remarks, [named]);
    }
}
