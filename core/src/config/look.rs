use std::fmt;

use crate::encoding::base64;

/// How the pages look, and in whose name they speak: the operator's.
///
/// Nothing of it is loaded from elsewhere: the logo travels inside the page.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Look {
    /// Who runs the server, as people know it. None: the issuer's host.
    pub name: Option<String>,
    /// Shown beside the name.
    pub logo: Option<Logo>,
    /// The ground of the buttons. What is written on it is black or white, whichever is easier to
    /// read, so any colour will do.
    pub accent: Option<Colour>,
    /// The same where people have chosen a dark appearance. None: `accent`.
    pub accent_dark: Option<Colour>,
}

/// A colour of the sRGB space, such as `#0b57d0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Parses `#rrggbb`, in hexadecimal digits.
    ///
    /// # Errors
    /// [`InvalidColour`] for anything else: names and functions of CSS are not known here.
    pub fn parse(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = value.ok_or(InvalidColour)?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    /// Black or white, whichever is easier to read on this colour. One of them always reaches a
    /// contrast of 4.5 to 1 (WCAG 2.2, 1.4.3).
    pub(crate) fn ink(self) -> Self {
        // The luminance at which black and white contrast alike: √(1.05 × 0.05) − 0.05.
        const EVEN: f64 = 0.179;
        if self.luminance() > EVEN { Self([0; 3]) } else { Self([255; 3]) }
    }

    /// WCAG 2.2, "relative luminance": 0 for black, 1 for white.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

/// `#rrggbb`.
impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A text that is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a colour in hexadecimal digits, like \"#0b57d0\"")]
#[non_exhaustive]
pub struct InvalidColour;

/// An image for the pages: SVG, PNG, JPEG or WebP, at most [`Logo::LONGEST`] bytes.
///
/// As part of a page an SVG image runs no script and loads nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    url: String,
}

impl Logo {
    /// The longest image, in bytes: it travels with every page.
    pub const LONGEST: usize = 32 * 1024;

    /// An image, its kind told by its first bytes.
    ///
    /// # Errors
    /// [`InvalidLogo`] if it is too long or of another kind.
    pub fn new(image: &[u8]) -> Result<Self, InvalidLogo> {
        if image.len() > Self::LONGEST {
            return Err(InvalidLogo::TooLong);
        }
        let media_type = media_type(image).ok_or(InvalidLogo::Unknown)?;
        Ok(Self { url: format!("data:{media_type};base64,{}", base64(image)) })
    }

    /// The image as a `data:` URL (RFC 2397).
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.url.split(',').next().unwrap_or_default();
        write!(f, "Logo({shown})")
    }
}

/// What keeps bytes from being a logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLogo {
    /// It would make every page slow.
    #[error("is longer than {} bytes; make the image smaller", Logo::LONGEST)]
    TooLong,
    /// None of the four kinds.
    #[error("is no SVG, PNG, JPEG or WebP image")]
    Unknown,
}

/// <https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern>; SVG is text.
fn media_type(image: &[u8]) -> Option<&'static str> {
    match image {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        text => {
            let text = std::str::from_utf8(text).ok()?.trim_start_matches('\u{FEFF}').trim_start();
            let svg = text.starts_with("<svg")
                || (text.starts_with("<?xml") || text.starts_with("<!")) && text.contains("<svg");
            svg.then_some("image/svg+xml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(one: Colour, other: Colour) -> f64 {
        let (one, other) = (one.luminance() + 0.05, other.luminance() + 0.05);
        if one > other { one / other } else { other / one }
    }

    #[test]
    fn what_is_written_on_any_colour_can_be_read() {
        let steps = (0..=255).step_by(15);
        for red in steps.clone() {
            for green in steps.clone() {
                for blue in steps.clone() {
                    let ground = Colour([red, green, blue]);
                    assert!(contrast(ground, ground.ink()) >= 4.5, "{ground}");
                }
            }
        }
    }

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!(Colour::parse("#0B57d0").unwrap().to_string(), "#0b57d0");
        for text in ["", "red", "#fff", "0b57d0", "#0b57d0;", "#+b57d0", "#0b57dß"] {
            assert_eq!(Colour::parse(text), Err(InvalidColour), "{text}");
        }
    }

    #[test]
    fn a_logo_is_an_image() {
        let svg = Logo::new(b"<?xml version=\"1.0\"?>\n<svg xmlns='http://www.w3.org/2000/svg'/>");
        assert!(svg.unwrap().url().starts_with("data:image/svg+xml;base64,"));
        assert_eq!(Logo::new(b"<html><svg></html>"), Err(InvalidLogo::Unknown));
        assert_eq!(Logo::new(&[0; Logo::LONGEST + 1]), Err(InvalidLogo::TooLong));
    }
}
