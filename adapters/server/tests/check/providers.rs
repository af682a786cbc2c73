//! `[[provider]]`: presets, each with its own keys, and providers by their endpoints.

use super::{Ran, checked};

const BEFORE: &str = r#"issuer = "https://auth.example.com"
secrets = [{ env = "CHECK_SECRET" }]
store = "memory:"
"#;

/// Every preset, with all that it may have.
const GOOD: &str = r#"
[[provider]]
preset = "google"
client_id = "google-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "google"
id = "workspace"
name = "Our Workspace"
client_id = "google-client"
client_secret = { env = "CHECK_SECRET" }
scopes = ["openid", "email"]
authorization_params = { hd = "example.com", prompt = "" }
token_params = { audience = "x" }
callback_path = "/back/from/google"
keep_tokens = true

[[provider]]
preset = "github"
client_id = "github-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "github"
id = "ghes"
base_url = "https://github.example.com"
client_id = "github-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "azure"
tenant = "organizations"
client_id = "azure-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "azure"
id = "azure-by-id"
tenant_id = "11111111-2222-3333-4444-555555555555"
client_id = "azure-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "azure"
id = "azure-us"
tenantId = "11111111-2222-3333-4444-555555555555"
authority = "https://login.microsoftonline.us"
client_id = "azure-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "gitlab"
client_id = "gitlab-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "gitlab"
id = "our-gitlab"
base_url = "https://git.example.com/gitlab"
client_id = "gitlab-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "slack"
client_id = "slack-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "discord"
client_id = "discord-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "auth0"
domain = "tenant.eu.auth0.com"
client_id = "auth0-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "okta"
issuer = "https://example.okta.com/oauth2/default"
client_id = "okta-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "keycloak"
base_url = "https://id.example.com/auth"
realm = "main"
client_id = "keycloak-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "cognito"
region = "eu-central-1"
user_pool_id = "eu-central-1_aBcDeFgHi"
client_id = "cognito-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "workos"
domain = "example.authkit.app"
client_id = "workos-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "clerk"
domain = "clerk.example.com"
client_id = "clerk-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "linkedin"
client_id = "linkedin-client"
client_secret = { env = "CHECK_SECRET" }

[[provider]]
preset = "apple"
team_id = "TEAM123456"
key_id = "KEY1234567"
key = { file = "signing.key" }
client_id = "com.example.signin"

[[provider]]
preset = "oidc"
issuer = "https://idp.example.com/"
client_id = "vestibule"
client_secret = { env = "CHECK_SECRET" }
token_auth = "client_secret_post"
id_token = "required_with_secret"

[[provider]]
preset = "oidc"
id = "public"
issuer = "https://idp.example.com/realms/a"
client_id = "vestibule"
token_endpoint_auth_method = "none"
pkce = true

[[provider]]
preset = "custom"
id = "my-idp"
authorization_endpoint = "https://idp.example.com/authorize"
token_endpoint = "https://idp.example.com/token"
jwks_uri = "https://idp.example.com/keys"
revocation_endpoint = "https://idp.example.com/revoke"
issuer = "https://idp.example.com"
id_token = "required"
client_id = "vestibule"
client_secret = { env = "CHECK_SECRET" }
scopes = ["openid", "email"]
scope_separator = ","
[provider.claims]
subject = ["/data/id", "id"]
within = "org"
email = "mail"
email_verified = ["mail_ok"]
name = "label"
picture = "image"
"#;

#[test]
fn every_preset_needs_no_more_than_its_client_and_takes_what_it_has() {
    let Ran { status, stdout, .. } = checked(&format!("{BEFORE}{GOOD}"));
    let good = "vestibule.toml: good (issuer https://auth.example.com, 22 providers, 0 clients, \
                0 resources; everybody may sign in)\n";
    assert_eq!((stdout.as_str(), status.code()), (good, Some(0)));
}

