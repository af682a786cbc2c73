//! How pages look, and whom they shut out.

use std::fs;
use std::path::Path;

use crate::chromium::{Chromium, Scheme};
use crate::gallery::each_page;
use crate::sites::APP;
use crate::tools;
use crate::town::{IDP, Plan};

#[test]
fn each_page_is_accessible_light_and_dark_narrow_and_wide() {
    let Some(axe) = tools::axe() else { return };
    each_page(|town, name| {
        town.chromium.run(&axe);
        for scheme in [Scheme::Light, Scheme::Dark] {
            for width in [320, 1280] {
                town.chromium.show(scheme, (width, 800));
                let broken = town.chromium.run(include_str!("axe.js"));
                assert_eq!(broken, serde_json::json!([]), "{name}, {scheme:?}, {width} px");
            }
        }
    });
}

#[test]
fn a_page_that_is_not_accessible_would_be_found() {
    let Some(axe) = tools::axe() else { return };
    let Some(town) = Plan::of(&[IDP]).open() else { return };
    // The application's page has no `main`.
    town.visit(APP, "cb", &[]);
    town.chromium.run(&axe);
    let broken = town.chromium.run(include_str!("axe.js"));
    assert!(broken.to_string().contains("landmark-one-main"), "{broken}");
}

#[test]
fn each_page_fits_a_narrow_screen_and_keeps_names_where_they_belong() {
    each_page(|town, name| {
        let chromium = &town.chromium;
        for (scheme, kind, size) in [
            (Scheme::Light, "light", (1280, 800)),
            (Scheme::Dark, "dark", (1280, 800)),
            (Scheme::Light, "phone", (390, 844)),
        ] {
            chromium.show(scheme, size);
            picture(chromium, &format!("{name}-{kind}.png"));
        }
        chromium.show(Scheme::Light, (320, 800));
        let too_wide = chromium.run(include_str!("too_wide.js"));
        assert_eq!(too_wide, serde_json::json!([]), "{name}");
        let got_in = chromium.all("body :is(script, img:not(header > img), b)");
        assert!(got_in.is_empty(), "{name}: {}", chromium.words());
    });
}

/// Kept for people to look at.
fn picture(chromium: &Chromium, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), chromium.picture()).unwrap();
}
