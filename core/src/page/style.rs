use sha2::{Digest, Sha256};

use crate::config::{Colour, Look};
use crate::encoding::base64;

const STYLE: &str = include_str!("../../templates/style.css");

/// The one style element of every page: allowed by its hash, so that nothing else is.
#[derive(Debug)]
pub(crate) struct Style {
    text: String,
    hash: String,
}

impl Style {
    /// The pages' own style, with the operator's colours.
    pub(crate) fn of(look: &Look) -> Self {
        let mut text = STYLE.to_owned();
        let paint = |accent: Colour| format!("--act: {accent}; --on-act: {};", accent.ink());
        if let Some(light) = look.accent {
            text.push_str(&format!(":root {{ {} }}\n", paint(light)));
        }
        if let Some(dark) = look.accent_dark.or(look.accent) {
            let dark = paint(dark);
            text.push_str(&format!(
                "@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
            ));
        }
        let hash = format!("sha256-{}", base64(Sha256::digest(&text)));
        Self { text, hash }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// A source expression of CSP (CSP 3 §2.3.1), without its quotes.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }
}
