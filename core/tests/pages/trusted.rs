//! Trusted clients: whose people are not asked.

use vestibule_core::{ClientSecret, Config, ConfiguredClient, Consent, Fault, Server};

use crate::world::{APP, Browser, World, authorize_with, config, location, text};

fn trusting(redirect_uri: &str, secret: Option<&str>) -> Config {
    let mut config = config();
    let mut client = ConfiguredClient::new("T");
    client.redirect_uris = vec![redirect_uri.to_owned()];
    client.secret = secret.map(ClientSecret::new);
    client.trusted = true;
    config.clients.push(client);
    config
}

fn world(providers: usize) -> World {
    let mut config = trusting(APP, Some("a-secret-of-the-client"));
    config.providers.truncate(providers);
    World::of(config)
}

fn asking(changes: &[(&str, &str)]) -> String {
    authorize_with(&[&[("client_id", "T")], changes].concat())
}

#[test]
fn with_one_provider_the_browser_goes_there_at_once() {
    let mut world = world(1);
    let mut browser = Browser::default();
    let response = browser.get(&mut world, &asking(&[]));
    assert_eq!(response.status, 303, "{}", text(&response));
    let callback = crate::world::browser::callback_of(
        location(&response.headers).unwrap(),
        &[("code", "upstream-code")],
    );
    let back = browser.get(&mut world, &callback);
    assert!(location(&back.headers).unwrap().contains("code="));
}

#[test]
fn with_several_the_person_chooses_whichever_the_client_names() {
    let mut world = world(2);
    for changes in [&[][..], &[("provider", "other")]] {
        let page = world.get(&asking(changes));
        assert_eq!(page.status, 200, "{changes:?}");
    }
}

#[test]
fn a_choice_of_provider_is_not_offered_to_be_remembered() {
    let mut config = trusting(APP, Some("a-secret-of-the-client"));
    config.consent = Consent::Remember(Consent::LONGEST);
    let page = text(&World::of(config).get(&asking(&[])));
    assert!(!page.contains("name=\"remember\""), "{page}");
}

#[test]
fn what_nobody_looks_at_is_a_page() {
    let mut world = world(1);
    for headers in [("sec-purpose", "prefetch;prerender"), ("sec-fetch-dest", "iframe")] {
        let response = Browser::default().get_with(&mut world, &asking(&[]), &[headers]);
        assert_eq!(response.status, 200, "{headers:?}");
    }
}

#[test]
fn who_asks_to_be_asked_is_asked() {
    let mut world = world(1);
    assert_eq!(world.get(&asking(&[("prompt", "consent")])).status, 200);
}

#[test]
fn everything_else_is_checked_first() {
    let mut world = world(1);
    for change in [("redirect_uri", "https://app.test/CB"), ("redirect_uri", "https://evil.test/")]
    {
        assert_eq!(world.get(&asking(&[change])).status, 400, "{change:?}");
    }
    let response = world.get(&asking(&[("code_challenge_method", "plain")]));
    assert!(location(&response.headers).unwrap().starts_with(&format!("{APP}?error=")));
}

#[test]
fn only_a_client_with_a_secret_and_https_can_be_trusted() {
    let secret = Some("a-secret-of-the-client");
    for (uri, secret) in
        [(APP, None), ("http://127.0.0.1/cb", secret), ("com.example.app:/cb", secret)]
    {
        let invalid = Server::new(trusting(uri, secret)).unwrap_err();
        let [fault] = &*invalid.faults else { panic!("{invalid}") };
        assert_eq!((&*fault.key, &fault.fault), ("client[3].trusted", &Fault::Trusted), "{uri}");
    }
}
