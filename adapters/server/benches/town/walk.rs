//! The requests of a sign-in, as browsers and applications write them.

use super::connection::Connection;
use super::program::{HOST, REDIRECT_URI};
use super::recording::{Answer, STEPS};

/// What a browser says of itself with each request.
const BROWSER: &str = "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 \
    Firefox/140.0\r\naccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    accept-language: en-GB,en;q=0.5\r\naccept-encoding: gzip, deflate, br\r\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

/// What it is called.
pub(crate) const APPLICATION: &str = "The application";

/// A new browser, and beside it the application.
pub(crate) struct Walk<'a, 'b> {
    browser: &'a mut Connection<'b>,
    application: &'a mut Connection<'b>,
    cookies: Vec<(String, String)>,
    /// Which of [`STEPS`] comes next.
    step: usize,
    pub(crate) sent: [usize; STEPS.len()],
    pub(crate) received: [usize; STEPS.len()],
}

impl<'a, 'b> Walk<'a, 'b> {
    pub(crate) fn begin(
        browser: &'a mut Connection<'b>,
        application: &'a mut Connection<'b>,
        step: usize,
    ) -> Self {
        let none = [0; STEPS.len()];
        Self { browser, application, cookies: Vec::new(), step, sent: none, received: none }
    }

    pub(crate) async fn discover(&mut self) -> Answer {
        let request = format!(
            "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nhost: {HOST}\r\n\
             accept: application/json\r\nmcp-protocol-version: 2025-06-18\r\n\r\n"
        );
        self.apply(&request, 200).await
    }

    pub(crate) async fn register(&mut self) -> Answer {
        self.apply(&registration(APPLICATION), 201).await
    }

    pub(crate) async fn get(&mut self, target: &str, status: u16) -> Answer {
        let cookies = self.cookie_field();
        let request = format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\n{BROWSER}{cookies}\r\n");
        self.browse(&request, status).await
    }

    /// What a browser says of a form on a page of the same site that sends no referrer.
    pub(crate) async fn post(&mut self, target: &str, body: &str) -> Answer {
        let (cookies, length) = (self.cookie_field(), body.len());
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: {HOST}\r\n{BROWSER}{FORM}content-length: {length}\r\n\
             origin: null\r\nsec-fetch-site: same-origin\r\n{cookies}\r\n{body}"
        );
        self.browse(&request, 303).await
    }

    pub(crate) async fn redeem(&mut self, body: &str) -> Answer {
        let length = body.len();
        let request = format!(
            "POST /oauth/token HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n{FORM}\
             content-length: {length}\r\n\r\n{body}"
        );
        self.apply(&request, 200).await
    }

    /// A request of the application.
    async fn apply(&mut self, request: &str, status: u16) -> Answer {
        let answer = self.application.call(request).await;
        self.note(self.application.sent, self.application.received);
        answer.expect(status, request)
    }

    /// A request of the browser.
    async fn browse(&mut self, request: &str, status: u16) -> Answer {
        let answer = self.browser.call(request).await.expect(status, request);
        self.note(self.browser.sent, self.browser.received);
        for field in answer.headers.all("set-cookie") {
            let (name, value) = field.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            if !field.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    fn note(&mut self, sent: usize, received: usize) {
        (self.sent[self.step], self.received[self.step]) = (sent, received);
        self.step += 1;
    }

    fn cookie_field(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { String::new() } else { format!("cookie: {}\r\n", pairs.join("; ")) }
    }
}

/// The request of a public client (RFC 7591 §3.1).
pub(crate) fn registration(client_name: &str) -> String {
    let body = format!(
        r#"{{"client_name":"{client_name}","redirect_uris":["{REDIRECT_URI}"],"token_endpoint_auth_method":"none"}}"#
    );
    format!(
        "POST /oauth/register HTTP/1.1\r\nhost: {HOST}\r\naccept: application/json\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What it is called from now on (RFC 7591 §3.2.1).
pub(crate) fn client_id(registered: &Answer) -> String {
    let said: serde_json::Value = serde_json::from_str(&registered.body).unwrap();
    said["client_id"].as_str().unwrap().to_owned()
}
