//! A whole sign-in by hand: no network, no runtime, no loop of the library. Each step is printed
//! with the question it asks, and answered right here.
//!
//! `cargo run -p vestibule-examples --example by_hand`
#![expect(clippy::print_stdout, reason = "printing is what this example is for")]

use std::collections::HashMap;
use std::error::Error;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use vestibule_core::provider::custom;
use vestibule_core::{
    Algorithm, ClientSecret, Config, EndpointUrl, HttpCall, Issuer, Mapped, ProviderId, Purpose,
    Record, RecordKey, Reply, Response, SealingSecret, Server, SigningKey, Step, Swap, Swapped,
    Tick, Timestamp, Unreachable,
};

/// What a driver has: somewhere to keep records, a clock, a random source. Here a map and a
/// counter.
#[derive(Default)]
struct Hands {
    records: HashMap<RecordKey, Record>,
    ticks: u8,
}

impl Hands {
    /// The time is always the same, and the randomness is a counter: never do that outside an
    /// example.
    fn tick(&mut self) -> Tick {
        self.ticks += 1;
        Tick::new(Timestamp::from_seconds(1_800_000_000), [self.ticks; 32])
    }

    /// The loop that `vestibule_core::drive` has, written out.
    fn answer(&mut self, mut step: Step<Reply>) -> Response {
        loop {
            println!("    step: {step:?}");
            step = match step {
                Step::Done(reply) => {
                    for event in &reply.events {
                        println!("    event: {event:?}");
                    }
                    println!("    answer: {:?}\n", reply.response);
                    return reply.response;
                }
                Step::Http(question) => {
                    let (call, way_on) = question.split();
                    println!("        {call:?}");
                    way_on.resume(provider_says(&call), self.tick())
                }
                Step::Load(question) => {
                    let (load, way_on) = question.split();
                    println!("        {load:?}");
                    way_on.resume(Ok(self.records.get(&load.key).cloned()), self.tick())
                }
                Step::Swap(question) => {
                    let (swap, way_on) = question.split();
                    println!("        {swap:?}");
                    let swapped = self.swap(swap);
                    way_on.resume(Ok(swapped), self.tick())
                }
                Step::List(question) => {
                    let (_, way_on) = question.split();
                    way_on.resume(Err(vestibule_core::Unavailable), self.tick())
                }
                Step::MapUser(question) => {
                    let (person, way_on) = question.split();
                    println!("        {person:?}");
                    way_on.resume(Ok(Mapped::default()), self.tick())
                }
                Step::Pause(question) => {
                    let (_, way_on) = question.split();
                    way_on.resume((), self.tick())
                }
            };
        }
    }

    fn swap(&mut self, swap: Swap) -> Swapped {
        if self.records.get(&swap.key).map(|record| record.version) != swap.expected {
            return Swapped::Conflict;
        }
        match swap.next {
            Some(record) => self.records.insert(swap.key, record),
            None => self.records.remove(&swap.key),
        };
        Swapped::Done
    }
}

/// An identity provider that knows one person.
fn provider_says(call: &HttpCall) -> Result<Response, Unreachable> {
    let body = if call.purpose == Purpose::ExchangeCode {
        r#"{"access_token":"upstream","token_type":"Bearer"}"#
    } else {
        r#"{"sub":"alice","name":"Alice","email":"alice@example.com"}"#
    };
    Ok(Response::new(StatusCode::OK, HeaderMap::new(), Bytes::from(body)))
}

