//! A sign-in at one provider, whose answers stand in a file.

use std::collections::HashMap;

use http::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use vestibule_core::provider::Provider;
use vestibule_core::{ClientSecret, Event, MapUser, Mapped, Refusal, Response};

use crate::world::browser::callback_of;
use crate::world::id_tokens::{IdToken, Key, base64url, jwk_set};
use crate::world::upstream::Answer;
use crate::world::{
    Browser, World, authorize_with, claims_of, config, json_of, location, query_of, request, text,
};

pub(crate) const CLIENT_ID: &str = "vestibule";
pub(crate) const SECRET: &str = "our-secret-upstream-of-32-characters";

// Why a sign-in is refused.
pub(crate) const NO_JSON: Refusal =
    Refusal::UpstreamMalformed("the token response is no JSON object");
pub(crate) const NO_BEARER: Refusal = Refusal::UpstreamMalformed("token_type is not Bearer");
pub(crate) const NO_ID_TOKEN: Refusal = Refusal::UpstreamMalformed("the ID token is missing");
pub(crate) const ANOTHERS: Refusal =
    Refusal::UpstreamMalformed("userinfo is of another sub than the ID token");
pub(crate) const NOBODY: Refusal =
    Refusal::UpstreamMalformed("the user document has no usable identifier");

/// A world with one provider, which answers as the fixture says:
///
/// - `authorize`: `endpoint`, and the parameters with which a person is sent there;
/// - `callback`: what the provider adds to code and state;
/// - `posts`: whether the answer is posted; `denied`: the error where a person says no;
/// - `token`: parameters of the token request, beside the usual ones;
/// - `answers`: what is said at each URL; `$ID_TOKEN` and `$KEYS` stand for what is made then;
/// - `refresh`: `token`, members of the token's answer where tokens end; `answer`, what is said to a
///   refresh, in which `{n}` stands for its number; `asked`, parameters of the request, beside the
///   usual ones. Without an `answer` there is nothing to refresh with;
/// - `id_token`: its claims, beside `aud`, `nonce`, `iat`, `exp` and `at_hash`;
/// - `person`: who they are then.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) fixture: Value,
    /// What signs ID tokens.
    pub(crate) key: Key,
    /// What a test makes of an ID token that is right.
    pub(crate) change: fn(IdToken) -> IdToken,
    provider: Provider,
}

pub(crate) fn secret() -> ClientSecret {
    ClientSecret::new(SECRET)
}

impl Scene {
    pub(crate) fn new(provider: Provider, fixture: &str) -> Self {
        let fixture = serde_json::from_str(fixture).unwrap();
        let world = world_of(&provider);
        Self { world, fixture, key: Key::Rsa, change: |right| right, provider }
    }

    /// The same where the provider's tokens are kept.
    pub(crate) fn keeping(mut self) -> Self {
        self.provider.keep_tokens = true;
        self.world = world_of(&self.provider);
        self
    }

    /// The same where a member of an answer is something else; `null` removes it.
    pub(crate) fn with(mut self, url: &str, member: &str, value: Value) -> Self {
        let answer = self.fixture["answers"][url].as_object_mut().unwrap();
        if value.is_null() {
            answer.remove(member);
        } else {
            answer.insert(member.to_owned(), value);
        }
        self
    }

    /// The same where a URL says something else altogether.
    pub(crate) fn saying(mut self, url: &str, answer: Value) -> Self {
        assert!(self.fixture["answers"].get(url).is_some(), "nobody is at {url}");
        self.fixture["answers"][url] = answer;
        self
    }

    /// The same where a claim of the ID token is something else; `null` removes it.
    pub(crate) fn with_claim(mut self, claim: &str, value: Value) -> Self {
        let claims = self.fixture["id_token"].as_object_mut().unwrap();
        if value.is_null() {
            claims.remove(claim);
        } else {
            claims.insert(claim.to_owned(), value);
        }
        self
    }

