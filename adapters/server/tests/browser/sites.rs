//! The other sites that a person's browser meets: the provider, the application, and one that means
//! harm. Each is a host; what a page does is in its path, so nothing is remembered here.

use axum::Router;
use axum::extract::{Form, Request};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use url::Url;

pub(crate) const APP: &str = "https://app.test";
pub(crate) const EVIL: &str = "https://evil.test";
/// Of the same site as Vestibule, as browsers see it, so that cookies come with what it posts.
pub(crate) const EVIL_SIBLING: &str = "https://evil.auth.test";
pub(crate) const HOSTS: [&str; 5] =
    ["app.test", "evil.auth.test", "evil.test", "idp.test", "sso.test"];

/// The provider's code, whoever signs in.
pub(crate) const UPSTREAM_CODE: &str = "upstream-code";

/// On the provider's page.
pub(crate) const CONTINUE: &str = "button[name=continue]";
/// On the application's page: the way to Vestibule.
pub(crate) const CONNECT: &str = "#connect";
/// There too, where no script runs.
pub(crate) const NO_SCRIPTS: &str = "#no-scripts";
/// On the application's page at its redirect URI.
pub(crate) const ANSWER: &str = "#answer";

/// Answers until it is dropped.
pub(crate) struct Sites {
    pub(crate) address: String,
    _runtime: Runtime,
}

impl Sites {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move { axum::serve(listener, router()).await.unwrap() });
        Self { address, _runtime: runtime }
    }

    /// The application's redirect URI on the person's own machine, under one of its names.
    pub(crate) fn loopback(&self, name: &str) -> String {
        let (_, port) = self.address.rsplit_once(':').unwrap();
        format!("http://{name}:{port}/cb")
    }
}

fn router() -> Router {
    Router::new()
        .route("/ask", get(ask))
        .route("/continue", post(proceed))
        .route("/at-once", get(at_once))
        .route("/elsewhere", get(elsewhere))
        .route("/connect", get(connect))
        .route("/cb", get(answer))
        .route("/post", get(post_elsewhere))
        .route("/frames", get(frames))
}

/// The provider asks the person.
async fn ask(uri: Uri) -> Response {
    let back = escaped(&way_back(&uri));
    page(&format!(
        "<h1>Our identity provider</h1><form method=post action=/continue>\
         <button name=continue value=\"{back}\">Continue as Ada</button></form>"
    ))
}

#[derive(Deserialize)]
struct Continued {
    r#continue: String,
}

async fn proceed(Form(form): Form<Continued>) -> Response {
    see_other(form.r#continue)
}

/// The provider knows the person and sends them straight back.
async fn at_once(uri: Uri) -> Response {
    see_other(way_back(&uri))
}

/// The provider has another host of its own for that.
async fn elsewhere(uri: Uri) -> Response {
    see_other(format!("https://sso.test/at-once?{}", uri.query().unwrap()))
}

/// The application's page with the link to Vestibule.
async fn connect(uri: Uri) -> Response {
    let to = escaped(&value(&uri, "to"));
    page(&format!(
        "<h1>The application</h1><a id=connect href=\"{to}\">Connect</a>\
         <noscript><p id=no-scripts>No scripts here</noscript>"
    ))
}

/// The application's page after it.
async fn answer(request: Request) -> Response {
    let query = escaped(request.uri().query().unwrap_or_default());
    page(&format!("<h1>The application</h1><p id=answer>{query}</p>"))
}

/// A page that posts a form of another site by itself.
async fn post_elsewhere(uri: Uri) -> Response {
    let [to, form] = ["to", "form"].map(|name| escaped(&value(&uri, name)));
    page(&format!(
        "<form method=post action=\"{to}\"><input type=hidden name=form value=\"{form}\">\
         <input type=hidden name=provider value=idp></form><script>document.forms[0].submit()\
         </script>"
    ))
}

/// A page with other sites' pages in it.
async fn frames(uri: Uri) -> Response {
    let [own, of] = ["own", "of"].map(|name| escaped(&value(&uri, name)));
    page(&format!("<h1>Win</h1><iframe src=\"{own}\"></iframe><iframe src=\"{of}\"></iframe>"))
}

/// From the provider to Vestibule.
fn way_back(uri: &Uri) -> String {
    let mut back = Url::parse(&value(uri, "redirect_uri")).unwrap();
    let state = value(uri, "state");
    back.query_pairs_mut().append_pair("code", UPSTREAM_CODE).append_pair("state", &state);
    back.into()
}

fn value(uri: &Uri, name: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// With an icon of its own: otherwise browsers ask for one, and tell of what they did not find.
fn page(body: &str) -> Response {
    let head = "<!doctype html><html lang=en><title>A site</title><link rel=icon href=\"data:,\">";
    Html(format!("{head}<body>{body}")).into_response()
}

fn see_other(location: String) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
