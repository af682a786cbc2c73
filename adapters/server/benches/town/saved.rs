use std::fs;
use std::path::{Path, PathBuf};

use super::machine;
use super::plot::{self, Plot};

/// Writes figures as Markdown, and their plots in a picture beside them: `--save` puts them where the README
/// shows them, and without it they are for whoever asked.
pub(crate) fn write(name: &str, command: &str, figures: &str, plots: &[Plot<'_>], save: bool) {
    let figures = format!("{}: `{command}`\n\n{}\n", machine::described(), figures.trim_end());
    let folder = if save {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures")
    } else {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
    };
    fs::create_dir_all(&folder).unwrap();
    let (table, image) = (folder.join(name).with_extension("md"), folder.join(name));
    fs::write(&table, figures).unwrap();
    plot::draw(plots, &image.with_extension("svg"));
    println!("\nwritten: {} and its plot, .svg", table.display());
}
