//! Secret values: the secret itself, `{ env = "NAME" }` or `{ file = "PATH" }`.

use std::env::{self, VarError};
use std::fs;

use super::value::Value;

const FORMS: &str = "{ env = \"NAME\" } or { file = \"PATH\" }";

/// The secret that a value holds or points to. What is wrong with it is told without it.
pub(super) fn secret(value: &Value<'_>) -> Option<String> {
    let found =
        if value.is_table() { pointed_to(value) } else { value.any_text().map(str::to_owned) };
    if found.as_ref().is_some_and(String::is_empty) {
        value.fault("is empty; `vestibule keys new` makes a secret");
        return None;
    }
    found
}

/// A list of secrets; those that could be read.
pub(super) fn secrets<'d>(value: &Value<'d>) -> Vec<(Value<'d>, String)> {
    let items = value.items(&format!("a list of secrets, each a string, {FORMS}"));
    let read = |item| secret(&item).map(|secret| (item, secret));
    items.unwrap_or_default().into_iter().filter_map(read).collect()
}

fn pointed_to(value: &Value<'_>) -> Option<String> {
    let table = value.table(FORMS, &["env", "file"])?;
    match (table.find("env"), table.find("file")) {
        (Some(name), None) => from_environment(value, name.text()?),
        (None, Some(path)) => from_file(value, path.text()?),
        (Some(_), Some(_)) | (None, None) => {
            value.fault(format_args!("must be a string, {FORMS}"));
            None
        }
    }
}

fn from_environment(value: &Value<'_>, name: &str) -> Option<String> {
    // The name is quoted: it may hold anything, and `=` or NUL is no variable's name.
    if name.contains(['=', '\0']) {
        value.fault(format_args!("{name:?} is no name of an environment variable"));
        return None;
    }
    match env::var(name) {
        Ok(secret) => Some(secret),
        Err(VarError::NotPresent) => {
            value.fault(format_args!(
                "the environment variable {name:?} is not set; set it before starting"
            ));
            None
        }
        Err(VarError::NotUnicode(_)) => {
            value.fault(format_args!("the environment variable {name:?} is not UTF-8"));
            None
        }
    }
}

fn from_file(value: &Value<'_>, path: &str) -> Option<String> {
    let path = value.folder().join(path);
    match fs::read_to_string(&path) {
        // Editors and shells end a file with a line break; it is no part of the secret.
        Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => {
            value.fault(format_args!(
                "the file {path:?} cannot be read: {error}; its path is relative to this file"
            ));
            None
        }
    }
}
