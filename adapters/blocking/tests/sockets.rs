//! A person signs in through tiny_http, ureq and a provider: everything over sockets, nothing
//! async.

#![allow(clippy::unwrap_used, reason = "tests")]

#[macro_use]
#[path = "../../hyper/tests/contract/mod.rs"]
#[allow(dead_code, unused_macros, reason = "only its peer is used")]
mod contract;
#[path = "../../hyper/tests/sign_in/mod.rs"]
mod sign_in;

use std::sync::Arc;

use contract::Peer;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION};
use http::{Response, StatusCode};
use sign_in::{AUTHORIZE, VERIFIER, allowed, between, cookie, returned, server_with};
use vestibule_blocking::{SystemClock, UreqTransport, Vestibule, read};
use vestibule_core::MemoryStore;
use vestibule_core::drive::Parts;

#[test]
fn a_person_signs_in_and_the_client_refreshes_and_revokes() {
    let provider = Peer::new();
    let url = provider.url("");
    let asked = provider.serve(|request| {
        Some(if request.starts_with("POST /token ") {
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 47\r\n\r\n\
             {\"access_token\":\"theirs\",\"token_type\":\"Bearer\"}"
        } else {
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n\
             {\"sub\":\"one\"}"
        })
    });
    let client = Client { base: listen(&url) };

    let page = client.get(AUTHORIZE, None);
    assert_eq!(page.status(), StatusCode::OK);
    let leaving = client.post("/oauth/consent", &allowed(page.body()), Some(&page));
    assert_eq!(leaving.status(), StatusCode::SEE_OTHER);
    let back = returned(leaving.headers()[LOCATION].to_str().unwrap());
    let arrived = client.get(&back, Some(&leaving));
    assert_eq!(arrived.status(), StatusCode::SEE_OTHER);
    let location = format!("{}&", arrived.headers()[LOCATION].to_str().unwrap());
    assert!(location.starts_with("https://app.test/cb?"), "{location}");
    let code = between(&location, "code=", "&");

    let form = format!(
        "grant_type=authorization_code&client_id=app&code={code}&code_verifier={VERIFIER}\
         &redirect_uri=https%3A%2F%2Fapp.test%2Fcb"
    );
    let tokens = client.post("/oauth/token", &form, None);
    assert_eq!(tokens.status(), StatusCode::OK, "{}", tokens.body());
    let refresh = |tokens: &Response<String>| {
        let token = between(tokens.body(), "\"refresh_token\":\"", "\"").to_owned();
        let form = format!("grant_type=refresh_token&client_id=app&refresh_token={token}");
        (client.post("/oauth/token", &form, None), token)
    };
    let (tokens, _) = refresh(&tokens);
    assert_eq!(tokens.status(), StatusCode::OK, "{}", tokens.body());
    let token = between(tokens.body(), "\"refresh_token\":\"", "\"");
    let revoked = client.post("/oauth/revoke", &format!("client_id=app&token={token}"), None);
    assert_eq!(revoked.status(), StatusCode::OK, "{}", revoked.body());
    let (refused, _) = refresh(&tokens);
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{}", refused.body());

    let asked = asked.lock().unwrap();
    let lines: Vec<_> = asked.iter().map(|(_, request)| request.lines().next().unwrap()).collect();
    assert_eq!(lines, ["POST /token HTTP/1.1", "GET /user HTTP/1.1"]);
}

/// A server that runs until the process ends; its address.
fn listen(provider: &str) -> String {
    let driver = Parts {
        clock: SystemClock,
        transport: UreqTransport::new(),
        store: MemoryStore::new(),
        mapper: (),
    };
    let vestibule = Vestibule::new(server_with(provider), driver);
    let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    let address = http.server_addr().to_ip().unwrap();
    std::thread::spawn(move || {
        for mut request in http.incoming_requests() {
            let mut head =
                http::Request::builder().method(request.method().as_str()).uri(request.url());
            for field in request.headers() {
                head = head.header(field.field.as_str().as_str(), field.value.as_str());
            }
            let (parts, ()) = head.body(()).unwrap().into_parts();
            let question = read(parts, request.as_reader()).unwrap();
            vestibule.answer(question, |response, _| {
                let mut answer = tiny_http::Response::from_data(response.body.to_vec())
                    .with_status_code(response.status.as_u16());
                for (name, value) in &response.headers {
                    let field = tiny_http::Header::from_bytes(name.as_str(), value.as_bytes());
                    answer.add_header(field.unwrap());
                }
                request.respond(answer).unwrap();
            });
        }
    });
    format!("http://{address}")
}

/// A browser and a client in one, which follow redirects by hand.
struct Client {
    base: String,
}

impl Client {
    fn get(&self, path: &str, cookie_of: Option<&Response<String>>) -> Response<String> {
        self.send(http::Request::get(format!("{}{path}", self.base)), "", cookie_of)
    }

    fn post(
        &self,
        path: &str,
        form: &str,
        cookie_of: Option<&Response<String>>,
    ) -> Response<String> {
        let request = http::Request::post(format!("{}{path}", self.base))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, form, cookie_of)
    }

    fn send(
        &self,
        mut request: http::request::Builder,
        body: &str,
        cookie_of: Option<&Response<String>>,
    ) -> Response<String> {
        if let Some(response) = cookie_of {
            request = request.header(COOKIE, cookie(response.headers()));
        }
        let config = ureq::config::Config::builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .allow_non_standard_methods(true);
        let request = request.body(body.to_owned()).unwrap();
        let answer = config.build().new_agent().run(request).unwrap();
        answer.map(|mut body| body.read_to_string().unwrap())
    }
}