    /// Where the browser is sent upstream.
    pub(crate) fn until_upstream(&mut self, browser: &mut Browser) -> String {
        // An issuer says where that is.
        self.answer_for("");
        browser.until_upstream_at(&mut self.world, &authorize_with(&[]), self.provider.id.as_str())
    }

    /// With what a person is sent upstream.
    pub(crate) fn sent_upstream(mut self) -> HashMap<String, String> {
        query_of(&self.until_upstream(&mut Browser::default()))
    }

    /// The person signs in there: the callback's answer.
    pub(crate) fn returned(&mut self, browser: &mut Browser, upstream: &str) -> Response {
        self.answer_for(upstream);
        self.come_back(browser, upstream, ("code", "upstream-code"))
    }

    /// The browser comes back, saying so; where the fixture has `"posts": true`, by a POST from the
    /// provider's site, with which no cookie travels.
    fn come_back(&mut self, browser: &mut Browser, upstream: &str, said: (&str, &str)) -> Response {
        let mut callback = callback_of(upstream, &self.callback(said));
        if self.fixture["posts"] == true {
            let (path, form) = callback.split_once('?').unwrap();
            let form_type = [("content-type", "application/x-www-form-urlencoded")];
            let response = self.world.send(request(Method::POST, path, &form_type, form));
            assert_eq!(response.status, 303, "{}", text(&response));
            callback = location(&response.headers).unwrap().to_owned();
        }
        browser.get(&mut self.world, &callback)
    }

