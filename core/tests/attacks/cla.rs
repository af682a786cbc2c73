//! Client authentication.

use http::Method;
use serde_json::json;
use vestibule_core::{Config, CredentialsFault};

use crate::expect::{
    C_SECRET, assert_tok, basic, last_refusal, member, refused, tok, tok401, token_request,
};
use crate::world::{
    APP, VERIFIER, World, authorize_with, client, config, json_of, post, redemption, request, text,
};

/// A world with a code of a client; every other sign-in goes as client P's.
pub(crate) fn code_of(world: &mut World, client_id: &str) -> String {
    world.until_code_with(&[("client_id", client_id)])["code"].clone()
}

/// The form of a redemption, without a client.
fn form(code: &str) -> Vec<(&str, &str)> {
    let grant = [("grant_type", "authorization_code"), ("code", code)];
    [&grant[..], &[("redirect_uri", APP), ("code_verifier", VERIFIER)]].concat()
}

pub(crate) fn by_header(code: &str, authorization: &str) -> vestibule_core::Request {
    token_request(&form(code), &[("authorization", authorization)])
}

#[test]
fn cla_01_a_confidential_client_must_authenticate() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    tok401(&mut world, redemption(&code, &[("client_id", "C")]));
    tok401(&mut world, redemption(&code, &[("client_id", "C"), ("client_secret", "")]));
    tok401(&mut world, token_request(&form(&code), &[]));
    tok401(&mut world, redemption(&code, &[("client_id", "nobody")]));
    let own = [("client_id", "C"), ("client_secret", C_SECRET)];
    assert_eq!(world.redeem_with(&code, &own).status, 200);
}

#[test]
fn cla_02_a_wrong_secret_is_refused_and_spends_nothing() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    for wrong in
        ["", "x", "a-secret-of-the-clien", "a-secret-of-the-client ", "A-secret-of-the-client"]
    {
        tok401(&mut world, by_header(&code, &basic(&format!("C:{wrong}"))));
        if !wrong.is_empty() {
            let in_body = [("client_id", "C"), ("client_secret", wrong)];
            tok401(&mut world, redemption(&code, &in_body));
        }
    }
    tok401(&mut world, by_header(&code, &basic(&format!("nobody:{C_SECRET}"))));
    assert_eq!(world.send(by_header(&code, &basic(&format!("C:{C_SECRET}")))).status, 200);
}

#[test]
fn cla_03_one_way_of_authentication_in_a_request() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let right = basic(&format!("C:{C_SECRET}"));
    for second in [C_SECRET, "wrong"] {
        let both = [&form(&code)[..], &[("client_id", "C"), ("client_secret", second)]].concat();
        tok(&mut world, token_request(&both, &[("authorization", &right)]), "invalid_request");
    }
    // The id alone beside it is no second way.
    let id_too = [&form(&code)[..], &[("client_id", "C")]].concat();
    assert_eq!(world.send(token_request(&id_too, &[("authorization", &right)])).status, 200);
}

const STRANGE_ID: &str = "a:b%2Fc+d";
const STRANGE_SECRET: &str = "s:e%c+r e=t&%20 é 0123456789";

fn strange() -> Config {
    let mut config = config();
    config.clients.push(client(STRANGE_ID, Some(STRANGE_SECRET), &[APP]));
    config.clients.push(client("plain", Some(STRANGE_SECRET), &[APP]));
    config
}

#[test]
fn cla_04_credentials_are_read_as_the_rfc_encodes_them_and_as_they_are() {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let mut world = World::of(strange());
    for (id, written) in [
        (STRANGE_ID, format!("{}:{}", encode(STRANGE_ID), encode(STRANGE_SECRET))),
        // Percent-encoded throughout, as Python's client does it.
        (STRANGE_ID, format!("a%3Ab%252Fc%2Bd:{}", encode(STRANGE_SECRET).replace('+', "%20"))),
        ("plain", format!("plain:{}", encode(STRANGE_SECRET))),
        // As it is, which TypeScript's clients do. An id with a colon cannot be written so.
        ("plain", format!("plain:{STRANGE_SECRET}")),
    ] {
        let code = code_of(&mut world, id);
        let response = world.send(by_header(&code, &basic(&written)));
        assert_eq!(response.status, 200, "{written}: {}", text(&response));
    }
    let code = code_of(&mut world, STRANGE_ID);
    tok401(&mut world, by_header(&code, &basic(&format!("{STRANGE_ID}:{STRANGE_SECRET}"))));
}