/// The keys of one provider, and what is wrong with them: the line of the key below the table's
/// header (0: the header's), and the fault.
const BAD: &[(&str, &[(usize, &str)])] = &[
    ("preset = \"gogle\"", &[(1, "preset: is no preset; did you mean \"google\"?")]),
    (
        "preset = \"hotmail\"",
        &[(
            1,
            "preset: is no preset; there are google, github, azure, gitlab, slack, discord, auth0, \
             okta, keycloak, cognito, workos, clerk, linkedin, apple, oidc, custom; a provider of OpenID Connect is \"oidc\" with its issuer, any other one is \
             described by its endpoints, without a preset",
        )],
    ),
    ("preset = 7", &[(1, "preset: must be a string, like \"…\"; this is of type integer")]),
    (
        "preset = \"google\"\ntenant = \"common\"\ntoken_endpoint = \"https://x.example\"",
        &[
            (2, "tenant: preset \"google\" does not have it, \"azure\" does; remove it"),
            (3, "token_endpoint: preset \"google\" does not have it, \"custom\" does; remove it"),
        ],
    ),
    (
        "preset = \"azure\"",
        &[(
            0,
            "tenant: is missing; write tenant = \"…\", the directory's id from the portal's \
             overview page, or \"organizations\", \"consumers\" or \"common\"",
        )],
    ),
    (
        "preset = \"azure\"\ntenant = \"Acme Inc\"",
        &[(
            2,
            "tenant: is neither a directory's id (a UUID in lower case, from the portal's overview \
             page) nor \"organizations\", \"consumers\" or \"common\"",
        )],
    ),
    (
        "preset = \"azure\"\ntenant = \"common\"\ntenantId = \"common\"",
        &[(3, "tenantId: is another spelling of `tenant`; write one of them")],
    ),
    (
        "preset = \"azure\"\ntenant = \"common\"\nauthority = \"login.example\"",
        &[(3, "authority: is not a URL; write it like \"https://idp.example.com/oauth/token\"")],
    ),
    (
        "preset = \"gitlab\"\nbase_url = \"http://git.example.com\"\nbaseUrl = \"x\"",
        &[
            (2, "base_url: must be https (http is for 127.0.0.1, [::1] and localhost only)"),
            (3, "baseUrl: is not a known key; did you mean `base_url`?"),
        ],
    ),
    (
        "preset = \"auth0\"\ndomain = \"https://tenant.auth0.com/\"\nrealm = \"x\"",
        &[
            (
                2,
                "domain: is no domain; write it in lower case without scheme and path, like \
                 \"tenant.eu.auth0.com\"",
            ),
            (3, "realm: preset \"auth0\" does not have it, \"keycloak\" does; remove it"),
        ],
    ),
    (
        "preset = \"clerk\"\nbase_url = \"https://clerk.example.com\"",
        &[
            (0, "domain: is missing; write domain = \"clerk.example.com\""),
            (
                2,
                "base_url: preset \"clerk\" does not have it, \"github\", \"gitlab\", \"keycloak\" \
                 do; remove it",
            ),
        ],
    ),
    (
        "preset = \"workos\"\ndomain = 7",
        &[(2, "domain: must be a string, like \"…\"; this is of type integer")],
    ),
    (
        "preset = \"okta\"",
        &[(
            0,
            "issuer: is missing; write issuer = \"https://example.okta.com\", or that of a custom \
             authorization server, such as \"https://example.okta.com/oauth2/default\"",
        )],
    ),
    (
        "preset = \"okta\"\nissuer = \"example.okta.com\"",
        &[(2, "issuer: is not a URL; write it like \"https://idp.example.com/oauth/token\"")],
    ),
    (
        "preset = \"keycloak\"\nbase_url = \"http://id.example.com\"",
        &[
            (0, "realm: is missing; write realm = \"…\", where the people are"),
            (2, "base_url: must be https (http is for 127.0.0.1, [::1] and localhost only)"),
        ],
    ),
    (
        "preset = \"cognito\"\nregion = \"eu central\"\nuser_pool_id = \"aBcDeFgHi\"",
        &[
            (2, "region: is no region; write it like \"eu-central-1\""),
            (3, "user_pool_id: is no id of a user pool; write it like \"eu-central-1_aBcDeFgHi\""),
        ],
    ),
    (
        "preset = \"cognito\"",
        &[
            (0, "region: is missing; write region = \"eu-central-1\", where the pool is"),
            (0, "user_pool_id: is missing; write user_pool_id = \"eu-central-1_aBcDeFgHi\""),
        ],
    ),
    (
        "preset = \"apple\"\nkey = { env = \"CHECK_SECRET\" }",
        &[
            (
                0,
                "key_id: is missing; write key_id = \"…\", ten letters and digits, which Apple \
                 shows with the key",
            ),
            (
                0,
                "team_id: is missing; write team_id = \"…\", ten letters and digits, from the \
                 membership's details",
            ),
            (
                2,
                "key: is no key of Sign in with Apple; write { file = \"AuthKey_….p8\" }, as it was \
                 downloaded (PKCS #8 PEM, P-256)",
            ),
            (
                4,
                "client_secret: Apple gives no secret, but a key: remove it, and write team_id, \
                 key_id and key",
            ),
        ],
    ),
    (
        "preset = \"oidc\"",
        &[(
            0,
            "issuer: is missing; write issuer = \"https://…\", exactly as the provider writes it",
        )],
    ),
    (
        "preset = \"oidc\"\nissuer = \"idp.example.com\"\nid_token = \"demanded\"\n\
         scopes = [\"email\"]",
        &[
            (
                2,
                "issuer: must be the provider's issuer, an https URL without a query, as it writes \
                 it itself",
            ),
            (3, "id_token: must be \"required\", \"required_with_secret\" or \"ignored\""),
            (4, "scopes: an ID token is asked for by the scope \"openid\"; add it"),
        ],
    ),
    (
        "id = \"idp\"\nauthorization_endpoint = \"https://idp.example.com/authorize\"\n\
         token_endpoint = \"https://idp.example.com/token\"\nid_token = \"required\"\n\
         scope_separator = \";\"\nkeep_tokens = \"yes\"\n\
         claims = { subject = [], within = 1, mail = \"m\" }",
        &[
            (
                0,
                "issuer: an ID token is held against the provider's issuer; set issuer = \"https://…\"",
            ),
            (
                0,
                "jwks_uri: an ID token is verified by the provider's keys; set jwks_uri = \"https://…\"",
            ),
            (0, "scopes: an ID token is asked for by the scope \"openid\"; add it"),
            (5, "scope_separator: must be \" \", as OAuth has it, or \",\""),
            (6, "keep_tokens: must be true or false; this is of type string"),
            (7, "claims.mail: is not a known key; did you mean `email`?"),
            (7, "claims.subject: must not be empty"),
            (7, "claims.within: must be a string, like \"…\"; this is of type integer"),
        ],
    ),
    (
        "preset = \"oidc\"\nissuer = \"https://idp.example.com\"\nid_token = \"ignored\"\n\
         token_endpoint_auth_method = \"client_secret_post\"\ntoken_auth = \"post\"",
        &[
            (
                3,
                "id_token: is what says who signed in with preset \"oidc\"; remove it, or describe \
                 the provider by its endpoints, without a preset",
            ),
            (
                4,
                "token_endpoint_auth_method: is another spelling of `token_auth`; write one of them",
            ),
        ],
    ),
    (
        "preset = \"oidc\"\nissuer = \"https://idp.example.com\"\nsupportsPkce = true\n\
         supports_pkce = true\ntokenEndpointAuthMethod = \"client_secret_post\"\n\
         authorizationUrl = \"https://idp.example.com/authorize\"\nuserInfoUrl = \"/userinfo\"\n\
         clientId = \"us\"",
        &[
            (3, "supportsPkce: is not a known key; write `pkce`"),
            (4, "supports_pkce: is not a known key; write `pkce`"),
            (5, "tokenEndpointAuthMethod: is not a known key; write `token_auth`"),
            (6, "authorizationUrl: is not a known key; write `authorization_endpoint`"),
            (7, "userInfoUrl: is not a known key; write `userinfo_endpoint`"),
            (8, "clientId: is not a known key; write `client_id`"),
        ],
    ),
    (
        "preset = \"custom\"",
        &[
            (
                0,
                "authorization_endpoint: is missing; write the provider's URL that browsers are sent to",
            ),
            (0, "id: is missing; write id = \"…\", which stands in paths and in subjects"),
            (0, "token_endpoint: is missing; write the provider's URL where codes are exchanged"),
            (
                0,
                "userinfo_endpoint: who signed in is said by the userinfo endpoint or the ID token; \
                 set userinfo_endpoint, or id_token = \"required\"",
            ),
        ],
    ),
];

