//! A person signs in at `vestibule dev`, which is driven from outside by the crate `oauth2`.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/parties/mod.rs"]
mod parties;
mod support;
#[path = "support/wire.rs"]
mod wire;

use oauth2::TokenResponse;
use oauth2::http::StatusCode;
use oauth2::url::Url;
use parties::{Answer, Application, Asked, Browser, Page, discover, register};
use support::{Running, vestibule};
use wire::Wire;

const REDIRECT_URI: &str = "http://127.0.0.1:49152/cb";

/// The program, and the way to it.
struct Dev {
    wire: Wire,
    issuer: String,
    _running: Running,
}

impl Dev {
    fn start() -> Self {
        let running = Running::start(&mut vestibule(&["dev", "--listen", "127.0.0.1:0"]));
        let issuer = format!("http://{}", running.address);
        Self { wire: Wire::new(&issuer, &running.address), issuer, _running: running }
    }

    /// An application that has found the server and registered itself.
    fn application(&self) -> Application<'_, Wire> {
        let metadata = discover(&self.wire, &self.issuer);
        let client_id = register(&self.wire, &metadata, REDIRECT_URI);
        Application::new(&self.wire, &metadata, &client_id, None, REDIRECT_URI)
    }

    /// A browser at the sign-in page, where an application sent it.
    fn at_sign_in(&self, asked: &Asked) -> (Browser<'_, Wire>, Page) {
        let mut browser = Browser::new(&self.wire);
        let page = browser.get(&asked.url);
        assert!(page.is_page(StatusCode::OK), "{page:?}");
        (browser, page)
    }

    /// The same at the development provider's page.
    fn at_provider(&self, asked: &Asked) -> (Browser<'_, Wire>, Page) {
        let (mut browser, page) = self.at_sign_in(asked);
        let leaving = browser.press(&page, "provider", "dev");
        let page = browser.follow(&leaving);
        assert!(page.is_page(StatusCode::OK), "{page:?}");
        (browser, page)
    }

    /// The same on its way back to Vestibule: the callback's address.
    fn coming_back(&self, asked: &Asked) -> (Browser<'_, Wire>, Url) {
        let (mut browser, page) = self.at_provider(asked);
        let back = browser.press(&page, "person", "ada").location();
        assert!(back.as_str().starts_with(&format!("{}/oauth/callback/dev?", self.issuer)));
        (browser, back)
    }
}

#[test]
fn iss_01_ref_01_a_person_signs_in_and_the_client_refreshes_and_revokes() {
    let dev = Dev::start();
    let application = dev.application();
    let asked = application.ask(None);
    let (mut browser, back) = dev.coming_back(&asked);
    let arrived = browser.get(&back);
    // `state` and `iss` are looked at before the code.
    let code = application.code(&asked, &arrived.location());
    assert!(!browser.has_cookie("flow"), "the flow's cookie has served its purpose");

    let first = application.redeem(&code, &asked.verifier, None).unwrap();
    assert_eq!(first.token_type().as_ref(), "bearer");
    assert!(first.expires_in().unwrap().as_secs() > 0);
    let scopes: Vec<_> = first.scopes().unwrap().iter().map(|scope| scope.as_str()).collect();
    assert_eq!(scopes, ["mcp:read", "mcp:write"]);

    let used = first.refresh_token().unwrap().secret();
    let second = application.refresh(used).unwrap();
    let successor = second.refresh_token().unwrap().secret();
    assert_ne!(used, successor);
    assert_ne!(first.access_token().secret(), second.access_token().secret());

    application.revoke(successor).unwrap();
    for ended in [used, successor] {
        assert_eq!(application.refresh(ended).unwrap_err(), "invalid_grant");
    }
}

#[test]
fn ref_05_a_refresh_token_that_comes_again_gets_the_same_successor() {
    let dev = Dev::start();
    let application = dev.application();
    let asked = application.ask(None);
    let (mut browser, back) = dev.coming_back(&asked);
    let code = application.code(&asked, &browser.get(&back).location());
    let first = application.redeem(&code, &asked.verifier, None).unwrap();
    let used = first.refresh_token().unwrap().secret();

    // The second answer stands for one that was lost on its way.
    let [one, other] = [(); 2].map(|()| application.refresh(used).unwrap());
    let successor = one.refresh_token().unwrap().secret();
    assert_eq!(successor, other.refresh_token().unwrap().secret());
    assert_eq!(one.access_token().secret(), other.access_token().secret());

    // Once the successor was used, two parties hold the old one: everything ends.
    let third = application.refresh(successor).unwrap();
    let newest = third.refresh_token().unwrap().secret();
    for ended in [used, newest] {
        assert_eq!(application.refresh(ended).unwrap_err(), "invalid_grant");
    }
}

#[test]
fn cancel_on_the_sign_in_page_is_told_to_the_client() {
    let dev = Dev::start();
    let application = dev.application();
    let asked = application.ask(None);
    let (mut browser, page) = dev.at_sign_in(&asked);
    let back = browser.press(&page, "cancel", "1").location();
    assert_eq!(application.read(&asked, &back), Answer::Error("access_denied".to_owned()));
}

#[test]
fn cancel_at_the_provider_is_told_to_the_client() {
    let dev = Dev::start();
    let application = dev.application();
    let asked = application.ask(None);
    let (mut browser, page) = dev.at_provider(&asked);
    let cancelled = browser.press(&page, "cancel", "yes");
    let back = browser.follow(&cancelled).location();
    assert_eq!(application.read(&asked, &back), Answer::Error("access_denied".to_owned()));
}

#[test]
fn sbb_02_coming_back_in_another_browser_gives_no_code() {
    let dev = Dev::start();
    let application = dev.application();
    let asked = application.ask(None);
    let (mut browser, back) = dev.coming_back(&asked);

    // One that was never here, and one that is in the middle of a sign-in of its own.
    let mut fresh = Browser::new(&dev.wire);
    let (mut busy, _) = dev.coming_back(&application.ask(None));
    for other in [&mut fresh, &mut busy] {
        let page = other.get(&back);
        assert!(page.is_page(StatusCode::BAD_REQUEST), "{page:?}");
        assert!(!page.body.contains("vac1_"), "a code: {}", page.body);
    }
    // It changed nothing for the person.
    application.code(&asked, &browser.get(&back).location());
}

#[test]
fn pkc_10_a_wrong_verifier_gets_nothing_and_spends_nothing() {
    let dev = Dev::start();
    let application = dev.application();
    let asked = application.ask(None);
    let (mut browser, back) = dev.coming_back(&asked);
    let code = application.code(&asked, &browser.get(&back).location());
    let other = application.ask(None).verifier;
    assert_eq!(application.redeem(&code, &other, None).unwrap_err(), "invalid_grant");
    application.redeem(&code, &asked.verifier, None).unwrap();
}
