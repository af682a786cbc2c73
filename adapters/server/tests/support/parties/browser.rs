use oauth2::SyncHttpClient;
use oauth2::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use oauth2::http::{HeaderMap, Request, StatusCode};
use oauth2::url::{Url, form_urlencoded};

/// Keeps cookies, reads forms, and goes where it is sent when it is told to.
pub(crate) struct Browser<'a, H> {
    http: &'a H,
    cookies: Vec<Cookie>,
}

/// Bound to its host, but not to a port of it (RFC 6265 §8.5).
struct Cookie {
    host: String,
    name: String,
    value: String,
    secure: bool,
}

/// What an address was answered with.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl<'a, H: SyncHttpClient> Browser<'a, H> {
    pub(crate) fn new(http: &'a H) -> Self {
        Self { http, cookies: Vec::new() }
    }

    pub(crate) fn get(&mut self, url: &Url) -> Page {
        self.send(url, Request::builder(), String::new())
    }

    /// Goes where a page sends it.
    pub(crate) fn follow(&mut self, page: &Page) -> Page {
        self.get(&page.location())
    }

    /// Presses a button, by its name and value: posts the form around it.
    pub(crate) fn press(&mut self, page: &Page, name: &str, value: &str) -> Page {
        let form = Form::around(&page.body, name, value);
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.hidden).append_pair(name, value);
        // What a browser says of a form on a page of the same site that sends no referrer.
        let request = Request::builder()
            .method("POST")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(ORIGIN, "null");
        self.send(&page.url.join(&form.action).unwrap(), request, body.finish())
    }

    /// Whether any cookie is kept whose name has this in it.
    pub(crate) fn has_cookie(&self, part: &str) -> bool {
        self.cookies.iter().any(|cookie| cookie.name.contains(part))
    }

    fn send(
        &mut self,
        url: &Url,
        mut request: oauth2::http::request::Builder,
        body: String,
    ) -> Page {
        let host = url.host_str().unwrap();
        let fits =
            |cookie: &&Cookie| cookie.host == host && (!cookie.secure || url.scheme() == "https");
        let pairs = self.cookies.iter().filter(fits);
        let pairs: Vec<_> = pairs.map(|it| format!("{}={}", it.name, it.value)).collect();
        if !pairs.is_empty() {
            request = request.header(COOKIE, pairs.join("; "));
        }
        let request = request.uri(url.as_str()).body(body.into_bytes()).unwrap();
        let (parts, body) = self.http.call(request).unwrap().into_parts();
        for field in parts.headers.get_all(SET_COOKIE) {
            self.keep(host, field.to_str().unwrap());
        }
        let body = String::from_utf8(body).unwrap();
        Page { url: url.clone(), status: parts.status, headers: parts.headers, body }
    }

    /// RFC 6265 §5.3, and the rules of the prefix `__Host-`.
    fn keep(&mut self, host: &str, field: &str) {
        let (pair, attributes) = field.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let attributes: Vec<_> = attributes.split(';').map(str::trim).collect();
        let secure = attributes.contains(&"Secure");
        assert!(attributes.contains(&"Path=/") && !field.contains("Domain"), "{field}");
        assert!(!name.starts_with("__Host-") || secure, "{field}");
        self.cookies.retain(|cookie| cookie.host != host || cookie.name != name);
        if !attributes.contains(&"Max-Age=0") {
            let (host, name, value) = (host.to_owned(), name.to_owned(), value.to_owned());
            self.cookies.push(Cookie { host, name, value, secure });
        }
    }
}

impl Page {
    /// Where it sends the browser.
    pub(crate) fn location(&self) -> Url {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "no redirect: {}", self.body);
        self.url.join(self.headers[LOCATION].to_str().unwrap()).unwrap()
    }

    /// Whether it is a page for people, with this status, that sends the browser nowhere.
    pub(crate) fn is_page(&self, status: StatusCode) -> bool {
        let is_html = self.headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html");
        self.status == status && is_html && !self.headers.contains_key(LOCATION)
    }
}

/// A form of a page.
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn around(page: &str, name: &str, value: &str) -> Self {
        let button = format!("name=\"{name}\" value=\"{value}\"");
        let mut forms = page.split("<form ").skip(1).filter_map(|it| it.split("</form>").next());
        let Some(form) = forms.find(|form| form.contains(&button)) else {
            panic!("no button {button} on the page: {page}");
        };
        let hidden = form.split("<input type=\"hidden\" ").skip(1);
        Self {
            action: attribute(form, "action"),
            hidden: hidden.map(|it| (attribute(it, "name"), attribute(it, "value"))).collect(),
        }
    }
}

/// The first attribute of that name, its character references read.
fn attribute(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!("{name}=\"")).unwrap();
    let mut text = rest.split('"').next().unwrap().to_owned();
    for (reference, character) in [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'")]
    {
        text = text.replace(reference, character);
    }
    text.replace("&#38;", "&")
}
