//! Resources ask about a person's token, with the crate `oauth2` (RFC 7662).

use oauth2::basic::{BasicClient, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, IntrospectionUrl, TokenIntrospectionResponse,
    TokenResponse,
};

use crate::{API_ID, CLIENT_ID, ISSUER, MCP, MCP_ID, RESOURCE_SECRET, Serve};

impl Serve {
    fn introspect(&self, id: &str, way: AuthType, token: &str) -> BasicTokenIntrospectionResponse {
        let endpoint = self.metadata["introspection_endpoint"].as_str().unwrap();
        BasicClient::new(ClientId::new(id.to_owned()))
            .set_client_secret(ClientSecret::new(RESOURCE_SECRET.to_owned()))
            .set_auth_type(way)
            .set_introspection_url(IntrospectionUrl::new(endpoint.to_owned()).unwrap())
            .introspect(&AccessToken::new(token.to_owned()))
            .request(&self.wire)
            .unwrap()
    }

    /// That nothing is said but that.
    fn is_inactive(&self, id: &str, token: &str) -> bool {
        let said = self.introspect(id, AuthType::BasicAuth, token);
        !said.active() && said.sub().is_none() && said.exp().is_none() && said.aud().is_none()
    }
}

#[test]
fn int_02_int_08_a_resource_sees_a_persons_token_and_its_revocation_at_once() {
    let serve = Serve::start("ES256");
    let application = serve.application();
    let asked = application.ask(Some(MCP));
    let code = serve.code(&application, &asked, "first");
    let tokens = application.redeem(&code, &asked.verifier, Some(MCP)).unwrap();
    let token = tokens.access_token().secret();
    for way in [AuthType::BasicAuth, AuthType::RequestBody] {
        let said = serve.introspect(MCP_ID, way, token);
        assert!(said.active());
        assert_eq!(said.sub(), Some("first:ada"));
        assert_eq!(said.client_id().map(|id| &***id), Some(CLIENT_ID));
        assert_eq!(said.scopes().unwrap().first().map(|scope| &***scope), Some("mcp:read"));
        assert_eq!(said.token_type(), Some(&BasicTokenType::Bearer));
        assert_eq!(said.aud(), Some(&vec![MCP.to_owned()]));
        assert_eq!(said.iss(), Some(ISSUER));
        assert!(said.exp() > said.iat() && said.iat().is_some() && said.jti().is_some());
    }
    assert!(serve.is_inactive(API_ID, token), "another resource's");
    let refresh_token = tokens.refresh_token().unwrap().secret();
    assert!(serve.is_inactive(MCP_ID, refresh_token), "no access token");

    let refreshed = application.refresh(refresh_token).unwrap();
    assert!(serve.introspect(MCP_ID, AuthType::BasicAuth, token).active());
    application.revoke(refreshed.refresh_token().unwrap().secret()).unwrap();
    for token in [token, refreshed.access_token().secret()] {
        assert!(serve.is_inactive(MCP_ID, token));
    }
}
