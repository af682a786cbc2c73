//! Who may register, who may change a registration, and how one ends.

use http::{Method, header};
use serde_json::{Value, json};
use vestibule_core::{
    ClientId, Cutoff, InitialAccessToken, InvalidInitialAccessToken, Refusal, SealingSecret,
};

use crate::expect::{
    assert_clean, assert_tok, last_refusal, local400, member, refused, registration, tok, tok401,
};
use crate::world::{
    APP, Browser, World, authorize_with, config, json_of, post, redemption, refresh, request, text,
};

/// RFC 7592 is not offered: nothing leads to a registration, and nothing changes one.
#[test]
fn dcr_14_a_registration_cannot_be_read_changed_or_deleted() {
    let mut world = World::new();
    let metadata = registration(APP);
    let answer = json_of(&world.register_with(&metadata));
    for name in ["registration_access_token", "registration_client_uri"] {
        assert!(answer.get(name).is_none(), "{answer}");
    }
    let id = member(&answer, "client_id");
    let below = format!("/oauth/register/{id}");
    let query = format!("/oauth/register?client_id={id}");
    let tokens = ["", "Bearer x", "Bearer vc1_x"];
    for (path, status) in [("/oauth/register", 405), (&query, 405), (&below, 404)] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            for token in tokens {
                let headers = [("content-type", "application/json"), ("authorization", token)];
                let mut changed = metadata.clone();
                changed["client_id"] = json!(id);
                changed["redirect_uris"] = json!(["https://evil.test/cb"]);
                let body = changed.to_string();
                let response = refused(&mut world, request(method.clone(), path, &headers, &body));
                assert_tok(&response, status, "invalid_request");
            }
        }
    }
    let authorize = authorize_with(&[("client_id", &id)]);
    assert_eq!(world.get(&authorize).status, 200, "it is what it was");
}

/// What a client of its own registration holds, and its browser on the way.
struct Held {
    id: String,
    code: String,
    refresh_token: String,
    authorize: String,
    form: Vec<(&'static str, String)>,
    browser: Browser,
}

fn held(world: &mut World) -> Held {
    let id = world.register(APP);
    let own = [("client_id", &*id)];
    let code = world.until_code_with(&own)["code"].clone();
    let response = world.redeem_with(&code, &own);
    let refresh_token = member(&json_of(&response), "refresh_token");
    let code = world.until_code_with(&own)["code"].clone();
    let authorize = authorize_with(&own);
    let mut browser = Browser::default();
    let page = browser.get(world, &authorize);
    let form = vec![("form", crate::world::form_of(&page)), ("provider", "idp".to_owned())];
    Held { id, code, refresh_token, authorize, form, browser }
}

fn end(world: &mut World, id: &str) {
    world.pass(1);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Client(ClientId::new(id)), tick);
    world.finish(step).unwrap();
}

/// Says 401 `invalid_client`, and where to register anew.
fn must_register_anew(world: &mut World, request: vestibule_core::Request, wrote: bool) {
    let response = if wrote { world.send(request) } else { refused(world, request) };
    assert_tok(&response, 401, "invalid_client");
    assert_eq!(json_of(&response)["registration_endpoint"], "https://as.test/oauth/register");
}

#[test]
fn dcr_15_a_client_that_was_ended_has_to_register_anew() {
    let mut world = World::new();
    let Held { id, code, refresh_token, authorize, mut browser, form } = held(&mut world);
    let expired = world.until_code_with(&[("client_id", &id)])["code"].clone();
    end(&mut world, &id);
    local400(&mut world, &authorize);
    assert_eq!(*last_refusal(&world), Refusal::ClientEnded);
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    let back = browser.press_with(&mut world, &form, &[]);
    assert!(back.status != 200, "{}", text(&back));
    let own = [("client_id", &*id)];
    // The first request writes the tombstone.
    for wrote in [true, false] {
        must_register_anew(&mut world, redemption(&code, &own), wrote);
        must_register_anew(&mut world, refresh(&refresh_token, &own), wrote);
    }
    world.pass(600);
    must_register_anew(&mut world, redemption(&expired, &own), false);
    // What was never made here says nothing of the client, and costs no question.
    tok(&mut world, redemption("vac1_x", &own), "invalid_grant");
    let anew = world.register(APP);
    assert!(world.until_code_with(&[("client_id", &anew)]).contains_key("code"));
}