#[test]
fn cla_05_a_header_that_cannot_be_read_is_refused() {
    use base64::Engine;
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let bytes =
        |bytes: &[u8]| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(bytes));
    for header in [
        "Basic ".to_owned(),
        "Basic".to_owned(),
        String::new(),
        "Basic !!!".to_owned(),
        "Basic QzphLXNlY3JldA=".to_owned(),
        basic("C"),
        basic(""),
        basic(":"),
        basic(&format!(":{C_SECRET}")),
        basic("%ff%fe:%ff"),
        bytes(b"C:\xff\xfe"),
        bytes(b"\x00:\x00"),
        format!("Basic {}", "A".repeat(60_000)),
    ] {
        tok401(&mut world, by_header(&code, &header));
    }
    assert_eq!(world.send(by_header(&code, &basic(&format!("C:{C_SECRET}")))).status, 200);
}

#[test]
fn cla_06_the_schemes_case_does_not_matter() {
    let mut world = World::new();
    for scheme in ["basic", "BASIC", "bAsIc"] {
        let code = code_of(&mut world, "C");
        let header = basic(&format!("C:{C_SECRET}")).replacen("Basic", scheme, 1);
        assert_eq!(world.send(by_header(&code, &header)).status, 200, "{scheme}");
    }
}

#[test]
fn cla_07_the_id_in_the_body_is_the_one_in_the_header() {
    let mut world = World::new();
    let code = code_of(&mut world, "P");
    let right = basic(&format!("C:{C_SECRET}"));
    for other in ["P", "N", "nobody", "c"] {
        let form = [&form(&code)[..], &[("client_id", other)]].concat();
        let request = token_request(&form, &[("authorization", &right)]);
        tok(&mut world, request, "invalid_request");
        assert_eq!(*last_refusal(&world), CredentialsFault::Contradiction.into());
    }
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn cla_08_a_secret_is_shown_either_way_and_no_secret_is_exact() {
    let mut world = World::new();
    for method in ["client_secret_basic", "client_secret_post"] {
        let metadata = json!({ "redirect_uris": [APP], "token_endpoint_auth_method": method });
        let registered = json_of(&world.register_with(&metadata));
        let (id, secret) = (member(&registered, "client_id"), member(&registered, "client_secret"));
        let code = code_of(&mut world, &id);
        let in_header = world.send(by_header(&code, &basic(&format!("{id}:{secret}"))));
        assert_eq!(in_header.status, 200, "{method}");
        let code = code_of(&mut world, &id);
        tok401(&mut world, redemption(&code, &[("client_id", &id)]));
        tok401(&mut world, by_header(&code, &basic(&format!("{id}:"))));
        let in_body = [("client_id", &*id), ("client_secret", &*secret)];
        assert_eq!(world.redeem_with(&code, &in_body).status, 200, "{method}");
    }
    // A public client has no secret to show.
    let code = code_of(&mut world, "P");
    tok401(&mut world, redemption(&code, &[("client_secret", "anything")]));
    tok401(&mut world, by_header(&code, &basic("P:anything")));
    let assertion = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "eyJhbGciOiJub25lIn0.e30."),
    ];
    let confidential = [&[("client_id", "C")], &assertion[..]].concat();
    tok401(&mut world, redemption(&code, &confidential));
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn cla_09_a_secret_in_the_url_is_refused() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = |more: &str| {
        format!(
            "grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&client_id=C{more}"
        )
    };
    for body in [body(""), body(&format!("&client_secret={C_SECRET}"))] {
        let uri = format!("/oauth/token?client_id=C&client_secret={C_SECRET}");
        tok(&mut world, request(Method::POST, &uri, &form, &body), "invalid_request");
        assert!(!format!("{:?}", world.events).contains(C_SECRET));
    }
    // Everything in the URL: there is no body to read.
    let uri = format!("/oauth/token?{}", body(&format!("&client_secret={C_SECRET}")));
    let response = refused(&mut world, request(Method::POST, &uri, &[], ""));
    assert!([400, 415].contains(&response.status.as_u16()), "{}", text(&response));
    let own = [("client_id", "C"), ("client_secret", C_SECRET)];
    assert_eq!(world.redeem_with(&code, &own).status, 200);
}

