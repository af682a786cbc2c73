//! Secrets are planted wherever there is one, a sign-in is walked through with its failures, and
//! everything that can be formatted is formatted at every step. None of them may show.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use std::fmt::{Debug, Write};

use http::Method;
use serde_json::{Value, json};
use vestibule_core::{
    AccessToken, Algorithm, ClientSecret, EndpointUrl, InitialAccessToken, Mapped, Reply, Request,
    ResourceCredentials, Response, SealingSecret, SigningKey, Step,
};

use world::browser::callback_of;
use world::upstream::Answer;
use world::{
    Browser, VERIFIER, World, authorize_with, client, config, form_of, json_of, location, post,
    query_of, redemption, refresh, request, resource_request, text,
};

const RESOURCE_SECRET: &str = "planted-resource-secret";

/// What no reader of a log may learn.
struct Planted {
    secrets: Vec<String>,
    /// Everything that was formatted.
    shown: String,
    /// Every error body, page and URL that is not the one that must carry a secret.
    said: String,
}

impl Planted {
    fn plant(&mut self, secret: &str) -> String {
        assert!(secret.len() >= 8, "too short to be told from chance: {secret}");
        self.secrets.push(secret.to_owned());
        secret.to_owned()
    }

    fn show(&mut self, value: &impl Debug) {
        writeln!(self.shown, "{value:?}\n{value:#?}").unwrap();
    }

    /// Sends a request, and formats it, every question, every answer to it, and the reply.
    fn send(&mut self, world: &mut World, request: Request) -> Response {
        self.show(&request);
        let mut step: Step<Reply> = world.begin(request);
        let reply = loop {
            self.show(&step);
            match &step {
                Step::Http(question) => {
                    self.show(question.effect());
                    let answer = world.upstream.clone().answer(question.effect());
                    self.show(&answer);
                }
                Step::Load(question) => {
                    self.show(question.effect());
                    self.show(&world.store.clone().load(question.effect()));
                }
                Step::Swap(question) => self.show(question.effect()),
                Step::MapUser(question) => {
                    self.show(question.effect());
                    self.show(&(world.mapper)(question.effect()));
                }
                Step::List(_) | Step::Pause(_) | Step::Done(_) => {}
            }
            match world.advance(step) {
                Ok(next) => step = next,
                Err(reply) => break reply,
            }
        };
        self.show(&reply);
        for event in &reply.events {
            self.show(event);
            if let vestibule_core::Event::Refused { refusal } = event {
                writeln!(self.shown, "{refusal}").unwrap();
                self.show(&refusal.wire());
            }
        }
        if reply.response.status.is_client_error() || reply.response.status.is_server_error() {
            writeln!(self.said, "{}", text(&reply.response)).unwrap();
        }
        reply.response
    }

    /// Fails if a secret shows, and if the search could not have found one.
    fn judge(&self) {
        for (place, all) in [("formatted", &self.shown), ("said", &self.said)] {
            for secret in &self.secrets {
                assert!(!all.contains(secret), "{secret} was {place}");
            }
        }
        let control = "an unredacted control line";
        assert!(self.shown.contains(control), "what is formatted is not looked at");
        assert!(self.said.contains("redirect_uri is not registered"), "bodies are not looked at");
        assert!(self.shown.len() > 20_000, "hardly anything was formatted");
    }
}