#[test]
fn what_is_wrong_with_a_preset_is_said_with_its_mend() {
    for (keys, faults) in BAD {
        let secret = "client_id = \"us\"\nclient_secret = { env = \"CHECK_SECRET\" }";
        let Ran { status, stdout, .. } =
            checked(&format!("{BEFORE}[[provider]]\n{keys}\n{secret}\n"));
        let header = BEFORE.lines().count() + 1;
        let expected: Vec<_> = faults
            .iter()
            .map(|(line, fault)| format!("vestibule.toml:{}: provider[0].{fault}", header + line))
            .collect();
        assert_eq!(stdout.lines().collect::<Vec<_>>(), expected, "{keys}");
        assert_eq!(status.code(), Some(1));
    }
}

#[test]
fn a_preset_does_not_go_without_its_secret() {
    for preset in ["google", "github", "gitlab", "slack", "discord", "linkedin"] {
        let Ran { stdout, .. } =
            checked(&format!("{BEFORE}[[provider]]\npreset = \"{preset}\"\nclient_id = \"us\"\n"));
        let missing = "vestibule.toml:4: provider[0].client_secret: is missing; write client_secret \
                       = { env = \"…\" }, the secret that the provider gave you\n";
        assert_eq!(stdout, missing, "{preset}");
    }
    let forgotten = "[[provider]]\npreset = \"oidc\"\nissuer = \"https://idp.example.com\"\n\
                     client_id = \"us\"\n";
    let Ran { stdout, .. } = checked(&format!("{BEFORE}{forgotten}"));
    assert!(stdout.contains("provider[0].client_secret: token_auth needs a client_secret"));
}

#[test]
fn two_of_one_preset_need_ids_that_differ() {
    let one =
        "[[provider]]\npreset = \"github\"\nclient_id = \"us\"\nclient_secret = \"planted\"\n";
    let Ran { stdout, .. } = checked(&format!("{BEFORE}{one}{one}"));
    let twice =
        "vestibule.toml:8: provider[1].id: \"github\" stands here twice; each must be unique\n";
    assert_eq!(stdout, twice);
}

#[test]
fn no_two_providers_send_people_back_to_one_path() {
    let one =
        "[[provider]]\npreset = \"github\"\nclient_id = \"us\"\nclient_secret = \"planted\"\n";
    let other = one.replace("github", "discord") + "callback_path = \"/oauth/callback/github\"\n";
    let Ran { stdout, .. } = checked(&format!("{BEFORE}{one}{other}"));
    let taken = "vestibule.toml:12: provider[1].callback_path: is the path of \
                 `provider[0].callback_path` too; give one of them another path\n";
    assert_eq!(stdout, taken);
}
