//! `vestibule check` names every fault with its key, its line and its mend.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "check/access.rs"]
mod access;
#[path = "check/limits.rs"]
mod limits;
#[path = "check/online.rs"]
mod online;
#[path = "support/provider.rs"]
mod provider;
#[path = "check/providers.rs"]
mod providers;
#[path = "check/registration.rs"]
mod registration;
#[path = "check/resources.rs"]
mod resources;
mod support;

use std::fs;

use support::{Ran, check, run, vestibule};
use tempfile::TempDir;

const SECRET: &str = "planted-planted-planted-planted-planted";

const GOOD: &str = r##"
issuer = "https://auth.example.com"
listen = "127.0.0.1:0"
secrets = [{ env = "CHECK_SECRET" }, "an old one: planted-planted-planted-planted"]
store = "memory:"

[paths]
mount = "/auth"
token = "/token"

[tokens]
access = "15m"
refresh = "30d"
grant = "90d"
grace = "0s"
code = "120s"

[registration]
dynamic = true
initial_access_tokens = [{ env = "CHECK_SECRET" }]
private_use_schemes = ["cursor"]
secrets = [{ file = "registration.secret" }]
metadata_documents = true
metadata_document_hosts = ["claude.ai", "*.example.com"]

[[signing_key]]
algorithm = "ES256"
key = { file = "signing.key" }

[[client]]
id = "desk"
secret = { env = "CHECK_SECRET" }
redirect_uris = ["https://desk.example.com/callback"]
name = "The desk"
trusted = true

[[provider]]
id = "idp"
name = "The company"
authorization_endpoint = "https://idp.example.com/authorize"
token_endpoint = "https://idp.example.com/token"
userinfo_endpoint = "https://idp.example.com/userinfo"
client_id = "vestibule"
client_secret = { env = "CHECK_SECRET" }
scopes = ["openid", "email"]
pkce = true
token_auth = "post"
authorization_params = { prompt = "select_account" }
token_params = { tenant = "acme" }
callback_path = "/auth/back"
issuer = "https://idp.example.com"
iss_parameter = true

[[resource]]
uri = "https://mcp.example.com/mcp"
scopes = ["mcp:read", { name = "mcp:write", description = "Change your notes", implies = ["mcp:read"] }]
name = "The company's MCP server"
id = "notes"
secret = { env = "CHECK_SECRET" }

[consent]
mode = "remember"
remember_for = "7d"

[access]
emails = ["*@example.com", "alice@example.org"]

[page]
name = "The company"
logo = "logo.svg"
accent = "#0b57d0"
accent_dark = "#a8c7fa"

[limits]
registrations = 0
wrong_secrets = 10
client_documents = 0
trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]
connections = 100
idle = "5m"
"##;

const BAD: &str = r#"issuer = "https://auth.example.com/"
listen = "localhost"
secrets = [
  "short",
  { env = "CHECK_NOT_SET" },
  { file = "no.secret" },
]
store = "redis://localhost"
providers = []

[paths]
token = "oauth/token"

[tokens]
access = "15 minuts"
grant = 90

[[signing_key]]
algorithm = "RS256"
key = "planted"

[[client]]
id = "desk"
redirect_uri = ["https://desk.example.com/callback"]

[[provider]]
presett = "google"
id = "idp"
authorization_endpoint = "idp.example.com/authorize"
token_endpoint = "http://idp.example.com/token"
client_id = "vestibule"
token_auth = "basick"

[[provider]]
id = "idp"
authorization_endpoint = "https://idp.example.com/authorize"
token_endpoint = "https://idp.example.com/token"
userinfo_endpoint = "https://idp.example.com/userinfo"
client_id = "vestibule"
scopes = ["openid email"]
pkce = "yes"

[[resource]]
uri = "/mcp"
"#;