/// Secrets are compared by `ClientSecret::matches`, which is `subtle`'s comparison and the only one
/// that the type has: that two of them cannot be compared with `==` is a doctest beside it. What a
/// test can show here is that no wrong secret takes another way than the others, however much of the
/// right one it has; how long that takes on a given machine it cannot.
#[test]
fn cla_12_every_wrong_secret_takes_the_same_way() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let registered = world.register_with(&json!({ "redirect_uris": [APP] }));
    let registered = json_of(&registered);
    let (id, secret) = (member(&registered, "client_id"), member(&registered, "client_secret"));
    for (id, secret) in [("C", C_SECRET), (&id, &secret)] {
        let end = secret.len() - 1;
        let wrong = [
            "x".to_owned(),
            "x".repeat(secret.len()),
            format!("{}x", &secret[..end]),
            format!("x{}", &secret[1..]),
            secret[..end].to_owned(),
            format!("{secret}x"),
        ];
        let mut answers = std::collections::HashSet::new();
        for wrong in &wrong {
            let header = basic(&format!("{id}:{wrong}"));
            let in_body = [("client_id", id), ("client_secret", wrong)];
            for request in [by_header(&code, &header), redemption(&code, &in_body)] {
                let by_header = request.parts().headers.contains_key("authorization");
                // Without a question: nothing but the comparison stands between it and the answer.
                let step = world.begin(request);
                let vestibule_core::Step::Done(reply) = step else { panic!("a question") };
                assert_eq!(reply.events.len(), 1);
                let vestibule_core::Reply { response, events, .. } = reply;
                answers.insert((by_header, text(&response), format!("{events:?}")));
            }
        }
        assert_eq!(answers.len(), 2, "one answer by each way: {answers:?}");
    }
}

#[test]
fn cla_13_one_header_of_a_scheme_that_is_offered() {
    let mut world = World::new();
    let code = code_of(&mut world, "C");
    let right = basic(&format!("C:{C_SECRET}"));
    for second in [&*right, "Basic eA==", "Bearer x"] {
        let headers = [("authorization", &*right), ("authorization", second)];
        let response = refused(&mut world, token_request(&form(&code), &headers));
        assert_tok(&response, 400, "invalid_request");
    }
    for scheme in ["Bearer x", "Digest username=\"C\"", "DPoP x", "BasicX eA==", "Negotiate"] {
        tok401(&mut world, by_header(&code, scheme));
        // Not even where the body has what would do.
        let own = [&form(&code)[..], &[("client_id", "C"), ("client_secret", C_SECRET)]].concat();
        let response = refused(&mut world, token_request(&own, &[("authorization", scheme)]));
        assert!([400, 401].contains(&response.status.as_u16()));
    }
    assert_eq!(world.send(by_header(&code, &right)).status, 200);
}

/// RFC 6749 §5.2 has `unauthorized_client` for a grant type that this client may not use, and
/// `unsupported_grant_type` for one that nobody may: here that is all but two.
#[test]
fn cla_19_a_client_gets_nothing_for_itself() {
    let mut world = World::new();
    for grant_type in ["client_credentials", "password", "implicit", "Refresh_Token"] {
        for client in
            [&[("client_id", "P")][..], { &[("client_id", "C"), ("client_secret", C_SECRET)] }]
        {
            let form = [&[("grant_type", grant_type), ("scope", "mcp:read")], client].concat();
            tok(&mut world, post("/oauth/token", &form, &[]), "unsupported_grant_type");
        }
    }
    let form = [("client_id", "P")];
    tok(&mut world, post("/oauth/token", &form, &[]), "invalid_request");
    assert_eq!(world.store.len(), 0);
    assert_eq!(world.get(&authorize_with(&[])).status, 200);
}
