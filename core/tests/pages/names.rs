//! Names that imitate: a client that registers itself may call itself anything.

use serde_json::json;

use crate::world::{World, authorize_with, client, config, json_of, text};

const IMITATES: &str = "Its name looks like";
const MIXES: &str = "letters of several alphabets";

/// The page of a client that registered itself.
fn page_of(name: &str, redirect_uri: &str) -> String {
    let mut config = config();
    config.look.name = Some("Acme Notes".to_owned());
    config.providers[0].name = "Google".to_owned();
    let mut payroll = client("payroll", Some("a-secret-of-the-client"), &["https://pay.test/cb"]);
    payroll.name = Some("Payroll".to_owned());
    config.clients.push(payroll);
    let mut world = World::of(config);
    let response = world.register_with(&json!({
        "redirect_uris": [redirect_uri],
        "client_name": name,
        "token_endpoint_auth_method": "none",
    }));
    let id = json_of(&response)["client_id"].as_str().unwrap().to_owned();
    text(&world.get(&authorize_with(&[("client_id", &id), ("redirect_uri", redirect_uri)])))
}

#[test]
fn whoever_takes_the_name_of_someone_known_here_is_pointed_out() {
    for (name, whose) in [
        ("ACME NOTES", "Acme Notes"),
        ("Acme-Nоtes", "Acme Notes"),
        ("G00gle Drive", "Google"),
        ("Pay roll", "Payroll"),
        ("Claude", "Claude"),
        ("ChatGPT", "ChatGPT"),
        ("Visual Studio Code", "Visual Studio Code"),
        ("claude.ai", "Claude"),
        ("Login for example.com", "example.com"),
    ] {
        let page = page_of(name, "https://evil.test/cb");
        let warning = format!("{IMITATES} \u{2068}{whose}\u{2069}");
        assert!(page.contains(&warning), "{name}: {page}");
    }
}

#[test]
fn letters_of_several_alphabets_in_one_word_are_pointed_out() {
    assert!(page_of("Pаypal", "https://evil.test/cb").contains(MIXES));
}

#[test]
fn whoever_is_what_it_says_is_not_suspected() {
    for (name, redirect_uri) in [
        ("Claude", "https://claude.ai/api/mcp/auth_callback"),
        ("Claude Code (notes)", "http://localhost:54545/callback"),
        ("Visual Studio Code", "https://insiders.vscode.dev/redirect"),
        ("MCP Inspector", "http://localhost:6274/oauth/callback"),
        ("app.test", "https://app.test/cb"),
        ("Заметки 2", "https://app.test/cb"),
        ("Node.js client v1.2", "https://app.test/cb"),
    ] {
        let page = page_of(name, redirect_uri);
        assert!(!page.contains(IMITATES) && !page.contains(MIXES), "{name}: {page}");
    }
}

/// `claude.ai` is a scheme here, and not a host.
#[test]
fn a_scheme_is_shown_as_one_and_is_no_host() {
    let page = page_of("Claude", "claude.ai:/cb");
    assert!(page.contains("<bdi>claude.ai:</bdi>"), "{page}");
    assert!(page.contains("an app on your own device"), "{page}");
    assert!(page.contains(&format!("{IMITATES} \u{2068}Claude\u{2069}")), "{page}");
}

#[test]
fn who_has_no_name_that_can_be_read_is_said_to_have_none() {
    for name in ["", "\u{2800}", "\u{200B}\u{301}"] {
        let page = page_of(name, "https://app.test/cb");
        assert!(page.contains("An application without a name"), "{name:?}: {page}");
        assert!(!page.contains("gave itself this name"), "{page}");
    }
}

/// Between isolates, escaped and cut.
#[test]
fn web_04_a_name_stays_where_it_belongs() {
    for (name, shown) in [
        ("<script>alert(1)</script>", "&#60;script&#62;alert(1)&#60;/script&#62;"),
        ("\"><img src=x onerror=alert(1)>", "&#34;&#62;&#60;img src=x onerror=alert(1)&#62;"),
        ("{{7*7}}", "{{7*7}}"),
        ("abc\u{202E}cba\u{2066}\u{2069}", "abccba"),
        (&"x".repeat(10 * 1024), &("x".repeat(63) + "…")),
    ] {
        let page = page_of(name, "https://app.test/cb");
        let heading = format!("<h1>\u{2068}{shown}\u{2069} asks for access</h1>");
        assert!(page.contains(&heading), "{name}: {page}");
    }
}

#[test]
fn a_name_that_nobody_can_read_is_a_fault() {
    let mut config = config();
    config.look.name = Some(" ".to_owned());
    config.providers[1].name = String::new();
    config.clients[0].name = Some("\u{2800}".to_owned());
    let faults = vestibule_core::Server::new(config).unwrap_err().faults;
    assert!(faults.iter().all(|fault| fault.fault == vestibule_core::Fault::Blank), "{faults:?}");
    let keys: Vec<_> = faults.iter().map(|fault| &*fault.key).collect();
    assert_eq!(keys, ["page.name", "provider[1].name", "client[0].name"]);
}

#[test]
fn a_client_of_the_operators_may_have_any_name() {
    let mut config = config();
    config.clients[0].name = Some("Google".to_owned());
    config.providers[0].name = "Google".to_owned();
    let page = text(&World::of(config).get(&authorize_with(&[])));
    assert!(!page.contains(IMITATES) && !page.contains("nobody here has checked"), "{page}");
}