const FAULTS: &str = r#"vestibule.toml:1: issuer: is not in its canonical form; write "https://auth.example.com"
vestibule.toml:2: listen: must be an IP address and a port, like "127.0.0.1:3000" or "[::]:443"
vestibule.toml:4: secrets[0]: a secret has at least 32 bytes, this one has 5; `vestibule keys new` makes one
vestibule.toml:5: secrets[1]: the environment variable "CHECK_NOT_SET" is not set; set it before starting
vestibule.toml:6: secrets[2]: the file "no.secret" cannot be read: No such file or directory (os error 2); its path is relative to this file
vestibule.toml:8: store: is not a store this version has; write "sqlite:PATH", or "memory:" to keep nothing
vestibule.toml:9: providers: is not a known key; did you mean `provider`?
vestibule.toml:12: paths.token: must start with `/` (not with `/.well-known`), must not end with `/`, and has only A-Z a-z 0-9 - . _ ~ and / in it
vestibule.toml:15: tokens.access: is not a duration; write it like "60s", "15m", "12h" or "30d"
vestibule.toml:16: tokens.grant: must be a duration, like "15m" or "30d"; this is of type integer
vestibule.toml:19: signing_key[0].algorithm: is not an algorithm offered here; use "EdDSA", "ES256" or "HS256"
vestibule.toml:22: client[0].redirect_uris: is missing; write redirect_uris = ["…"], where answers may go
vestibule.toml:24: client[0].redirect_uri: is not a known key; did you mean `redirect_uris`?
vestibule.toml:26: provider[0].userinfo_endpoint: who signed in is said by the userinfo endpoint or the ID token; set userinfo_endpoint, or id_token = "required"
vestibule.toml:27: provider[0].presett: is not a known key; did you mean `preset`?
vestibule.toml:29: provider[0].authorization_endpoint: is not a URL; write it like "https://idp.example.com/oauth/token"
vestibule.toml:30: provider[0].token_endpoint: must be https (http is for 127.0.0.1, [::1] and localhost only)
vestibule.toml:32: provider[0].token_auth: must be "basic", "post" or "none"
vestibule.toml:34: provider[1].client_secret: token_auth needs a client_secret; set one, or token_auth = "none" for a public client
vestibule.toml:35: provider[1].id: "idp" stands here twice; each must be unique
vestibule.toml:40: provider[1].scopes: "openid email" is no scope: one scope is one word of visible ASCII without quotes and backslashes (RFC 6749 §3.3)
vestibule.toml:41: provider[1].pkce: must be true or false; this is of type string
vestibule.toml:44: resource[0].uri: must be an absolute http or https URI without a fragment (RFC 8707 §2)
"#;

/// A folder with this configuration and what the good one points to.
fn folder(configuration: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("vestibule.toml"), configuration).unwrap();
    fs::write(folder.path().join("registration.secret"), format!("{SECRET}\r\n")).unwrap();
    fs::write(folder.path().join("logo.svg"), "<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap();
    let key = run(&mut vestibule(&["keys", "new", "--algorithm", "ES256"])).stdout;
    fs::write(folder.path().join("signing.key"), key).unwrap();
    folder
}

fn checked(configuration: &str) -> Ran {
    let folder = folder(configuration);
    let mut command = vestibule(&["check", "--config", "vestibule.toml"]);
    run(command.current_dir(folder.path()).env("CHECK_SECRET", SECRET))
}

#[test]
fn a_good_file_is_said_to_be_good() {
    let Ran { status, stdout, stderr } = checked(GOOD);
    let good = "vestibule.toml: good (issuer https://auth.example.com, 1 provider, 1 client, 1 resource)\n";
    assert_eq!((stdout.as_str(), stderr.as_str(), status.code()), (good, "", Some(0)));
}

#[test]
fn every_fault_is_named_with_key_line_and_mend() {
    let Ran { status, stdout, stderr } = checked(BAD);
    assert_eq!(stdout, FAULTS);
    assert_eq!((stderr.as_str(), status.code()), ("", Some(1)));
}

#[test]
fn serve_refuses_to_start_with_the_same_lines() {
    let folder = folder(BAD);
    let mut command = vestibule(&["serve", "--config", "vestibule.toml"]);
    let Ran { status, stdout, stderr } = run(command.current_dir(folder.path()));
    assert_eq!(stderr, FAULTS);
    assert_eq!((stdout.as_str(), status.code()), ("", Some(1)));
}

#[test]
fn no_secret_of_the_file_is_in_any_message() {
    // Every place that takes a secret holds one that is wrong there; the last line is no TOML at
    // all.
    let kinds = ["EdDSA", "ES256"].map(|algorithm| {
        format!("{GOOD}\n[[signing_key]]\nalgorithm = \"{algorithm}\"\nkey = \"{SECRET}\"\n")
    });
    let types = GOOD.replace("{ env = \"CHECK_SECRET\" }", &format!("{{ evn = \"{SECRET}\" }}"));
    let broken = format!("{GOOD}\nx = \"{SECRET}\n");
    for configuration in kinds.into_iter().chain([types, broken]) {
        let Ran { status, stdout, .. } = checked(&configuration);
        assert_eq!(status.code(), Some(1), "{stdout}");
        assert!(!stdout.contains("planted"), "{stdout}");
    }
}

