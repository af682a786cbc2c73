//! A browser: keeps cookies, follows a sign-in.

use std::collections::{BTreeMap, HashMap};

use http::{Method, header};
use vestibule_core::Response;

use super::{World, location, post, request, text};

#[derive(Clone, Default)]
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn get(&mut self, world: &mut World, uri: &str) -> Response {
        self.get_with(world, uri, &[])
    }

    pub fn get_with(&mut self, world: &mut World, uri: &str, headers: &[(&str, &str)]) -> Response {
        let cookie = self.header();
        let headers = [headers, &[("cookie", &*cookie)]].concat();
        let response = world.send(request(Method::GET, uri, &headers, ""));
        self.keep(&response);
        response
    }

    /// Presses a button of the sign-in page.
    pub fn press(&mut self, world: &mut World, page: &Response, button: (&str, &str)) -> Response {
        let form = form_of(page);
        self.press_with(world, &[("form", &form), button], &[])
    }

    pub fn press_with(
        &mut self,
        world: &mut World,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Response {
        let cookie = self.header();
        let mut headers = headers.to_vec();
        headers.push(("cookie", &cookie));
        let response = world.send(post("/oauth/consent", form, &headers));
        self.keep(&response);
        response
    }

    /// Opens the page and chooses a provider: where the browser is sent upstream.
    pub fn until_upstream(&mut self, world: &mut World, authorize: &str) -> String {
        self.until_upstream_at(world, authorize, "idp")
    }

    /// The same at any provider.
    pub fn until_upstream_at(
        &mut self,
        world: &mut World,
        authorize: &str,
        provider: &str,
    ) -> String {
        let page = self.get(world, authorize);
        assert_eq!(page.status, 200, "no sign-in page: {}", text(&page));
        let response = self.press(world, &page, ("provider", provider));
        assert_eq!(response.status, 303, "no redirect upstream: {}", text(&response));
        location(&response.headers).unwrap().to_owned()
    }

    /// The path and query of the callback, after the person signed in upstream.
    pub fn until_callback(&mut self, world: &mut World, authorize: &str) -> String {
        let upstream = self.until_upstream(world, authorize);
        callback_of(&upstream, &[("code", "upstream-code")])
    }

    /// The whole sign-in: where the browser is sent in the end.
    pub fn until_redirect(&mut self, world: &mut World, authorize: &str) -> String {
        let callback = self.until_callback(world, authorize);
        let response = self.get(world, &callback);
        assert_eq!(response.status, 303, "no redirect to the client: {}", text(&response));
        location(&response.headers).unwrap().to_owned()
    }

    pub fn header(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub fn keep(&mut self, response: &Response) {
        for cookie in response.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The callback that an authorization request sent upstream asks for, with what the provider adds.
pub fn callback_of(upstream: &str, said: &[(&str, &str)]) -> String {
    let asked = query_of(upstream);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("state", &asked["state"])
        .extend_pairs(said)
        .finish();
    let path = asked["redirect_uri"].strip_prefix(super::ISSUER).unwrap();
    format!("{path}?{query}")
}

pub fn query_of(uri: &str) -> HashMap<String, String> {
    let (_, query) = uri.split_once('?').unwrap_or((uri, ""));
    let mut all = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let twice = all.insert(name.clone().into_owned(), value.into_owned());
        assert!(twice.is_none(), "{name} stands twice in {uri}");
    }
    all
}

/// The hidden field of the sign-in page.
pub fn form_of(page: &Response) -> String {
    let page = text(page);
    let (_, rest) =
        page.split_once("name=\"form\" value=\"").unwrap_or_else(|| panic!("no form: {page}"));
    rest.split('"').next().unwrap().to_owned()
}
