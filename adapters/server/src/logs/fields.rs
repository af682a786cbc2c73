//! The fields of a line, as `tracing_subscriber` writes them.

use std::error::Error;
use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{MakeVisitor, VisitFmt, VisitOutput};
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

/// Writes fields as [`DefaultVisitor`] does, and what needs no escapes without looking for them
/// character by character: a line has a dozen fields, and nearly all of them are such.
pub(super) struct Fields;

impl<'w> MakeVisitor<Writer<'w>> for Fields {
    type Visitor = Visitor<'w>;

    fn make_visitor(&self, writer: Writer<'w>) -> Visitor<'w> {
        Visitor { writer, is_empty: true, result: Ok(()) }
    }
}

pub(super) struct Visitor<'w> {
    writer: Writer<'w>,
    /// Whether nothing was written yet.
    is_empty: bool,
    result: fmt::Result,
}

impl Visitor<'_> {
    /// Writes a field with `value` where that is all there is to it.
    fn plain(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        self.result = self.result.and_then(|()| {
            self.writer.write_str(if self.is_empty { "" } else { " " })?;
            self.writer.write_str(field.name())?;
            self.writer.write_char('=')?;
            value(&mut self.writer)
        });
        self.is_empty = false;
    }

    /// Leaves a field to the visitor that knows all of them.
    fn other(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        self.result = self.result.and_then(|()| {
            let mut visitor = DefaultVisitor::new(self.writer.by_ref(), self.is_empty);
            record(&mut visitor);
            visitor.finish()
        });
        self.is_empty = false;
    }

    /// Whether a field's name is written as it is: neither as a message nor in colour.
    fn is_plain(&self, field: &Field) -> bool {
        let name = field.name();
        name != "message" && !name.starts_with("r#") && !self.writer.has_ansi_escapes()
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Exactly what `Debug` leaves as it is, of ASCII. What was cut short ends with the ellipsis,
        // which it leaves too.
        let plain = |byte: u8| matches!(byte, b' '..=b'~') & !matches!(byte, b'"' | b'\\');
        let start = value.strip_suffix('…').unwrap_or(value);
        // Without an early end, many bytes are looked at together.
        let all_plain = start.bytes().fold(true, |all, byte| all & plain(byte));
        if all_plain && self.is_plain(field) {
            self.plain(field, |writer| {
                writer.write_char('"')?;
                writer.write_str(value)?;
                writer.write_char('"')
            });
        } else {
            self.other(|visitor| visitor.record_str(field, value));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.is_plain(field) {
            self.plain(field, |writer| write!(writer, "{value}"));
        } else {
            self.other(|visitor| visitor.record_u64(field, value));
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if self.is_plain(field) {
            self.plain(field, |writer| write!(writer, "{value:?}"));
        } else {
            self.other(|visitor| visitor.record_f64(field, value));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.other(|visitor| visitor.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.other(|visitor| visitor.record_debug(field, value));
    }
}

impl VisitOutput<fmt::Result> for Visitor<'_> {
    fn finish(self) -> fmt::Result {
        self.result
    }
}

impl VisitFmt for Visitor<'_> {
    fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::FormatFields;
    use tracing_subscriber::fmt::format::DefaultFields;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The line that `text` and values of every other kind come to.
    fn line<F>(fields: F, ansi: bool, text: &str) -> String
    where
        F: for<'w> FormatFields<'w> + Send + Sync + 'static,
    {
        let written = Written::default();
        let to = written.clone();
        let logs = tracing_subscriber::fmt()
            .fmt_fields(fields)
            .with_ansi(ansi)
            .without_time()
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(logs, || {
            let error = io::Error::other(text.to_owned());
            let error: &(dyn Error + 'static) = &error;
            tracing::info!(
                text,
                status = 200_u16,
                duration_ms = 0.25,
                r#type = text,
                absent = None::<&str>
            );
            tracing::info!(count = -1, yes = true, error, %text, "{text}");
        });
        let bytes = std::mem::take(&mut *written.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_are_what_they_would_be_without() {
        let all: String = ('\0'..='\u{2FF}').chain(['\u{202E}', '\u{1F600}']).collect();
        let each = all.chars().map(String::from);
        for text in each.chain([all.clone(), String::new(), "/oauth/tok…".to_owned()]) {
            for ansi in [false, true] {
                let own = line(Fields, ansi, &text);
                assert_eq!(own, line(DefaultFields::new(), ansi, &text));
            }
        }
    }

    #[test]
    fn a_field_is_its_name_and_its_value_in_quotes() {
        assert!(line(Fields, false, "a\nb").contains(r#"text="a\nb" status=200 duration_ms=0.25"#));
    }
}
