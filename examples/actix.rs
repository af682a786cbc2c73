//! An API on actix-web, protected by the server that runs in the same process.
//!
//! `cargo run -p vestibule-examples --example actix`, with `GOOGLE_CLIENT_ID`,
//! `GOOGLE_CLIENT_SECRET`, `SESSION_SECRET` and `JWT_SECRET` in the environment. At Google, register
//! `http://127.0.0.1:3000/oauth/callback/google` as where people come back.
//!
//! actix has its own types of requests and answers. So there are two conversions, `head` and
//! `answer`; what they connect is the same in every framework:
//!
//! - `endpoints`: whatever is no route of the API is Vestibule's.
//! - `protect`, a middleware: what needs no token is answered, everything else needs one, and the
//!   API finds out from the request who sent it.
//! - `Refused`: what a token does not allow is answered with a challenge, from within the API.
#![expect(clippy::print_stdout, reason = "it says where it is")]

use std::env;
use std::error::Error;
use std::fmt;
use std::net::TcpListener;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorBadRequest;
use actix_web::http::StatusCode;
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::{self, Bytes, Data, ReqData};
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, HttpServer, ResponseError};
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use tower_service::Service;
use vestibule_core::drive::Composite;
use vestibule_core::provider::{Provider, google};
use vestibule_core::{
    Algorithm, Challenge, ClientSecret, Config, Issuer, MemoryStore, Parts, Principal, Protected,
    Resource, Response, SealingSecret, Server, SigningKey,
};
use vestibule_hyper::{HyperTransport, SystemClock, Vestibule};

type Endpoints = Vestibule<Composite<SystemClock, HyperTransport, MemoryStore>>;

const BASE_URL: &str = "http://127.0.0.1:3000";

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let set = |name: &str| env::var(name).map_err(|fault| format!("{name}: {fault}"));
    let secret = ClientSecret::new(set("GOOGLE_CLIENT_SECRET")?);
    let google = google(set("GOOGLE_CLIENT_ID")?, secret);
    let config = config(BASE_URL, &set("SESSION_SECRET")?, &set("JWT_SECRET")?, google)?;
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    println!("notes are kept at {BASE_URL}/notes");
    Ok(serve(listener, config)?.await?)
}

/// A server of tokens for one resource, with two scopes.
pub(crate) fn config(
    base_url: &str,
    session_secret: &str,
    jwt_secret: &str,
    provider: Provider,
) -> Result<Config, Box<dyn Error>> {
    let session_secret = SealingSecret::from_text(session_secret);
    let jwt_secret = SigningKey::parse(Algorithm::Hs256, jwt_secret);
    let mut config = Config::new(
        Issuer::parse(base_url)?,
        vec![session_secret.map_err(|fault| format!("SESSION_SECRET: {fault}"))?],
        vec![jwt_secret.map_err(|fault| format!("JWT_SECRET: {fault}"))?],
    );
    let scopes = ["notes:read", "notes:write"].map(str::to_owned);
    config.resources.push(Resource::new(&format!("{base_url}/notes"), scopes.into())?);
    config.providers.push(provider);
    Ok(config)
}

/// The API, and everything else for Vestibule.
pub(crate) fn serve(
    listener: TcpListener,
    config: Config,
) -> Result<actix_web::dev::Server, Box<dyn Error>> {
    let driver = Composite {
        clock: SystemClock,
        transport: HyperTransport::new()?,
        store: MemoryStore::new(),
        mapper: (),
    };
    let vestibule = Vestibule::new(Server::new(config)?, driver);
    let app = move || {
        let notes = web::resource("/notes").get(read).post(write);
        App::new()
            .app_data(Data::new(vestibule.clone()))
            // What is wrapped last is asked first: a challenge is shared too.
            .service(notes.wrap(from_fn(protect)).wrap(shared()))
            .default_service(web::to(endpoints))
    };
    Ok(HttpServer::new(app).listen(listener)?.run())
}

/// A client that may not read is told so with 403, and asks the person for what that names.
async fn read(caller: ReqData<Principal>) -> Result<String, Refused> {
    caller.require(&["notes:read"]).map_err(Refused)?;
    Ok(format!("the notes of {}", caller.subject))
}

async fn write(caller: ReqData<Principal>, note: String) -> Result<HttpResponse, Refused> {
    caller.require(&["notes:write"]).map_err(Refused)?;
    Ok(HttpResponse::Created().body(format!("{} noted: {note}", caller.subject)))
}

/// Lets nobody through without a token, and tells what is behind it whose token it was.
async fn protect(
    vestibule: Data<Endpoints>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let (server, head) = (vestibule.server(), head(request.request())?);
    let protected = server.protected(&head);
    if let Some(instead) = protected.and_then(|protected| protected.answer(&head)) {
        return Ok(request.into_response(answer(instead)));
    }
    // Asks nobody: where a revocation must be seen at once, `authenticate_live` asks the store.
    match server.authenticate(&head, SystemClock.now()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(challenge) => Ok(request.into_response(answer(challenge.response()))),
    }
}

/// Lets scripts of other sites read what the API answers.
fn shared() -> DefaultHeaders {
    let mut headers = HeaderMap::new();
    Protected::share(&mut headers);
    let fields = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    fields.fold(DefaultHeaders::new(), DefaultHeaders::add)
}

/// A challenge as actix's error, so that `?` answers with it.
#[derive(Debug)]
struct Refused(Challenge);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Refused {
    fn error_response(&self) -> HttpResponse {
        answer(self.0.response())
    }
}

/// Sign-in page, tokens, metadata. A flow that has asked a provider or the store something comes to
/// its end even where actix drops this handler, whose client went away: it goes on as a task. How
/// long a body may be and take is actix's to say, which reads it.
async fn endpoints(
    vestibule: Data<Endpoints>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, actix_web::Error> {
    let request = http::Request::from_parts(head(&request)?, Full::new(body));
    let Ok(response) = Endpoints::clone(&vestibule).call(request).await;
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    Ok(answer(Response::new(head.status, head.headers, body.to_bytes())))
}

/// The head of a request: actix's is of `http` 0.2, Vestibule's of `http` 1.
fn head(request: &HttpRequest) -> Result<Parts, actix_web::Error> {
    let (method, uri) = (request.method().as_str(), request.uri().to_string());
    let head = http::Request::builder().method(method).uri(uri);
    let fields = request.headers().iter();
    let head =
        fields.fold(head, |head, (name, value)| head.header(name.as_str(), value.as_bytes()));
    Ok(head.body(()).map_err(ErrorBadRequest)?.into_parts().0)
}

/// And back.
fn answer(response: Response) -> HttpResponse {
    let status = StatusCode::from_u16(response.status.as_u16());
    let mut answer = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &response.headers {
        answer.append_header((name.as_str(), value.as_bytes()));
    }
    answer.body(response.body)
}
