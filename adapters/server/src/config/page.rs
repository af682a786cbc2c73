use std::fs::File;
use std::io::{self, Read};

use vestibule_core::{Colour, Logo, Look};

use super::table::Table;
use super::value::Value;

pub(super) const TITLE: &str = "[page]";
pub(super) const KEYS: &[&str] = &["name", "logo", "accent", "accent_dark"];

/// `[page]`: in whose name the pages speak, and how they look.
pub(super) fn read(table: &Table<'_>) -> Look {
    let colour = |key| table.find(key).and_then(|value| value.parsed(Colour::parse));
    let mut look = Look::default();
    look.name = table.find("name").and_then(|value| value.text()).map(str::to_owned);
    look.logo = table.find("logo").and_then(|value| logo(&value));
    look.accent = colour("accent");
    look.accent_dark = colour("accent_dark");
    look
}

/// An image beside the configuration file.
fn logo(value: &Value<'_>) -> Option<Logo> {
    let path = value.text()?;
    let file = value.folder().join(path);
    // No further than to where it is too long.
    let read = || -> io::Result<Vec<u8>> {
        let mut image = Vec::new();
        File::open(&file)?.take(Logo::LONGEST as u64 + 1).read_to_end(&mut image)?;
        Ok(image)
    };
    let unread = |error| {
        format!("the image {path} cannot be read: {error}; its path is relative to this file")
    };
    value.accept(value.accept(read().map_err(unread)).map(|image| Logo::new(&image))?)
}