#[test]
fn dcr_15_so_has_one_whose_registration_secret_was_removed() {
    let secrets = |byte: u8| vec![SealingSecret::new([byte; 32]).unwrap()];
    let mut before = config();
    before.registration.secrets = secrets(7);
    let mut world = World::of(before);
    let Held { id, code, refresh_token, authorize, .. } = held(&mut world);
    let mut after = config();
    after.registration.secrets = secrets(8);
    let mut world = world.reconfigured(after);
    local400(&mut world, &authorize);
    assert_eq!(*last_refusal(&world), Refusal::UnknownClient);
    let own = [("client_id", &*id)];
    for _ in 0..2 {
        must_register_anew(&mut world, redemption(&code, &own), false);
        must_register_anew(&mut world, refresh(&refresh_token, &own), false);
        let form = [("client_id", &*id), ("token", &refresh_token)];
        must_register_anew(&mut world, post("/oauth/revoke", &form, &[]), false);
    }
}

/// However its id came: with a wrong secret of one that is known, nothing is said of registering.
#[test]
fn dcr_15_where_to_register_is_said_to_unknown_clients_and_where_it_is_open() {
    let mut world = World::new();
    let basic = |id: &str| crate::expect::basic(&format!("{id}:a-secret-of-somebody"));
    let form = [("grant_type", "authorization_code"), ("code", "vac1_x")];
    let by_header = |id: &str| {
        let authorization = basic(id);
        post("/oauth/token", &form, &[("authorization", &authorization)])
    };
    must_register_anew(&mut world, by_header("nobody"), false);
    let says_it = |world: &mut World, request| {
        json_of(&tok401(world, request)).get("registration_endpoint").is_some()
    };
    assert!(says_it(&mut world, by_header("nobody")));
    assert!(!says_it(&mut world, by_header("C")));
    assert!(!says_it(&mut world, redemption("vac1_x", &[("client_id", "C")])));
    let mut closed = config();
    closed.registration.dynamic = false;
    let mut guarded = config();
    guarded.registration.initial_access_tokens = vec![initial(TOKEN)];
    for config in [closed, guarded] {
        let mut world = World::of(config);
        assert!(!says_it(&mut world, redemption("vac1_x", &[("client_id", "nobody")])));
    }
}

const TOKEN: &str = "initial-access-token-0123456789abcdef";
const OTHER: &str = "another.access_token~of+32/characters==";

fn initial(text: &str) -> InitialAccessToken {
    InitialAccessToken::parse(text).unwrap()
}

fn guarded() -> World {
    let mut config = config();
    config.registration.initial_access_tokens = vec![initial(TOKEN), initial(OTHER)];
    World::of(config)
}

fn registering(authorization: &[&str], metadata: &Value) -> vestibule_core::Request {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(authorization.iter().map(|value| ("authorization", *value)));
    request(Method::POST, "/oauth/register", &headers, &metadata.to_string())
}

#[test]
fn dcr_16_where_a_token_is_asked_for_any_of_them_registers() {
    let mut world = guarded();
    for authorization in [format!("Bearer {TOKEN}"), format!("bearer {OTHER}")] {
        let response = world.send(registering(&[&authorization], &registration(APP)));
        assert_eq!(response.status, 201, "{}", text(&response));
        // The token opens the door and is nobody's registration.
        let id = member(&json_of(&response), "client_id");
        assert!(world.until_code_with(&[("client_id", &id)]).contains_key("code"));
    }
}

