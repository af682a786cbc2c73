//! `vestibule check --online` asks providers what they publish.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Ran, SECRET, folder, run, vestibule};
use crate::provider::{Provider, Script};

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A provider that publishes what this makes of its own origin.
fn publishing(documents: impl FnOnce(&str) -> Vec<(&'static str, Value)>) -> Provider {
    let provider = Provider::start(Script::good("", "", "ada"));
    let documents = documents(&provider.origin).into_iter();
    let documents = documents.map(|(path, document)| (path, document.to_string())).collect();
    provider.will(|script| script.documents = documents);
    provider
}

fn discovery(origin: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/authorize"),
        "token_endpoint": format!("{origin}/token"),
        "userinfo_endpoint": format!("{origin}/userinfo"),
        "jwks_uri": format!("{origin}/keys"),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// RFC 8037 Appendix A.2.
fn keys() -> Value {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x }] })
}

fn oidc(id: &str, issuer: &str) -> String {
    format!(
        "[[provider]]\npreset = \"oidc\"\nid = \"{id}\"\nissuer = \"{issuer}\"\n\
         client_id = \"us\"\nclient_secret = \"planted-planted\"\n"
    )
}

fn asked(providers: &str) -> Ran {
    let configuration = format!(
        "issuer = \"https://auth.example.com\"\nsecrets = [{{ env = \"CHECK_SECRET\" }}]\n\
         store = \"memory:\"\n{providers}"
    );
    let folder = folder(&configuration);
    let mut command = vestibule(&["check", "--online", "--config", "vestibule.toml"]);
    run(command.current_dir(folder.path()).env("CHECK_SECRET", SECRET))
}

#[test]
fn what_a_good_provider_publishes_is_told() {
    let idp = publishing(|origin| vec![(DISCOVERY, discovery(origin)), ("/keys", keys())]);
    let origin = &idp.origin;
    let plain = "[[provider]]\nid = \"plain\"\n\
                 authorization_endpoint = \"https://idp.example.com/authorize\"\n\
                 token_endpoint = \"https://idp.example.com/token\"\n\
                 userinfo_endpoint = \"https://idp.example.com/userinfo\"\n\
                 client_id = \"us\"\nclient_secret = \"planted-planted\"\n";
    let Ran { status, stdout, stderr } = asked(&format!("{}{plain}", oidc("idp", origin)));
    let expected = format!(
        "\
vestibule.toml: good (issuer https://auth.example.com, 2 providers, 0 clients, 0 resources; everybody may sign in)

provider idp
  asked {origin}/.well-known/openid-configuration
    issuer {origin}
    authorization_endpoint {origin}/authorize
    token_endpoint {origin}/token
    userinfo_endpoint {origin}/userinfo
    jwks_uri {origin}/keys
    PKCE with S256 announced
    iss in callbacks (RFC 9207) announced
  asked {origin}/keys
    1 key: 1 EdDSA

provider plain
  publishes nothing that a sign-in needs; nothing was asked

providers: nothing is wrong
"
    );
    assert_eq!((stdout, stderr.as_str(), status.code()), (expected, "", Some(0)));
    let asked = idp.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| !format!("{asked:?}").contains("planted")), "{asked:?}");
}

