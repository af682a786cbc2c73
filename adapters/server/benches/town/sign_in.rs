//! A sign-in, as a browser and an application go through it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::connection::Connection;
use super::program::{HOST, REDIRECT_URI, RESOURCE, SCOPE};
use super::recording::{Answer, STEPS};
use super::visit::Visit;
use super::walk::{self, Walk};

/// Somebody who signs in with a new browser each time.
pub(crate) struct Person<'a> {
    browser: Connection<'a>,
    application: Connection<'a>,
    visit: Visit,
    /// Where the application is registered.
    client_id: &'a str,
    /// Whether the answers are those of another sign-in, so that they have its `state`.
    replayed: bool,
}

/// What was seen of a sign-in.
pub(crate) struct SignedIn {
    /// From the step on with which the visit begins.
    pub(crate) answers: Vec<Answer>,
    pub(crate) sent: [usize; STEPS.len()],
    pub(crate) received: [usize; STEPS.len()],
    /// How long the application waited for its tokens.
    pub(crate) token: Duration,
}

/// Somebody who is at the identity provider.
struct Away<'a, 'b> {
    walk: Walk<'a, 'b>,
    client_id: String,
    state: String,
    verifier: String,
    /// The last of them is the way to the provider.
    answers: Vec<Answer>,
}

impl<'a> Person<'a> {
    pub(crate) fn at(server: &'a str, client_id: &'a str, visit: Visit, replayed: bool) -> Self {
        let (browser, application) = (Connection::to(server), Connection::to(server));
        Self { browser, application, visit, client_id, replayed }
    }

    /// Panics where anything goes wrong. `n` tells sign-ins apart.
    pub(crate) async fn sign_in(&mut self, n: u64) -> SignedIn {
        let replayed = self.replayed;
        let Away { mut walk, client_id, state, verifier, mut answers } = self.leave(n).await;

        // The provider would show pages of its own here, and send the browser back.
        let provider = location(&answers[answers.len() - 1]);
        let back = Url::parse(&parameter(&provider, "redirect_uri")).unwrap();
        let upstream = parameter(&provider, "state");
        let returned = form(&[("code", "a-code-of-the-identity-provider"), ("state", &upstream)]);
        let arrived = walk.get(&format!("{}?{returned}", back.path()), 303).await;

        let application = location(&arrived);
        assert!(replayed || parameter(&application, "state") == state, "{arrived:?}");
        let redeemed = form(&[
            ("grant_type", "authorization_code"),
            ("code", &parameter(&application, "code")),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &verifier),
            ("client_id", &client_id),
            ("resource", RESOURCE),
        ]);
        let began = Instant::now();
        let tokens = walk.redeem(&redeemed).await;
        let token = began.elapsed();
        let said: serde_json::Value = serde_json::from_str(&tokens.body).unwrap();
        assert!(
            said["access_token"].is_string() && said["refresh_token"].is_string(),
            "{tokens:?}"
        );

        answers.extend([arrived, tokens]);
        let signed_in = SignedIn { answers, sent: walk.sent, received: walk.received, token };
        self.part();
        signed_in
    }

    /// Goes as far as the identity provider, and no further.
    pub(crate) async fn abandon(&mut self, n: u64) {
        self.leave(n).await;
        self.part();
    }

    async fn leave(&mut self, n: u64) -> Away<'_, 'a> {
        let step = self.visit.begins();
        let mut walk = Walk::begin(&mut self.browser, &mut self.application, step);
        let mut answers = Vec::with_capacity(STEPS.len());
        let client_id = match self.visit {
            Visit::First => {
                let metadata = walk.discover().await;
                let endpoint =
                    format!(r#""registration_endpoint":"https://{HOST}/oauth/register""#);
                assert!(metadata.body.contains(&endpoint), "{metadata:?}");
                let registered = walk.register().await;
                let client_id = walk::client_id(&registered);
                answers.extend([metadata, registered]);
                client_id
            }
            Visit::Kept => self.client_id.to_owned(),
        };
        let state = format!("{n:022}");
        let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(n.to_le_bytes()));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));

        let asked = form(&[
            ("response_type", "code"),
            ("client_id", &client_id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", SCOPE),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("resource", RESOURCE),
        ]);
        let page = walk.get(&format!("/oauth/authorize?{asked}"), 200).await;

        let sealed = page.body.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next();
        let pressed = form(&[("form", sealed.unwrap()), ("provider", "idp")]);
        let leaving = walk.post("/oauth/consent", &pressed).await;
        answers.extend([page, leaving]);
        Away { walk, client_id, state, verifier, answers }
    }

    /// Who was never here before does not come back either.
    fn part(&mut self) {
        if self.visit == Visit::First {
            self.browser.close();
            self.application.close();
        }
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn location(answer: &Answer) -> Url {
    Url::parse(answer.header("location").unwrap()).unwrap()
}

fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}
