use std::collections::BTreeMap;

use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};

/// Where the client waits for the browser; nobody listens there.
pub(crate) const BACK: &str = "http://127.0.0.1:49152/callback";

/// The browser of a person who agrees to whatever they are asked.
pub(crate) struct Browser {
    /// Who the identity provider knows them as.
    person: &'static str,
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What a person saw, and where their browser went to.
pub(crate) struct Agreed {
    /// The sign-in page.
    pub(crate) page: String,
    /// The client's address, with the answer.
    pub(crate) back: String,
}

impl Browser {
    pub(crate) fn of(person: &'static str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { person, http, cookies: BTreeMap::new() }
    }

    /// Opens the address that a client asks for, agrees, and goes where it is sent until that is the
    /// client.
    pub(crate) async fn agree(&mut self, url: &str) -> Agreed {
        let url = Url::parse(url).unwrap();
        let page = self.send(self.http.get(url.clone())).await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        let action = url.join(between(&page, "action=\"", "\"")).unwrap();
        let form = [("form", between(&page, "name=\"form\" value=\"", "\"")), ("provider", "idp")];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let press =
            self.http.post(action).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut answer = self.send(press.body(form)).await;
        loop {
            assert_eq!(answer.status(), 303);
            let mut next = Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
            if next.as_str().starts_with(BACK) {
                return Agreed { page, back: next.into() };
            }
            if next.path() == "/authorize" {
                next.query_pairs_mut().append_pair("person", self.person);
            }
            answer = self.send(self.http.get(next)).await;
        }
    }

    async fn send(&mut self, request: RequestBuilder) -> Response {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, it)| format!("{name}={it}")).collect();
        let answer = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
        for field in answer.headers().get_all(SET_COOKIE) {
            let cookie = field.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap().0
}