/// Runs the lesson.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let server = server()?;
    let mut hands = Hands::default();
    let mut send = |title: &str, request: http::Request<String>| {
        println!("{title}\n    {} {}", request.method(), request.uri().path());
        let tick = hands.tick();
        hands.answer(server.handle(request.map(Bytes::from).into(), tick))
    };

    let metadata = http::Request::get("/.well-known/oauth-authorization-server");
    send("The client reads what the server offers.", metadata.body(String::new())?);

    let body = r#"{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none"}"#;
    let request = http::Request::post("/oauth/register").header("content-type", "application/json");
    let registered = send("It registers.", request.body(body.to_owned())?);
    let client_id = member(&registered, "client_id")?;

    let redirect_uri = "http://127.0.0.1:4000/cb";
    let query = encode(&[
        ("response_type", "code"),
        ("client_id", &client_id),
        ("redirect_uri", redirect_uri),
        ("state", "xyz"),
        // RFC 7636 Appendix B.
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ]);
    let request = http::Request::get(format!("/oauth/authorize?{query}"));
    let page = send("It sends a person here.", request.body(String::new())?);
    let browser = cookie(&page)?;
    let hidden = std::str::from_utf8(&page.body)?
        .split_once("name=\"form\" value=\"")
        .and_then(|(_, rest)| rest.split('"').next())
        .ok_or("the page has no form")?;

    let agreed = form("/oauth/consent", &browser, &[("form", hidden), ("provider", "idp")])?;
    let upstream = send("The person agrees and chooses a provider.", agreed);
    let state = parameter(&upstream, "state")?;

    let query = encode(&[("code", "upstream-code"), ("state", &state)]);
    let request = http::Request::get(format!("/oauth/callback/idp?{query}"))
        .header("cookie", cookie(&upstream)?);
    let back = send("They come back, signed in.", request.body(String::new())?);
    let code = parameter(&back, "code")?;

    let redemption = form(
        "/oauth/token",
        "",
        &[
            ("grant_type", "authorization_code"),
            ("client_id", &client_id),
            ("code", &code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ],
    )?;
    let tokens = send("The client redeems its code.", redemption);

    let refresh_token = member(&tokens, "refresh_token")?;
    let refresh = form(
        "/oauth/token",
        "",
        &[
            ("grant_type", "refresh_token"),
            ("client_id", &client_id),
            ("refresh_token", &refresh_token),
        ],
    )?;
    let tokens = send("Later it refreshes.", refresh);

    let refresh_token = member(&tokens, "refresh_token")?;
    let revocation =
        form("/oauth/revoke", "", &[("client_id", &client_id), ("token", &refresh_token)])?;
    send("And in the end it revokes.", revocation);
    Ok(())
}

fn server() -> Result<Server, Box<dyn Error>> {
    let mut config = Config::new(
        Issuer::parse("https://auth.example.com")?,
        vec![SealingSecret::new([1; 32])?],
        vec![SigningKey::from_bytes(Algorithm::EdDsa, [2; 32])?],
    );
    config.providers.push(custom(
        ProviderId::parse("idp")?,
        EndpointUrl::parse("https://idp.example.com/authorize")?,
        EndpointUrl::parse("https://idp.example.com/token")?,
        EndpointUrl::parse("https://idp.example.com/userinfo")?,
        "our-client-id",
        Some(ClientSecret::new("our-client-secret")),
    ));
    Ok(Server::new(config)?)
}

fn encode(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn form(
    path: &str,
    cookie: &str,
    parameters: &[(&str, &str)],
) -> Result<http::Request<String>, http::Error> {
    http::Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(encode(parameters))
}

/// The cookie that a response sets, as a browser sends it back.
fn cookie(response: &Response) -> Result<String, Box<dyn Error>> {
    let cookie = response.headers.get("set-cookie").ok_or("no cookie was set")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

/// A parameter of the URL that a response redirects to.
fn parameter(response: &Response, name: &str) -> Result<String, Box<dyn Error>> {
    let location = response.headers.get("location").ok_or("no redirect")?.to_str()?;
    let query = location.split_once('?').map_or("", |(_, query)| query);
    let found = form_urlencoded::parse(query.as_bytes()).find(|(other, _)| other == name);
    Ok(found.ok_or("no such parameter")?.1.into_owned())
}

/// A member of a JSON answer.
fn member(response: &Response, name: &str) -> Result<String, Box<dyn Error>> {
    let json: serde_json::Value = serde_json::from_slice(&response.body)?;
    Ok(json[name].as_str().ok_or("no such member")?.to_owned())
}