    /// What stands in the callback, beside the state.
    pub(crate) fn callback<'a>(&'a self, said: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
        let more = self.fixture["callback"].as_object().into_iter().flatten();
        let more = more.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        std::iter::once(said).chain(more).collect()
    }

    /// Makes the answers for a sign-in that was sent upstream so.
    pub(crate) fn answer_for(&mut self, upstream: &str) {
        let asked = query_of(upstream);
        let answers = self.fixture["answers"].as_object().unwrap();
        let access_token =
            answers.values().find_map(|answer| answer.get("access_token")?.as_str()).unwrap_or("");
        let id_token = self.id_token(asked.get("nonce").map_or("", String::as_str), access_token);
        let keys = jwk_set(&[("one", self.key.clone())]).to_string();
        let routes = answers.iter().map(|(url, answer)| {
            let said = match answer.as_str() {
                Some("$KEYS") => keys.clone(),
                Some(text) => text.to_owned(),
                None => answer.to_string().replace("$ID_TOKEN", &id_token),
            };
            (url.clone(), Answer::Says(200, said))
        });
        self.world.upstream.routes = routes.collect();
    }

    fn id_token(&self, nonce: &str, access_token: &str) -> String {
        let none = Map::new();
        let claims = self.fixture["id_token"].as_object().unwrap_or(&none);
        let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or("");
        let key = self.key.clone();
        let mut token = IdToken::new(issuer, CLIENT_ID, nonce, self.world.now, "one", key);
        let hash = base64url(&Sha256::digest(access_token)[..16]);
        token.claims.insert("at_hash".to_owned(), hash.into());
        token.claims.extend(claims.clone());
        (self.change)(token).text()
    }

    /// A whole sign-in: what the client is told.
    pub(crate) fn sign_in(&mut self) -> HashMap<String, String> {
        let mut browser = Browser::default();
        let upstream = self.until_upstream(&mut browser);
        let response = self.returned(&mut browser, &upstream);
        let said = location(&response.headers);
        query_of(said.unwrap_or_else(|| panic!("no redirect: {}", text(&response))))
    }

    /// The same up to our tokens.
    pub(crate) fn tokens(&mut self) -> Value {
        let told = self.sign_in();
        let code = told.get("code").unwrap_or_else(|| panic!("no code: {told:?}"));
        json_of(&self.world.redeem(code))
    }

    /// Who signed in, as the application is told.
    pub(crate) fn person(&mut self) -> Value {
        let tokens = self.tokens();
        claims_of(tokens["access_token"].as_str().unwrap())["person"].clone()
    }

    /// What the provider was asked at a URL, as a form.
    pub(crate) fn asked(&self, url: &str) -> HashMap<String, String> {
        let before = format!("POST {url} ");
        let call = self.world.upstream.calls.iter().find(|call| call.starts_with(&before));
        form_at(url, call.unwrap_or_else(|| panic!("nobody asked {url}")))
    }

    /// Sign-in: the person is sent where the provider documents it, with what it wants, and is who
    /// the fixture says.
    pub(crate) fn assert_signs_in(mut self) {
        let mut browser = Browser::default();
        let upstream = self.until_upstream(&mut browser);
        let (endpoint, asked) = (upstream.split('?').next().unwrap(), query_of(&upstream));
        assert_eq!(self.fixture["authorize"]["endpoint"], endpoint);
        let mut parameters = self.fixture["authorize"].clone();
        parameters.as_object_mut().unwrap().remove("endpoint");
        assert_asks(&asked, &parameters);
        let response = self.returned(&mut browser, &upstream);
        let told = query_of(location(&response.headers).unwrap());
        let code = told.get("code").unwrap_or_else(|| panic!("no code: {told:?}"));
        let tokens = json_of(&self.world.redeem(code));
        let claims = claims_of(tokens["access_token"].as_str().unwrap());
        let mut person = claims["person"].clone();
        person.as_object_mut().unwrap().retain(|name, _| name != "raw" && name != "granted");
        assert_eq!(person, self.fixture["person"]);
        let subject = self.fixture["person"]["subject"].as_str().unwrap();
        assert_eq!(claims["sub"], format!("{}:{subject}", self.provider.id));
        self.assert_token_request();
    }

    fn assert_token_request(&self) {
        let exchange = self.world.upstream.calls.iter().find(|call| call.starts_with("POST "));
        let url = exchange.unwrap().split(' ').nth(1).unwrap();
        let asked = self.asked(url);
        assert_eq!(
            (&*asked["grant_type"], &*asked["code"]),
            ("authorization_code", "upstream-code")
        );
        assert_asks(&asked, &self.fixture["token"]);
    }

    /// The person says no at the provider: the client is told, and the provider asked nothing.
    pub(crate) fn assert_denied(mut self) {
        let mut browser = Browser::default();
        let upstream = self.until_upstream(&mut browser);
        self.world.upstream.calls.clear();
        let kept = self.world.store.len();
        let error = self.fixture["denied"].as_str().unwrap_or("access_denied").to_owned();
        let response = self.come_back(&mut browser, &upstream, ("error", &error));
        let told = query_of(location(&response.headers).unwrap());
        assert_eq!((&*told["error"], &*told["state"]), ("access_denied", "S"));
        assert_eq!((self.world.store.len(), self.world.upstream.calls.len()), (kept, 0));
    }

    /// Our refresh token leads to further tokens of the same person, and the provider's, once its
    /// access token is over, to its own: twice.
    pub(crate) fn assert_refreshes(self) {
        self.keeping().refreshes();
    }

    /// What the provider was asked at two refreshes.
    pub(crate) fn refreshes(&mut self) -> Vec<HashMap<String, String>> {
        let refresh = self.fixture["refresh"].clone();
        let url = self.token_url();
        let first = self.fixture["answers"][&url].as_object_mut().unwrap();
        first.extend(refresh["token"].as_object().cloned().unwrap_or_default());
        let first = Value::Object(first.clone());
        let tokens = self.tokens();
        let answer = &refresh["answer"];
        let sub =
            |tokens: &Value| claims_of(tokens["access_token"].as_str().unwrap())["sub"].clone();
        let said = answer.to_string().replace("$ID_TOKEN", &self.id_token("", ""));
        self.world.upstream.routes.insert(url.clone(), Answer::Says(200, said));
        let mut ours = tokens.clone();
        for lifetime in [&first["expires_in"], &answer["expires_in"]] {
            // Nobody is asked before it is time.
            let asked = self.world.upstream.refreshes().len();
            self.world.pass(600);
            ours = self.refreshed(&ours);
            assert_eq!(self.world.upstream.refreshes().len(), asked);
            if !answer.is_null() {
                self.world.pass(lifetime.as_u64().unwrap() - 600);
                ours = self.refreshed(&ours);
                assert_eq!(self.world.upstream.refreshes().len(), asked + 1);
            }
            assert_eq!(sub(&ours), sub(&tokens));
        }
        let asked = self.world.upstream.refreshes().into_iter();
        let asked = asked.map(|call| form_at(&url, call)).collect::<Vec<_>>();
        let rotated = answer["refresh_token"].as_str().map(|it| it.replace("{n}", "1"));
        let own = first["refresh_token"].as_str().unwrap_or("").to_owned();
        for (asked, sent) in asked.iter().zip([own.clone(), rotated.unwrap_or(own)]) {
            assert_eq!(
                (&*asked["grant_type"], &*asked["refresh_token"]),
                ("refresh_token", &*sent)
            );
            for name in ["code", "code_verifier", "redirect_uri"] {
                assert!(!asked.contains_key(name), "{name}");
            }
            assert_asks(asked, &refresh["asked"]);
        }
        asked
    }

    fn refreshed(&mut self, tokens: &Value) -> Value {
        let again = self.world.refresh(tokens["refresh_token"].as_str().unwrap());
        assert_eq!(again.status, 200, "{}", text(&again));
        json_of(&again)
    }

    /// Where tokens are said.
    fn token_url(&self) -> String {
        let answers = self.fixture["answers"].as_object().unwrap();
        let said = answers.iter().find(|(_, answer)| answer.get("access_token").is_some());
        said.unwrap().0.clone()
    }

    /// The sign-in ends in an error for the client, for this reason, and with nothing kept: no grant,
    /// no token.
    #[track_caller]
    pub(crate) fn assert_refused(mut self, expected: Refusal) {
        let told = self.sign_in();
        let mut refused = self.world.events.iter().rev();
        let why = refused.find(|event| matches!(event, Event::Refused { .. }));
        assert_eq!(why, Some(&Event::Refused { refusal: expected }));
        assert_eq!(told.get("error").map(String::as_str), Some("server_error"), "{told:?}");
        assert!(!told.contains_key("code") && !format!("{told:?}").contains("planted"));
        let grants =
            self.world.events.iter().filter(|event| matches!(event, Event::CodeIssued { .. }));
        assert_eq!(grants.count(), 0);
    }
}

