use rmcp::model::{CallToolRequestParams, ProtocolVersion, object};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, RunningService, ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationCallback, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceExt};
use serde_json::json;

use super::browser::{Agreed, BACK, Browser};
use super::world::World;

/// rmcp's own client, which knows the address of the MCP server and nothing else, and the browser of
/// its person.
pub(crate) struct Client {
    browser: Browser,
    oauth: AuthClient<reqwest::Client>,
    service: RunningService<RoleClient, ()>,
    /// What the person saw last.
    pub(crate) page: String,
}

impl Client {
    /// Comes without a token, has the person asked for what the challenge names, and connects.
    pub(crate) async fn connect(world: &World, person: &'static str) -> Self {
        let challenge = refused(world).await;
        let request = AuthorizationRequest::new(BACK).with_challenge(challenge);
        Self::authorized(world, person, request.with_initial_scope_selection()).await
    }

    /// The same where the client says what it asks for.
    pub(crate) async fn authorized(
        world: &World,
        person: &'static str,
        request: AuthorizationRequest,
    ) -> Self {
        let mut browser = Browser::of(person);
        let (oauth, page) = signed_in(&world.mcp(), &mut browser, request).await;
        let service = served(world, &oauth, ClientLifecycleMode::Initialize).await;
        Self { browser, oauth, service, page }
    }

    /// Connects anew with the token that it has, and speaks MCP 2026-07-28, which begins otherwise.
    pub(crate) async fn speak_the_newest(&mut self, world: &World) {
        let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
        let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
        self.service = served(world, &self.oauth, lifecycle).await;
    }

    pub(crate) async fn tools(&self) -> Vec<String> {
        let tools = self.service.list_all_tools().await.unwrap();
        tools.into_iter().map(|tool| tool.name.into_owned()).collect()
    }

    pub(crate) async fn read(&self) -> Result<String, ServiceError> {
        self.call(CallToolRequestParams::new("notes_read")).await
    }

    pub(crate) async fn write(&self, text: &str) -> Result<String, ServiceError> {
        let note = object(json!({ "text": text }));
        self.call(CallToolRequestParams::new("notes_write").with_arguments(note)).await
    }

    async fn call(&self, call: CallToolRequestParams) -> Result<String, ServiceError> {
        let result = self.service.call_tool(call).await?;
        assert_ne!(result.is_error, Some(true));
        Ok(result.content[0].as_text().unwrap().text.clone())
    }

    /// Asks the person for more, and goes on with what they allowed.
    pub(crate) async fn step_up(&mut self, scopes: &str) {
        let manager = self.oauth.auth_manager.lock().await;
        let url = manager.request_scope_upgrade(scopes).await.unwrap();
        let Agreed { page, back } = self.browser.agree(&url).await;
        self.page = page;
        let AuthorizationCallback { code, csrf_token, issuer, .. } =
            AuthorizationCallback::from_redirect_url(&back).unwrap();
        manager
            .exchange_code_for_token_with_issuer(&code, &csrf_token, issuer.as_deref())
            .await
            .unwrap();
    }

    pub(crate) async fn refresh(&self) {
        self.oauth.auth_manager.lock().await.refresh_token().await.unwrap();
    }

    /// The access token that it has, and the client_id that it got.
    pub(crate) async fn credentials(&self) -> (String, String) {
        let manager = self.oauth.auth_manager.lock().await;
        let (client_id, _) = manager.get_credentials().await.unwrap();
        (manager.get_access_token().await.unwrap(), client_id)
    }
}

async fn served(
    world: &World,
    oauth: &AuthClient<reqwest::Client>,
    lifecycle: ClientLifecycleMode,
) -> RunningService<RoleClient, ()> {
    let config = StreamableHttpClientTransportConfig::with_uri(world.mcp());
    let transport = StreamableHttpClientTransport::with_client(oauth.clone(), config);
    ().serve_with_lifecycle(transport, lifecycle).await.unwrap()
}

/// What the server says to somebody without a token.
pub(crate) async fn refused(world: &World) -> String {
    let refusal: ClientInitializeError =
        ().serve(StreamableHttpClientTransport::from_uri(world.mcp())).await.unwrap_err();
    refusal.auth_challenge().unwrap().to_owned()
}

/// A person signs in for a client of the resource; the page that they saw.
async fn signed_in(
    resource: &str,
    browser: &mut Browser,
    request: AuthorizationRequest,
) -> (AuthClient<reqwest::Client>, String) {
    let mut oauth = OAuthState::new(resource, None).await.unwrap();
    oauth.start_authorization(request.with_client_name("a foreign client")).await.unwrap();
    let url = oauth.get_authorization_url().await.unwrap();
    let Agreed { page, back } = browser.agree(&url).await;
    oauth.handle_callback_url(&back).await.unwrap();
    let manager = oauth.into_authorization_manager().unwrap();
    (AuthClient::new(reqwest::Client::new(), manager), page)
}

/// An access token for a resource, as a client of its own gets it.
pub(crate) async fn token_for(resource: &str) -> String {
    let request = AuthorizationRequest::new(BACK);
    let (oauth, _) = signed_in(resource, &mut Browser::of("ada"), request).await;
    oauth.get_access_token().await.unwrap()
}
