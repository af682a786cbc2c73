use std::fmt;

/// Everything that is wrong with a configuration file: shown one per line, `FILE:LINE: KEY: WHAT
/// AND THE MEND`.
#[derive(Debug)]
pub(crate) struct Faults {
    file: String,
    list: Vec<Fault>,
}

/// One thing that is wrong, and where.
#[derive(Debug)]
pub(super) struct Fault {
    /// From 1; `None` for what has no place in the file, such as a file that cannot be read.
    pub(super) line: Option<usize>,
    /// `provider[1].scopes`; empty where the file is no TOML at all.
    pub(super) key: String,
    /// What is wrong and how to mend it. No value of a secret is ever in it.
    pub(super) text: String,
}

impl Faults {
    /// In the order of the file.
    pub(super) fn new(file: String, mut list: Vec<Fault>) -> Self {
        list.sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        Self { file, list }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.list.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.file)?;
            if let Some(line) = fault.line {
                write!(f, ":{line}")?;
            }
            if !fault.key.is_empty() {
                write!(f, ": {}", fault.key)?;
            }
            write!(f, ": {}", fault.text)?;
        }
        Ok(())
    }
}