fn world_of(provider: &Provider) -> World {
    let mut config = config();
    config.map_users = true;
    config.providers = vec![provider.clone()];
    let mut world = World::of(config);
    world.mapper = |map| Ok(described(map));
    world
}

/// The form with which a URL was called.
fn form_at(url: &str, call: &str) -> HashMap<String, String> {
    let form = call.strip_prefix(&format!("POST {url} ")).unwrap_or_else(|| panic!("{call}"));
    query_of(&format!("?{form}"))
}

/// All these parameters are there with these values; `null` are not.
fn assert_asks(asked: &HashMap<String, String>, parameters: &Value) {
    for (name, value) in parameters.as_object().into_iter().flatten() {
        let said = asked.get(name).map_or(Value::Null, |it| it.as_str().into());
        assert_eq!(said, *value, "{name}");
    }
}

/// A person as claims of our token, so that a test can read what the application was told.
fn described(map: &MapUser) -> Mapped {
    let user = &map.user;
    let tokens = map.upstream_tokens.as_ref();
    let person = json!({
        "subject": user.subject,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.name,
        "picture": user.picture,
        "raw": user.raw,
        "granted": tokens.map(|tokens| json!({
            "scope": tokens.scope,
            "expires_in": tokens.expires_in.map(|it| it.as_secs()),
            "refresh_token": tokens.refresh_token.is_some(),
        })),
    });
    Mapped::Claims(Map::from_iter([("person".to_owned(), person)]))
}