#[test]
fn each_fault_of_a_provider_is_told_with_its_mend() {
    let other = publishing(|_| vec![(DISCOVERY, discovery("https://other.example.com"))]);
    let empty =
        publishing(|origin| vec![(DISCOVERY, discovery(origin)), ("/keys", json!({ "keys": [] }))]);
    let nothing = publishing(|_| Vec::new());
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let providers = [
        oidc("other", &other.origin),
        oidc("empty", &empty.origin),
        oidc("nothing", &nothing.origin),
        oidc("gone", &format!("http://{gone}")),
    ];
    let Ran { status, stdout, .. } = asked(&providers.concat());
    let faults: Vec<_> = stdout.lines().filter_map(|it| it.strip_prefix("  fault: ")).collect();
    let seen = "see what a browser gets there, and that the issuer or URL is written as the \
                provider writes it";
    let expected = [
        "the discovery document is that of the issuer \"https://other.example.com\"; if this is \
         whom you mean, write it exactly so",
        &format!(
            "its keys cannot be had: the provider's answer is malformed: it has no key for RS256, \
             ES256 or EdDSA with which to verify; {seen}"
        ),
        &format!(
            "the discovery document cannot be had: the provider answered with status 404; {seen}"
        ),
        "the discovery document cannot be had: no answer came: the connection failed; \
         see that the URL is right, its name resolves, this machine may reach it, and trusts its \
         certificate",
    ];
    assert_eq!(faults, expected);
    assert!(stdout.ends_with("\nproviders: 4 faults\n"), "{stdout}");
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_provider_that_never_answers_is_given_up() {
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}", silent.local_addr().unwrap());
    let begun = Instant::now();
    let Ran { status, stdout, .. } =
        asked(&format!("{}{}", oidc("a", &issuer), oidc("b", &issuer)));
    assert_eq!(stdout.matches("the deadline passed").count(), 2, "{stdout}");
    assert_eq!(status.code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(10), "one after the other");
}

#[test]
fn a_mend_names_no_key_that_the_preset_does_not_have() {
    let idp = publishing(|origin| {
        let mut document = discovery(origin);
        document["issuer"] = json!(format!("{origin}/realms/main"));
        document["code_challenge_methods_supported"] = json!([]);
        document["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        document["id_token_signing_alg_values_supported"] = json!(["HS256"]);
        vec![("/realms/main/.well-known/openid-configuration", document), ("/keys", keys())]
    });
    let other = publishing(|origin| {
        let mut document = discovery(origin);
        document["issuer"] = json!("https://other.example.com");
        vec![("/realms/main/.well-known/openid-configuration", document)]
    });
    let keycloak = |id: &str, idp: &Provider| {
        format!(
            "[[provider]]\npreset = \"keycloak\"\nid = \"{id}\"\nbase_url = \"{}\"\n\
             realm = \"main\"\nclient_id = \"us\"\nclient_secret = \"planted-planted\"\n",
            idp.origin
        )
    };
    let Ran { stdout, .. } =
        asked(&format!("{}{}", keycloak("one", &idp), keycloak("two", &other)));
    let found: Vec<_> = stdout
        .lines()
        .filter_map(|it| it.strip_prefix("  fault: ").or(it.strip_prefix("  remark: ")))
        .collect();
    let oidc = format!(
        "write preset = \"oidc\" with id = \"one\", issuer = \"{}/realms/main\" and",
        idp.origin
    );
    let expected = [
        &format!(
            "it signs ID tokens with [\"HS256\"]; have it sign with RS256, ES256 or EdDSA; or, if \
             it signs with HS256, {oidc} id_token = \"required_with_secret\""
        ),
        &format!(
            "it does not announce PKCE with S256, which it is sent all the same; if it refuses \
             that, {oidc} pkce = false"
        ),
        &format!(
            "token_auth is \"basic\", and it announces [\"client_secret_post\"]; if it refuses \
             that, {oidc} token_auth = \"client_secret_post\""
        ),
        "the discovery document is that of the issuer \"https://other.example.com\"; look \
         at `base_url` and `realm`; if this is whom you mean, write preset = \"oidc\" with id = \
         \"two\", issuer = \"https://other.example.com\"",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_endpoint_that_differs_is_told_with_its_mend() {
    let idp = publishing(|origin| vec![(DISCOVERY, discovery(origin)), ("/keys", keys())]);
    let origin = &idp.origin;
    let given = format!(
        "[[provider]]\nid = \"given\"\nissuer = \"{origin}\"\n\
         authorization_endpoint = \"{origin}/authorize\"\ntoken_endpoint = \"{origin}/old\"\n\
         jwks_uri = \"{origin}/keys\"\nid_token = \"required\"\nscopes = [\"openid\"]\n\
         client_id = \"us\"\nclient_secret = \"planted-planted\"\n"
    );
    let Ran { status, stdout, .. } = asked(&given);
    let remark = format!(
        "  remark: token_endpoint is {origin}/old here, and {origin}/token in its discovery \
         document; write the published one, unless you know better\n"
    );
    assert!(stdout.contains(&remark), "{stdout}");
    assert_eq!(status.code(), Some(0));
}
