use std::fmt;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::notes::Notes;
use super::table::Table;

/// A value of the file, with its key and line. Each way to read it remembers what is wrong and then
/// answers `None`.
pub(super) struct Value<'d> {
    notes: &'d Notes,
    key: String,
    line: usize,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    pub(super) fn new(
        notes: &'d Notes,
        key: String,
        line: usize,
        value: &'d Spanned<DeValue<'d>>,
    ) -> Self {
        Self { notes, key, line, value }
    }

    /// Text, not empty.
    pub(super) fn text(&self) -> Option<&'d str> {
        let text = self.any_text()?;
        if text.is_empty() {
            self.fault("must not be empty");
            return None;
        }
        Some(text)
    }

    /// Text, perhaps empty.
    pub(super) fn any_text(&self) -> Option<&'d str> {
        self.of_type(self.value.get_ref().as_str(), "a string, like \"…\"")
    }

    /// Text that means something else.
    pub(super) fn parsed<T, E: fmt::Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.text().and_then(|text| self.accept(parse(text)))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        self.of_type(self.value.get_ref().as_bool(), "true or false")
    }

    /// A whole number from 0 on.
    pub(super) fn number(&self) -> Option<u32> {
        let number = self.of_type(self.value.get_ref().as_integer(), "a number, like 600")?;
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Some(number),
            Err(_) => self.refuse(format_args!("must be a number from 0 to {}", u32::MAX)),
        }
    }

    /// `"15m"`, `"30d"`, `"0s"`; whole seconds.
    pub(super) fn duration(&self) -> Option<Duration> {
        let text =
            self.of_type(self.value.get_ref().as_str(), "a duration, like \"15m\" or \"30d\"")?;
        match humantime::parse_duration(text) {
            Ok(duration) if duration.subsec_nanos() == 0 => Some(duration),
            Ok(_) => self.refuse("must be whole seconds"),
            Err(_) => {
                self.refuse("is not a duration; write it like \"60s\", \"15m\", \"12h\" or \"30d\"")
            }
        }
    }

    /// A list of texts, none of them empty.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        let items = self.items("a list of strings, like [\"…\", \"…\"]")?;
        // Every item is read, so that each one's fault is found.
        let texts: Vec<_> = items.iter().map(|item| item.text().map(str::to_owned)).collect();
        texts.into_iter().collect()
    }

    /// One text, or a list of some.
    pub(super) fn text_or_texts(&self) -> Option<Vec<String>> {
        if self.value.get_ref().is_array() {
            let texts = self.texts()?;
            return if texts.is_empty() { self.refuse("must not be empty") } else { Some(texts) };
        }
        let what = "a string or a list of strings, like \"…\" or [\"…\", \"…\"]";
        self.of_type(self.value.get_ref().as_str(), what)?;
        self.text().map(|text| vec![text.to_owned()])
    }

    /// A list of anything.
    pub(super) fn items(&self, what: &str) -> Option<Vec<Value<'d>>> {
        let array = self.of_type(self.value.get_ref().as_array(), what)?;
        let item = |(n, value): (usize, &'d Spanned<DeValue<'d>>)| {
            let key = format!("{}[{n}]", self.key);
            let item = Self::new(self.notes, key, self.notes.line_at(value.span().start), value);
            item.saw();
            item
        };
        Some(array.iter().enumerate().map(item).collect())
    }

    /// A table with these keys; no keys given: any.
    pub(super) fn table(&self, title: &'static str, known: &[&str]) -> Option<Table<'d>> {
        let entries =
            self.of_type(self.value.get_ref().as_table(), &format!("a table, {title}"))?;
        Some(Table::new(self.notes, self.key.clone(), title, self.line, entries, known))
    }

    /// A list of tables with these keys, as `[[provider]]` makes one.
    pub(super) fn tables(&self, title: &'static str, known: &[&str]) -> Vec<Table<'d>> {
        let items = self.items(&format!("a list of tables, each {title}")).unwrap_or_default();
        // All or none: what is wrong is named by its place in the list, so that no place may be
        // left out.
        let tables: Vec<_> = items.iter().map(|item| item.table(title, known)).collect();
        tables.into_iter().collect::<Option<_>>().unwrap_or_default()
    }

    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    /// Remembers what is wrong.
    pub(super) fn fault(&self, text: impl fmt::Display) {
        self.notes.fault(&self.key, self.line, text);
    }

    /// The value, or remembers what is wrong.
    pub(super) fn accept<T, E: fmt::Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.fault(error)).ok()
    }

    /// Remembers where it stands.
    pub(super) fn saw(&self) {
        self.notes.saw(&self.key, self.line);
    }

    /// The folder that paths are relative to.
    pub(super) fn folder(&self) -> &'d std::path::Path {
        self.notes.folder()
    }

    fn refuse<T>(&self, text: impl fmt::Display) -> Option<T> {
        self.fault(text);
        None
    }

    fn of_type<T>(&self, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            let kind = self.value.get_ref().type_str();
            self.fault(format_args!("must be {what}; this is of type {kind}"));
        }
        value
    }
}