#[test]
fn dcr_16_an_initial_access_token_has_32_characters_that_a_header_can_carry() {
    let tokens = r#"[
  { env = "CHECK_NOT_SET" },
  "planted-planted-planted-planted",
  "planted planted planted planted planted",
  { env = "CHECK_SECRET" },
]"#;
    let wrong =
        GOOD.replace("[{ env = \"CHECK_SECRET\" }]\nprivate", &format!("{tokens}\nprivate"));
    let Ran { status, stdout, .. } = checked(&wrong);
    let expected = r#"vestibule.toml:21: registration.initial_access_tokens[0]: the environment variable "CHECK_NOT_SET" is not set; set it before starting
vestibule.toml:22: registration.initial_access_tokens[1]: an initial access token has at least 32 characters, this one has 31; `vestibule keys new --algorithm secret` makes one
vestibule.toml:23: registration.initial_access_tokens[2]: an initial access token has only A-Z a-z 0-9 - . _ ~ + and / in it (RFC 6750 §2.1)
"#;
    assert_eq!((stdout.as_str(), status.code()), (expected, Some(1)));
}

#[test]
fn what_is_no_toml_is_told_by_its_line() {
    let Ran { status, stdout, .. } = checked("issuer = \"https://a.test\"\nsecrets = nothing\n");
    assert!(stdout.starts_with("vestibule.toml:2: is not TOML: "), "{stdout}");
    assert_eq!(status.code(), Some(1));
}

#[test]
fn an_empty_file_misses_what_has_no_default() {
    let Ran { stdout, .. } = checked("");
    let keys: Vec<_> = stdout.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(keys, ["issuer", "provider", "secrets"]);
}

#[test]
fn a_fault_of_the_core_stands_at_the_line_of_its_key() {
    let taken = GOOD.replace("token = \"/token\"", "token = \"/auth/revoke\"");
    let long = GOOD.replace("refresh = \"30d\"", "refresh = \"100d\"");
    let reserved = GOOD.replace("prompt =", "state =");
    let expected = [
        (taken, "vestibule.toml:8: paths.revoke: is the path of `paths.token` too"),
        (
            long,
            "vestibule.toml:13: tokens.refresh: must be at least one second and at most 7776000 seconds",
        ),
        (
            reserved,
            "vestibule.toml:48: provider[0].authorization_params: \"state\" is set by the protocol",
        ),
    ];
    for (configuration, line) in expected {
        let Ran { stdout, .. } = checked(&configuration);
        assert!(stdout.starts_with(line) && stdout.lines().count() == 1, "{stdout}");
    }
}

#[test]
fn faults_of_pages_and_consent_are_named_like_all_others() {
    let before = GOOD.split("[consent]").next().unwrap();
    let tables = r#"[consent]
mode = "remember"
remember_for = "31d"

[page]
logo = "no.svg"
accent = "blue"

[[client]]
id = "anybody"
redirect_uris = ["http://127.0.0.1/callback"]
trusted = true

[[resource]]
uri = "https://other.example.com/mcp"
scopes = ["a", { description = "b" }, { name = "c", words = "d" }]
"#;
    let Ran { stdout, .. } = checked(&format!("{before}{tables}"));
    let first = before.lines().count() + 1;
    let expected = [
        (2, "consent.remember_for: must be at least one second and at most 2592000 seconds"),
        (
            5,
            "page.logo: the image no.svg cannot be read: No such file or directory (os error 2); \
             its path is relative to this file",
        ),
        (6, "page.accent: must be a colour in hexadecimal digits, like \"#0b57d0\""),
        (
            11,
            "client[1].trusted: may skip consent only with a secret and with no redirect URI but \
             https; remove `trusted`, or give it both",
        ),
        (15, "resource[1].scopes[1].name: is missing; write name = \"…\", the scope"),
        (15, "resource[1].scopes[2].words: is not a known key; a scope has name, description, implies"),
    ]
    .map(|(n, fault)| format!("vestibule.toml:{}: {fault}", first + n));
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let folder = TempDir::new().unwrap();
    let Ran { status, stdout, .. } = check(folder.path(), "vestibule.toml");
    assert!(stdout.starts_with("vestibule.toml: cannot be read: No such file"), "{stdout}");
    assert_eq!(status.code(), Some(1));
}
