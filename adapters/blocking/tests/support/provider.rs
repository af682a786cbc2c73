//! An identity provider on tiny_http. Everybody is Ada there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use oauth2::url::{Url, form_urlencoded};
use tiny_http::{Header, Request, Response, Server};

const CODE: &str = "the provider's code";
const ACCESS_TOKEN: &str = "the-providers-access-token";

/// Answers until the process ends.
pub(crate) struct Provider {
    pub(crate) origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    client_secret: &'static str,
    refuses: AtomicBool,
    asked: Mutex<Vec<String>>,
}

impl Provider {
    pub(crate) fn start(client_secret: &'static str) -> Self {
        let http = Server::http("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", http.server_addr().to_ip().unwrap());
        let (refuses, asked) = (AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { client_secret, refuses, asked });
        let answering = Arc::clone(&shared);
        thread::spawn(move || http.incoming_requests().for_each(|it| answering.answer(it)));
        Self { origin, shared }
    }

    /// From now on nobody signs in.
    pub(crate) fn refuse(&self) {
        self.shared.refuses.store(true, Ordering::Relaxed);
    }

    /// Method and path of each request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Shared {
    fn answer(&self, mut request: Request) {
        let url = Url::parse(&format!("http://provider.test{}", request.url())).unwrap();
        let asked = format!("{} {}", request.method(), url.path());
        self.asked.lock().unwrap().push(asked.clone());
        let mut form = String::new();
        request.as_reader().read_to_string(&mut form).unwrap();
        let answer = match asked.as_str() {
            "GET /authorize" => {
                let location = self.way_back(&url);
                Response::from_string("").with_status_code(303).with_header(location)
            }
            "POST /token" if self.is_for_us(&form) => Response::from_string(format!(
                r#"{{"access_token":"{ACCESS_TOKEN}","token_type":"Bearer"}}"#
            )),
            "GET /user" if shows_the_token(&request) => Response::from_string(r#"{"sub":"ada"}"#),
            _ => Response::from_string("").with_status_code(400),
        };
        let json = Header::from_bytes("Content-Type", "application/json").unwrap();
        request.respond(answer.with_header(json)).unwrap();
    }

    fn way_back(&self, asked: &Url) -> Header {
        let value = |name: &str| asked.query_pairs().find(|(key, _)| key == name).unwrap().1;
        let refuses = self.refuses.load(Ordering::Relaxed);
        let said = if refuses { ("error", "access_denied") } else { ("code", CODE) };
        let mut back = Url::parse(&value("redirect_uri")).unwrap();
        back.query_pairs_mut().append_pair(said.0, said.1).append_pair("state", &value("state"));
        Header::from_bytes("Location", back.as_str()).unwrap()
    }

    /// RFC 6749 §4.1.3, with the client's secret in the body.
    fn is_for_us(&self, form: &str) -> bool {
        let shown: Vec<(String, String)> =
            form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        [
            ("grant_type", "authorization_code"),
            ("code", CODE),
            ("client_id", "vestibule"),
            ("client_secret", self.client_secret),
        ]
        .iter()
        .all(|(name, value)| shown.iter().any(|(key, shown)| key == name && shown == value))
    }
}

fn shows_the_token(request: &Request) -> bool {
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    request
        .headers()
        .iter()
        .any(|field| field.field.equiv("Authorization") && field.value == bearer)
}