#[test]
fn dcr_16_nothing_else_does() {
    let mut world = guarded();
    let right = format!("Bearer {TOKEN}");
    let (cut, longer) = (&right[..right.len() - 1], format!("{right}x"));
    let other_case = right.replace("initial", "Initial");
    let basic = crate::expect::basic(&format!("x:{TOKEN}"));
    for (authorization, challenge) in [
        (&[][..], "Bearer"),
        (&[""], "Bearer"),
        (&["Bearer"], "Bearer"),
        (&[TOKEN], "Bearer"),
        (&[&*basic], "Bearer"),
        (&[&*right, &*right], "Bearer"),
        (&["Bearer "], "Bearer error=\"invalid_token\""),
        (&["Bearer x"], "Bearer error=\"invalid_token\""),
        (&[cut], "Bearer error=\"invalid_token\""),
        (&[&*longer], "Bearer error=\"invalid_token\""),
        (&[&*other_case], "Bearer error=\"invalid_token\""),
    ] {
        // Whoever may not register is not told what is wrong with its metadata either.
        for metadata in [registration(APP), json!({ "redirect_uris": ["x"] })] {
            let response = refused(&mut world, registering(authorization, &metadata));
            assert_tok(&response, 401, "invalid_token");
            assert_eq!(response.headers[header::WWW_AUTHENTICATE], challenge, "{authorization:?}");
        }
    }
    let in_the_body = json!({
        "redirect_uris": [APP], "access_token": TOKEN, "initial_access_token": TOKEN,
    });
    assert_eq!(refused(&mut world, registering(&[], &in_the_body)).status, 401);
    assert!(!format!("{:?} {:?}", world.events, guarded().server).contains(TOKEN));
}

/// The header means nothing where no token is asked for: a client that sends one registers.
#[test]
fn dcr_16_without_tokens_anybody_registers() {
    for authorization in [&[][..], &["Bearer x"], &["Basic eDp5"]] {
        let response = World::new().send(registering(authorization, &registration(APP)));
        assert_eq!(response.status, 201);
    }
}

#[test]
fn dcr_16_a_token_has_32_characters_that_a_header_can_carry() {
    let length = TOKEN[..31].len();
    let short = InvalidInitialAccessToken::TooShort { length };
    assert_eq!(InitialAccessToken::parse(&TOKEN[..31]).unwrap_err(), short);
    for odd in [" initial-access-token-0123456789ab", "initial=access-token-0123456789abcdef", {
        "initial-access-token-0123456789abcdé"
    }] {
        let refused = InitialAccessToken::parse(odd).unwrap_err();
        assert_eq!(refused, InvalidInitialAccessToken::Characters, "{odd}");
    }
    assert_eq!(format!("{:?}", initial(TOKEN)), "InitialAccessToken([redacted])");
}

/// A page of another site can make a browser send its cookies along; here they mean nothing.
#[test]
fn dcr_17_cookies_change_nothing_where_programs_come() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let authorize = authorize_with(&[]);
    browser.until_upstream(&mut world, &authorize);
    let cookies = browser.header();
    assert!(cookies.contains("__Host-"), "{cookies}");
    let json = ("content-type", "application/json");
    let metadata = registration(APP).to_string();
    let register = |headers: &[(&str, &str)]| {
        request(Method::POST, "/oauth/register", &[&[json], headers].concat(), &metadata)
    };
    let foreign = [
        ("cookie", &*cookies),
        ("origin", "https://evil.test"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "cors"),
    ];
    let refreshing = [("grant_type", "refresh_token"), ("client_id", "P")];
    let revoking = [("client_id", "P"), ("token", "vrt1_x")];
    for (path, form, status) in
        [("/oauth/token", &refreshing[..], 400), ("/oauth/revoke", &revoking[..], 200)]
    {
        let plain = world.send(post(path, form, &[]));
        let with = world.send(post(path, form, &foreign));
        assert_eq!((plain.status.as_u16(), with.status), (status, plain.status), "{path}");
        assert_eq!(text(&with), text(&plain));
        assert!(!with.headers.contains_key(header::SET_COOKIE), "{path}");
    }
    for headers in [&[][..], &foreign] {
        let response = world.send(register(headers));
        assert_eq!(response.status, 201);
        assert_clean(&response);
        assert!(!response.headers.contains_key(header::SET_COOKIE));
        assert!(!response.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        // No more than anybody's: a person is asked for it as for any other.
        let id = member(&json_of(&response), "client_id");
        let page = browser.get(&mut world, &authorize_with(&[("client_id", &id)]));
        assert_eq!(page.status, 200);
    }
    // Where anybody must show a token, a cookie is none.
    let response = refused(&mut guarded(), register(&foreign));
    assert_eq!(response.status, 401);
    assert!(!response.headers.contains_key(header::SET_COOKIE));
}