#[test]
fn lea_01_no_secret_is_formatted_or_said() {
    let mut planted = Planted { secrets: Vec::new(), shown: String::new(), said: String::new() };
    planted.shown.push_str(&format!("{:?}\n", "an unredacted control line"));

    let sealing = planted.plant("planted-sealing-secret-0123456789");
    let signing = planted.plant("cGxhbnRlZC1zaWduaW5nLWtleS0wMTIzNDU2Nzg5YWI");
    let client_secret = planted.plant("planted-client-secret");
    let initial = planted.plant("planted-initial-access-token-of-50-characters");
    let upstream_secret = planted.plant("planted-upstream-client-secret");
    let upstream_access = planted.plant("planted-upstream-access-token");
    let upstream_refresh = planted.plant("planted-upstream-refresh-token");
    let upstream_id = planted.plant("planted-upstream-id-token");
    let renewed_access = planted.plant("planted-renewed-access-token");
    let renewed_refresh = planted.plant("planted-renewed-refresh-token");
    let upstream_code = planted.plant("planted-upstream-code");
    let state = planted.plant("planted-client-state");
    planted.plant(VERIFIER);

    let mut config = config();
    config.secrets = vec![SealingSecret::from_text(&sealing).unwrap()];
    config.signing_keys = vec![SigningKey::parse(Algorithm::EdDsa, &signing).unwrap()];
    let tokens = vec![InitialAccessToken::parse(&initial).unwrap()];
    config.registration.initial_access_tokens = tokens;
    config.clients.push(client("D", Some(&client_secret), &[world::APP]));
    config.providers[0].client_secret = Some(ClientSecret::new(&upstream_secret));
    config.providers[0].keep_tokens = true;
    let revoke = EndpointUrl::parse("https://idp.test/revoke").unwrap();
    config.providers[0].metadata_mut().unwrap().revocation_endpoint = Some(revoke);
    config.map_users = true;
    let asks = ClientSecret::new(planted.plant(RESOURCE_SECRET));
    config.resources[0].credentials = Some(ResourceCredentials::new("R", asks));
    planted.show(&config);
    let mut world = World::of(config);
    planted.show(&world.server);
    let tokens = json!({
        "access_token": upstream_access,
        "refresh_token": upstream_refresh,
        "id_token": upstream_id,
        "token_type": "Bearer",
        // Every refresh asks for new ones.
        "expires_in": 59,
    });
    world.upstream.token = Answer::Says(200, tokens.to_string());
    let renewed = json!({
        "access_token": renewed_access,
        "refresh_token": renewed_refresh,
        "token_type": "Bearer",
        "expires_in": 59,
    });
    world.upstream.refresh = Answer::Says(200, renewed.to_string());
    world.mapper = |_| {
        let access_token = AccessToken::new("planted-mapped-token");
        let expires_in = std::time::Duration::from_secs(60);
        Ok(Mapped::Token(vestibule_core::MappedToken {
            access_token,
            expires_in,
            extra: serde_json::Map::new(),
        }))
    };
    planted.plant("planted-mapped-token");

    register(&mut planted, &mut world, &initial);
    walk(&mut planted, &mut world, &state, &upstream_code, &client_secret);
    world.mapper = |_| Ok(Mapped::default());
    walk(&mut planted, &mut world, &state, &upstream_code, &client_secret);
    assert_eq!(world.upstream.refreshes().len(), 3, "two refreshes and one question");
    planted.judge();
}

/// With a token, with a wrong one, and with one where none belongs.
fn register(planted: &mut Planted, world: &mut World, initial: &str) {
    let right = format!("Bearer {initial}");
    let metadata = json!({ "redirect_uris": [world::APP] }).to_string();
    for (path, authorization) in [
        ("/oauth/register", &*right),
        ("/oauth/register", &right[..right.len() - 1]),
        ("/oauth/register", &right.replace("Bearer", "Basic")),
        ("/oauth/token", &right),
    ] {
        let headers = [("content-type", "application/json"), ("authorization", authorization)];
        let answer = planted.send(world, request(Method::POST, path, &headers, &metadata));
        assert_eq!(answer.status == 201, authorization == right && path == "/oauth/register");
        let client_secret = json_of(&answer)["client_secret"].as_str().map(str::to_owned);
        planted.secrets.extend(client_secret);
    }
}

