//! An MCP server whose tools need a token, and the authorization server that issues it, in one
//! process: rmcp, the official SDK, behind [`Protect`].
//!
//! ```text
//! /mcp ──▶ Protect ───▶ needs_scopes ──▶ rmcp ──▶ Notes
//!          who is it?   may they?                 whose notes?
//!          401          403
//!
//! the rest ──▶ Vestibule: discovery, registration, the sign-in page, tokens
//! ```
//!
//! A client that knows nothing but the address of `/mcp` is told with 401 where a token is had, and
//! that `notes:read` is enough for a start. It registers, sends a person to sign in, and reads their
//! notes. When it calls `notes_write` it is told with 403 what that needs besides, and asks the person
//! again. Whoever revokes what they allowed is obeyed at the next request, since the store is asked.
//!
//! `cargo run -p vestibule-examples --example mcp_server` says what it has to be told. A test lets
//! rmcp's own client walk all of this: `mcp_server_test`.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "it says how it is started, and where"
)]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use rmcp::handler::server::common::{AsRequestContext, FromContextPart};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorData, JsonRpcMessage, JsonRpcRequest,
    ServerJsonRpcMessage,
};
use rmcp::schemars::{self, JsonSchema};
use rmcp::serde::Deserialize;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use vestibule_core::drive::{Composite, Driver, drive};
use vestibule_core::provider::{Provider, github};
use vestibule_core::{
    ClientSecret, Config, InvalidResource, Issuer, MemoryStore, Principal, Resource, SealingSecret,
    Server, SigningKey,
};
use vestibule_hyper::{HyperTransport, Protect, SystemClock, Vestibule, challenged};

const READ: &str = "notes:read";
const WRITE: &str = "notes:write";

/// The longest message that is read, in bytes.
const LONGEST: usize = 64 * 1024;

const HOW: &str = "\
Register an OAuth app at https://github.com/settings/developers with the callback URL
http://127.0.0.1:3000/oauth/callback/github, and set what it is known by there, and a secret:

    export GITHUB_CLIENT_ID=...
    export GITHUB_CLIENT_SECRET=...
    export VESTIBULE_SECRET=$(openssl rand -base64 32)    # keep it: clients are known by it
";

/// Everybody's notes, by the subject of whoever they belong to.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "rmcp::serde")]
struct Note {
    text: String,
}

#[tool_router]
impl Notes {
    #[tool(description = "Reads your notes")]
    async fn notes_read(&self, Caller(principal): Caller) -> String {
        let notes = self.0.lock().await;
        notes.get(&principal.subject).map(|notes| notes.join("\n")).unwrap_or_default()
    }

    #[tool(description = "Writes a note")]
    async fn notes_write(
        &self,
        Caller(principal): Caller,
        Parameters(note): Parameters<Note>,
    ) -> String {
        self.0.lock().await.entry(principal.subject).or_default().push(note.text);
        "written".to_owned()
    }
}

#[tool_handler]
impl ServerHandler for Notes {}

/// Who calls a tool: [`Protect`] put it among the extensions of the HTTP request, which rmcp hands on.
struct Caller(Principal);

impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        let request = context.as_request_context().extensions.get::<Parts>();
        let principal = request.and_then(|request| request.extensions.get::<Principal>());
        let nobody = || ErrorData::internal_error("nobody stands before the tools", None);
        principal.cloned().map(Self).ok_or_else(nobody)
    }
}

/// What stands before `/mcp` needs a token; everything else is how one is had.
pub(crate) fn app<D: Driver + 'static>(vestibule: Vestibule<D>) -> Router {
    // The last is the first to see a request.
    Router::new()
        .route_service("/mcp", mcp())
        .route_layer(from_fn(needs_scopes))
        .route_layer(Protect::new(vestibule.clone()).scopes(&[READ]))
        .fallback_service(vestibule)
}

/// There are no sessions: each request says who sends it, and nothing else does. rmcp answers
/// requests to loopback hosts only, until it is told which names it has (`with_allowed_hosts`).
fn mcp() -> StreamableHttpService<Notes, NeverSessionManager> {
    let notes = Notes::default();
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    StreamableHttpService::new(move || Ok(notes.clone()), Arc::default(), config)
}

/// Stops what the token does not allow before rmcp sees it: 403, with every scope of the operation,
/// for which a client can then ask (MCP authorization, Scope Challenge Handling).
///
/// A message is read as rmcp reads it, so that nothing is one tool here and another one there. What
/// cannot be read goes no further, and neither does a batch, which MCP has no more.
async fn needs_scopes(
    Extension(principal): Extension<Principal>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "the message is too long");
    };
    if parts.method == Method::POST {
        let Ok(message) = serde_json::from_slice(&body) else {
            return refused(StatusCode::BAD_REQUEST, "this is no message of MCP");
        };
        if let Err(challenge) = principal.require(scopes_of(&message)) {
            return challenged(&challenge).into_response();
        }
    }
    next.run(Request::from_parts(parts, body.into())).await
}

/// All that a message needs. A tool that is not named here needs all there is.
fn scopes_of(message: &ClientJsonRpcMessage) -> &'static [&'static str] {
    let JsonRpcMessage::Request(JsonRpcRequest {
        request: ClientRequest::CallToolRequest(call),
        ..
    }) = message
    else {
        return &[READ];
    };
    match &*call.params.name {
        "notes_read" => &[READ],
        _ => &[READ, WRITE],
    }
}

fn refused(status: StatusCode, why: &'static str) -> Response {
    let error = ServerJsonRpcMessage::error(ErrorData::parse_error(why, None), None);
    (status, Json(error)).into_response()
}

/// An authorization server whose only resource is the MCP server beside it.
pub(crate) fn config(
    issuer: Issuer,
    secret: SealingSecret,
    key: SigningKey,
    provider: Provider,
) -> Result<Config, InvalidResource> {
    let scopes = [READ, WRITE].map(str::to_owned).into();
    let mut notes = Resource::new(&format!("{}/mcp", issuer.as_str()), scopes)?;
    notes.name = Some("Your notes".to_owned());
    // What people read on the sign-in page.
    notes.descriptions = [(READ, "Read your notes"), (WRITE, "Write notes for you")]
        .map(|(scope, words)| (scope.to_owned(), words.to_owned()))
        .into();
    // Whoever may write may read.
    notes.implies = [(WRITE.to_owned(), vec![READ.to_owned()])].into();
    let mut config = Config::new(issuer, vec![secret], vec![key]);
    config.resources = vec![notes];
    config.providers = vec![provider];
    Ok(config)
}

/// Serves people of GitHub until the process ends.
#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let [Ok(client_id), Ok(client_secret), Ok(secret)] =
        ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "VESTIBULE_SECRET"].map(env::var)
    else {
        eprintln!("{HOW}");
        return Err("not all of them are set".into());
    };
    let issuer = Issuer::parse("http://127.0.0.1:3000")?;
    let secret = SealingSecret::from_text(&secret)?;
    // Grants and notes end with the process. With a store on a disk the grants would not.
    let driver = Composite {
        clock: SystemClock,
        transport: HyperTransport::new()?,
        store: MemoryStore::new(),
        mapper: (),
    };
    let secrets = [secret.clone()];
    let key = drive(&driver, SigningKey::kept(&secrets, &issuer, driver.tick())).await?;
    let provider = github(client_id, ClientSecret::new(client_secret));
    let server = Server::new(config(issuer, secret, key, provider)?)?;

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("Tell an MCP client about http://127.0.0.1:3000/mcp");
    Ok(axum::serve(listener, app(Vestibule::new(server, driver))).await?)
}
