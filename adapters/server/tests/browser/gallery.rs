//! Every page that people can be shown, one after the other.

use serde_json::json;

use crate::pages::{ERROR, FORM, SIGN_IN};
use crate::sites::{ANSWER, CONTINUE, EVIL};
use crate::town::{IDP, ISSUER, Known, Plan, Town};

const PROVIDERS: [Known<'_>; 4] = [
    IDP,
    ("github", "GitHub", "ask"),
    ("google", "Google", "ask"),
    ("entra", "Work or school account", "ask"),
];

/// One word that is wider than a phone, and one that would leave its button.
const LONG: [Known<'_>; 2] = [
    (
        "idp",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "ask",
    ),
    ("hostile", "</button></form><script>document.title=1</script> & <b>\"friends\"</b>", "ask"),
];

/// An operator's own look, in colours that are hard to write on.
const PAINTED: &str = r##"
[consent]
mode = "remember"

[page]
name = "Acme Notes"
logo = "logo.svg"
accent = "#ffcc00"
accent_dark = "#7a1fa2"
"##;

/// Calls back at each page, with a name for it.
pub(crate) fn each_page(mut visit: impl FnMut(&Town, &'static str)) -> Option<()> {
    let town = Plan::of(&[IDP]).open()?;
    for (name, reach) in [
        ("sign-in", sign_in as fn(&Town)),
        ("sign-in-own-computer", own_computer),
        ("error-unknown-client", unknown_client),
        ("error-redirect-uri", redirect_uri),
        ("error-link-back", link_back),
        ("error-cross-site", cross_site),
        ("error-completed", completed),
        ("error-other-browser", other_browser),
    ] {
        reach(&town);
        visit(&town, name);
    }
    drop(town);
    let town = Plan::of(&PROVIDERS).open()?;
    sign_in(&town);
    visit(&town, "sign-in-providers");
    drop(town);
    let town = Plan::of(&PROVIDERS[..2]).with(PAINTED).open()?;
    for (name, reach) in [
        ("painted-sign-in", sign_in as fn(&Town)),
        ("painted-preselected", preselected),
        ("painted-imitation", imitation),
        ("painted-error", link_back),
    ] {
        reach(&town);
        visit(&town, name);
    }
    drop(town);
    let town = Plan::of(&LONG).open()?;
    for (name, client_name) in [
        (
            "sign-in-long-names",
            "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz".repeat(2),
        ),
        ("sign-in-hostile-names", hostile_name()),
    ] {
        long(&town, &client_name);
        visit(&town, name);
    }
    drop(town);
    let town = Plan::of(&[IDP]).with_a_damaged_store().open()?;
    unavailable(&town);
    visit(&town, "error-unavailable");
    Some(())
}

fn sign_in(town: &Town) {
    town.chromium.open(town.desk().ask(None).url.as_str());
    town.chromium.find(SIGN_IN);
}

/// The client names the second provider.
fn preselected(town: &Town) {
    town.chromium.open(&format!("{}&provider=github", town.desk().ask(None).url));
    town.chromium.find(SIGN_IN);
}

/// A stranger takes the operator's name, with a letter that looks like another.
fn imitation(town: &Town) {
    let redirect_uri = "https://elsewhere.test/cb";
    let id = town.register("Acme N\u{43e}tes", redirect_uri);
    town.chromium.open(town.application(&id, redirect_uri).ask(None).url.as_str());
    town.chromium.find(SIGN_IN);
}

fn own_computer(town: &Town) {
    let redirect_uri = town.sites.loopback("127.0.0.1");
    let id = town.register("Code assistant", &redirect_uri);
    town.chromium.open(town.application(&id, &redirect_uri).ask(None).url.as_str());
    town.chromium.find(SIGN_IN);
}

fn long(town: &Town, client_name: &str) {
    let label = "a-label-that-is-as-long-as-it-may-be-".repeat(2)[..63].replace("-.", "x.");
    let redirect_uri = format!("https://{label}.{label}.example/cb");
    let id = town.register(client_name, &redirect_uri);
    town.chromium.open(town.application(&id, &redirect_uri).ask(None).url.as_str());
    town.chromium.find(SIGN_IN);
}

/// Tries to be markup, to turn the text around, and to look like words of the page.
fn hostile_name() -> String {
    "</h1><script>document.title=1</script>\u{202e}elgooG\" <img src=x> checked by auth.test"
        .to_owned()
}

fn unknown_client(town: &Town) {
    town.chromium.open(&format!("{ISSUER}/oauth/authorize?client_id=nobody"));
    town.chromium.find(ERROR);
}

fn redirect_uri(town: &Town) {
    let elsewhere = town.application("desk", "https://app.test/elsewhere");
    town.chromium.open(elsewhere.ask(None).url.as_str());
    town.chromium.find(ERROR);
}

/// A client that registered itself asks for what does not exist.
fn link_back(town: &Town) {
    let redirect_uri = "https://app.test/cb";
    let id = town.register("An application", redirect_uri);
    let asked = town.application(&id, redirect_uri).ask(Some("https://nothing.test/"));
    town.chromium.open(asked.url.as_str());
    town.chromium.find("main a[href]");
}

fn cross_site(town: &Town) {
    sign_in(town);
    let form = town.chromium.attribute(&town.chromium.find(FORM), "value");
    let consent = format!("{ISSUER}/oauth/consent");
    town.visit(EVIL, "post", &[("to", &consent), ("form", &form)]);
    town.chromium.find(ERROR);
}

/// The provider's page is used a second time.
fn completed(town: &Town) {
    sign_in(town);
    town.chromium.press(SIGN_IN);
    town.chromium.press(CONTINUE);
    town.chromium.find(ANSWER);
    town.chromium.back();
    town.chromium.press(CONTINUE);
    town.chromium.find(ERROR);
}

fn other_browser(town: &Town) {
    sign_in(town);
    town.chromium.press(SIGN_IN);
    town.chromium.find(CONTINUE);
    town.chromium.devtools("Network.clearBrowserCookies", json!({}));
    town.chromium.press(CONTINUE);
    town.chromium.find(ERROR);
}

/// What was answered cannot be kept.
fn unavailable(town: &Town) {
    sign_in(town);
    town.chromium.press(SIGN_IN);
    town.chromium.press(CONTINUE);
    town.chromium.find(ERROR);
}