/// A sign-in with everything that can go wrong on the way.
fn walk(
    planted: &mut Planted,
    world: &mut World,
    state: &str,
    upstream_code: &str,
    client_secret: &str,
) {
    let authorize = authorize_with(&[("client_id", "D"), ("state", state)]);
    let mut browser = Browser::default();
    let page = planted.send(world, request(Method::GET, &authorize, &[], ""));
    browser.keep(&page);
    let elsewhere = authorize_with(&[("client_id", "D"), ("redirect_uri", "https://evil.test/")]);
    planted.send(world, request(Method::GET, &elsewhere, &[], ""));

    let form = planted.plant(&form_of(&page));
    let cookies = planted.plant(&browser.header());
    let headers = [("cookie", &*cookies)];
    let agreed = post("/oauth/consent", &[("form", &form), ("provider", "idp")], &headers);
    let upstream = planted.send(world, agreed);
    planted.send(world, post("/oauth/consent", &[("form", &form), ("provider", "idp")], &[]));
    browser.keep(&upstream);
    for value in browser.cookies.values() {
        planted.secrets.push(value.clone());
    }
    let upstream = location(&upstream.headers).unwrap().to_owned();
    let upstream_state = query_of(&upstream)["state"].clone();
    planted.plant(&upstream_state);
    // The client's state, its verifier and our verifier have no business in this URL.
    planted.said.push_str(&upstream.replace(&upstream_state, ""));

    let callback = callback_of(&upstream, &[("code", upstream_code)]);
    planted.send(world, request(Method::GET, &callback, &[], ""));
    let cookies = browser.header();
    let back = planted.send(world, request(Method::GET, &callback, &[("cookie", &cookies)], ""));
    let verifier = world.upstream.calls.iter().find_map(|call| call.split("code_verifier=").nth(1));
    let verifier = verifier.unwrap().split('&').next().unwrap().to_owned();
    planted.plant(&verifier);
    let back = location(&back.headers).unwrap().to_owned();
    let code = planted.plant(&query_of(&back)["code"]);
    planted.send(world, request(Method::GET, &callback, &[("cookie", &cookies)], ""));

    let as_d = [("client_id", "D"), ("client_secret", client_secret)];
    let with = |changes: &[(&'static str, &'static str)]| {
        let mut all = as_d.to_vec();
        all.extend(changes);
        all
    };
    planted.send(world, redemption(&code, &with(&[("redirect_uri", "https://evil.test/")])));
    planted.send(world, redemption(&code, &[("client_id", "P")]));
    planted.send(world, redemption(&code, &[("client_id", "D"), ("client_secret", "wrong")]));
    let tokens: Value = json_of(&planted.send(world, redemption(&code, &as_d)));
    let access_token = planted.plant(tokens["access_token"].as_str().unwrap());
    let refresh_token = planted.plant(tokens["refresh_token"].as_str().unwrap());
    let basic = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("D:{client_secret}"),
    );
    planted.plant(&basic);
    let basic = format!("Basic {basic}");
    let by_header = [("authorization", &*basic)];
    let body = [("grant_type", "refresh_token"), ("refresh_token", &*refresh_token)];
    let refreshed = json_of(&planted.send(world, post("/oauth/token", &body, &by_header)));
    planted.plant(refreshed["refresh_token"].as_str().unwrap());
    planted.send(world, refresh(&refresh_token, &[("client_id", "P")]));
    let now = world.tick().now;
    let principal = world.server.authenticate(&resource_request(&access_token), now);
    planted.show(&principal);
    if let Ok(principal) = &principal {
        let tick = world.tick();
        let step = world.server.upstream_token(principal, tick);
        planted.show(&step);
        let token = world.finish(step);
        planted.show(&token);
    }
    introspect(planted, world, &access_token);
    planted
        .send(world, post("/oauth/revoke", &[("client_id", "P"), ("token", &access_token)], &[]));
    planted.send(world, redemption(&code, &as_d));
    planted.send(world, refresh(&refresh_token, &as_d));
    let query = format!("/oauth/token?client_secret={client_secret}");
    planted.send(world, post(&query, &body, &[]));
}

/// With the right secret, with a wrong one, and where none belongs.
fn introspect(planted: &mut Planted, world: &mut World, access_token: &str) {
    for (path, secret) in [
        ("/oauth/introspect", RESOURCE_SECRET),
        ("/oauth/introspect", &RESOURCE_SECRET[1..]),
        (&format!("/oauth/introspect?token={access_token}"), RESOURCE_SECRET),
        ("/oauth/revoke", RESOURCE_SECRET),
    ] {
        let form = [("client_id", "R"), ("client_secret", secret), ("token", access_token)];
        planted.send(world, post(path, &form, &[]));
    }
}

#[test]
fn lea_02_an_upstream_error_is_not_passed_on() {
    let mut planted = Planted { secrets: Vec::new(), shown: String::new(), said: String::new() };
    let leak = planted.plant("planted-upstream-error-text");
    let mut world = World::new();
    world.upstream.token = Answer::Says(400, json!({ "error": &leak }).to_string());
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    let cookies = browser.header();
    let told =
        planted.send(&mut world, request(Method::GET, &callback, &[("cookie", &cookies)], ""));
    let told = location(&told.headers).unwrap();
    assert!(!told.contains(&leak) && !planted.shown.contains(&leak), "{told}");
}
