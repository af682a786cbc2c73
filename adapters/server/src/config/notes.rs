use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use vestibule_core::{ConfigFault, Fault as CoreFault};

use super::faults::{Fault, Faults};

/// What is remembered while a file is read: where every key stands, and what is wrong.
///
/// Readers share it, so that reading goes on after a fault and finds the others.
pub(super) struct Notes {
    file: PathBuf,
    /// The offset of every line's first byte.
    line_starts: Vec<usize>,
    lines: RefCell<BTreeMap<String, usize>>,
    faults: RefCell<Vec<Fault>>,
}

impl Notes {
    pub(super) fn new(file: &Path, text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            file: file.to_owned(),
            line_starts: std::iter::once(0).chain(after_breaks.map(|(at, _)| at + 1)).collect(),
            lines: RefCell::default(),
            faults: RefCell::default(),
        }
    }

    /// The folder that paths in the file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// The line, from 1, of a byte offset.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// Remembers where a key stands.
    pub(super) fn saw(&self, key: &str, line: usize) {
        self.lines.borrow_mut().entry(key.to_owned()).or_insert(line);
    }

    /// Remembers what is wrong.
    pub(super) fn fault(&self, key: &str, line: usize, text: impl fmt::Display) {
        self.faults.borrow_mut().push(Fault {
            line: Some(line),
            key: key.to_owned(),
            text: text.to_string(),
        });
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_good(&self) -> bool {
        self.faults.borrow().is_empty()
    }

    /// Adds what core found, each at the line of its key.
    ///
    /// Core judged what could be read. Where reading a key, or anything below it, failed already, a
    /// second complaint about the same would only mislead; so would one about a path that follows
    /// from something else that is wrong.
    pub(super) fn add(&self, found: Vec<ConfigFault>) {
        let adds = |fault: &ConfigFault| {
            !self.has_fault_within(&fault.key) && !self.follows(fault, &found)
        };
        let added: Vec<_> = found.iter().filter(|fault| adds(fault)).collect();
        for ConfigFault { key, fault, .. } in added {
            self.fault(key, self.line_around(key), fault);
        }
    }

    /// All that is wrong, in the order of the file.
    pub(super) fn into_faults(self) -> Faults {
        Faults::new(self.file.display().to_string(), self.faults.into_inner())
    }

    fn has_fault_within(&self, key: &str) -> bool {
        let within = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        self.faults.borrow().iter().any(|fault| fault.key.strip_prefix(key).is_some_and(within))
    }

    /// Whether a fault of a path that nobody wrote has its cause elsewhere: a bad path above it, or
    /// an id that two providers have.
    fn follows(&self, ConfigFault { key, fault, .. }: &ConfigFault, found: &[ConfigFault]) -> bool {
        let is_duplicate = |id: &str| {
            found
                .iter()
                .any(|other| other.key == id && matches!(other.fault, CoreFault::Duplicate { .. }))
        };
        if self.lines.borrow().contains_key(key) {
            return false;
        }
        let table = key.strip_suffix(".callback_path");
        matches!(fault, CoreFault::BadPath)
            || (matches!(fault, CoreFault::PathTaken { .. })
                && table.is_some_and(|table| is_duplicate(&format!("{table}.id"))))
    }

    /// The line of a key, or of the nearest one around it: for a path that is not written
    /// `paths.mount`, else its table.
    fn line_around(&self, key: &str) -> usize {
        let lines = self.lines.borrow();
        let mut around = key;
        loop {
            if let Some(line) = lines.get(around) {
                return *line;
            }
            let Some(end) = around.rfind(['.', '[']) else {
                return 1;
            };
            around = &around[..end];
            if let Some(line) = lines.get(&format!("{around}.mount")) {
                return *line;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one_and_start_after_the_break() {
        let notes = Notes::new(Path::new("vestibule.toml"), "a\nbc\n\nd");
        assert_eq!([0, 1, 2, 3, 5, 6].map(|offset| notes.line_at(offset)), [1, 1, 2, 2, 3, 4]);
    }

    #[test]
    fn a_key_that_is_not_written_stands_where_its_table_does() {
        let notes = Notes::new(Path::new("vestibule.toml"), "");
        notes.saw("provider[1]", 7);
        assert_eq!(notes.line_around("provider[1].callback_path"), 7);
        assert_eq!(notes.line_around("signing_key"), 1);
    }
}
