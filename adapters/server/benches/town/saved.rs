use std::path::{Path, PathBuf};
use std::{env, fs};

use super::machine;
use super::plot::{self, Plot};

/// Where figures come from, as it was before anything was measured or written.
pub(crate) struct Origin {
    bench: &'static str,
    pub(crate) machine: String,
    /// What was asked for, as it was.
    command: String,
}

impl Origin {
    pub(crate) fn of(bench: &'static str) -> Self {
        // The last is cargo's own.
        let arguments: Vec<_> = env::args().skip(1).filter(|it| it != "--bench").collect();
        let mut command = format!("cargo bench -p vestibule --bench {bench}");
        if !arguments.is_empty() {
            command += &format!(" -- {}", arguments.join(" "));
        }
        Self { bench, machine: machine::described(), command }
    }

    /// Writes figures as Markdown, and their plots in a picture beside them: `--save` puts them
    /// where the README shows them, and without it they are for whoever asked.
    pub(crate) fn write(&self, figures: &str, plots: &[Plot<'_>], save: bool) {
        let Self { bench, machine, command } = self;
        let figures = format!("{machine}: `{command}`\n\n{}\n", figures.trim_end());
        let folder = if save {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures")
        } else {
            PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        };
        fs::create_dir_all(&folder).unwrap();
        let (table, image) = (folder.join(bench).with_extension("md"), folder.join(bench));
        fs::write(&table, figures).unwrap();
        plot::draw(plots, &image.with_extension("svg"));
        println!("\nwritten: {} and its plot, .svg", table.display());
    }
}
