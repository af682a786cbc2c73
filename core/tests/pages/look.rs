//! The operator's name, logo and colours, words for scopes, and other languages.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use sha2::{Digest, Sha256};
use vestibule_core::{Colour, English, Fault, Language, Logo, Phrase, Response, Server};

use crate::world::{World, authorize_with, config, request, text};

fn look() -> vestibule_core::Look {
    let mut look = vestibule_core::Look::default();
    look.name = Some("Acme & <Sons>".to_owned());
    look.logo = Some(Logo::new(b"<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap());
    look.accent = Some(Colour::parse("#ffdd00").unwrap());
    look
}

fn both_pages(world: &mut World) -> [Response; 2] {
    [world.get(&authorize_with(&[])), world.get(&authorize_with(&[("client_id", "gone")]))]
}

#[test]
fn every_page_speaks_in_the_operators_name() {
    let mut config = config();
    config.look = look();
    for page in both_pages(&mut World::of(config)) {
        let page = text(&page);
        assert!(page.contains("<bdi>Acme &#38; &#60;Sons&#62;</bdi>"), "{page}");
        assert!(page.contains("src=\"data:image/svg+xml;base64,"), "{page}");
        // What is written on yellow is black.
        assert!(page.contains("--act: #ffdd00; --on-act: #000000;"), "{page}");
    }
}

#[test]
fn without_a_name_it_is_the_issuers_host() {
    for page in both_pages(&mut World::new()) {
        assert!(text(&page).contains("<bdi>as.test</bdi>"), "{}", text(&page));
    }
}

#[test]
fn web_09_the_policy_allows_the_painted_style_and_the_logo_and_no_more() {
    let mut config = config();
    config.look = look();
    for response in both_pages(&mut World::of(config)) {
        let page = text(&response);
        let style = page.split_once("<style>").unwrap().1.split("</style>").next().unwrap();
        let hash = STANDARD.encode(Sha256::digest(style));
        let policy = response.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        let start = format!("default-src 'none'; style-src 'sha256-{hash}'; img-src data:; ");
        assert!(policy.starts_with(&start), "{policy}");
    }
}

#[test]
fn scopes_are_said_in_the_operators_words() {
    let mut config = config();
    let words = ("mcp:read".to_owned(), "Read your <notes>".to_owned());
    config.resources[0].descriptions = [words].into();
    let page = text(&World::of(config).get(&authorize_with(&[])));
    assert!(page.contains("Read your &#60;notes&#62; <code>mcp:read</code>"), "{page}");
    assert!(page.contains("<li><bdi>mcp:write</bdi></li>"), "{page}");
}

#[test]
fn words_for_a_scope_that_is_none_are_a_fault() {
    let mut config = config();
    config.resources[0].descriptions = [("mcp:reed".to_owned(), "Read".to_owned())].into();
    let invalid = Server::new(config).unwrap_err();
    let fault = &invalid.faults[0];
    assert_eq!(fault.key, "resource[0].scopes");
    assert_eq!(fault.fault, Fault::DescribesNothing { scope: "mcp:reed".to_owned() });
}

#[derive(Debug)]
struct Hebrew;

impl Language for Hebrew {
    fn tag(&self) -> &str {
        "he"
    }

    fn is_right_to_left(&self) -> bool {
        true
    }

    fn say(&self, phrase: &Phrase<'_>) -> String {
        if let Phrase::Cancel = phrase {
            "<ביטול>".to_owned()
        } else if let Phrase::Mend(_) = phrase {
            "חזרו ליישום".to_owned()
        } else {
            English.say(phrase)
        }
    }
}

#[test]
fn a_browser_is_answered_in_its_language() {
    let mut config = config();
    config.languages.push(Arc::new(Hebrew));
    let mut world = World::of(config);
    for (client_id, said) in [("P", "&#60;ביטול&#62;"), ("gone", "חזרו ליישום")] {
        let uri = authorize_with(&[("client_id", client_id)]);
        let ask = |language| request(Method::GET, &uri, &[("accept-language", language)], "");
        let page = text(&world.send(ask("he-IL,en;q=0.5")));
        assert!(page.contains("<html lang=\"he\" dir=\"rtl\">") && page.contains(said), "{page}");
        let page = text(&world.send(ask("en")));
        assert!(page.contains("<html lang=\"en\" dir=\"ltr\">") && !page.contains(said), "{page}");
    }
}
