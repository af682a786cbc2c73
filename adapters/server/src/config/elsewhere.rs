/// What `@leanmcp/auth`, and software like it, calls a key of ours: `supportsPkce` is no slip of the
/// pen, and `tokenEndpointAuthMethod` would be taken for one of another key.
const NAMES: &[(&str, &str)] = &[
    ("clientId", "client_id"),
    ("clientSecret", "client_secret"),
    ("authorizationEndpoint", "authorization_endpoint"),
    ("authorizationUrl", "authorization_endpoint"),
    ("authorization_url", "authorization_endpoint"),
    ("tokenEndpoint", "token_endpoint"),
    ("tokenUrl", "token_endpoint"),
    ("token_url", "token_endpoint"),
    ("userInfoEndpoint", "userinfo_endpoint"),
    ("userInfoUrl", "userinfo_endpoint"),
    ("userinfoEndpoint", "userinfo_endpoint"),
    ("userinfoUrl", "userinfo_endpoint"),
    ("user_info_endpoint", "userinfo_endpoint"),
    ("userinfo_url", "userinfo_endpoint"),
    ("supportsPkce", "pkce"),
    ("supports_pkce", "pkce"),
    ("forwardPkce", "pkce"),
    ("forward_pkce", "pkce"),
    ("tokenEndpointAuthMethod", "token_auth"),
    ("authorizationParams", "authorization_params"),
    ("tokenParams", "token_params"),
    ("callbackPath", "callback_path"),
];

/// The key that is meant by a name of other software.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}
