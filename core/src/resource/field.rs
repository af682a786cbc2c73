//! The `WWW-Authenticate` field of a protected resource, written in one place.

use http::HeaderValue;

use crate::check::scope::is_token;

/// One challenge of the scheme `Bearer`, parameter by parameter (RFC 6750 §3, RFC 9728 §5.1).
///
/// Clients read it naively, and some the first scheme only: there is one challenge, and every value
/// is a quoted-string (RFC 9110 §5.6.4). Whatever is put in, nothing comes out that the RFCs do not
/// allow there.
pub(crate) struct BearerField {
    text: String,
    has_parameter: bool,
}

impl BearerField {
    pub(crate) fn new() -> Self {
        Self { text: "Bearer".to_owned(), has_parameter: false }
    }

    /// RFC 6750 §3: `error` and `error_description` have neither quotes nor backslashes, nor
    /// anything but ASCII. A double quote becomes a single one, anything else a space.
    pub(crate) fn words(self, name: &'static str, text: &str) -> Self {
        let words: String = text.chars().map(sayable).collect();
        if words.trim().is_empty() { self } else { self.parameter(name, &words) }
    }

    /// RFC 9728 §5.1. What cannot be a URL is left out: half of one leads elsewhere.
    pub(crate) fn url(self, name: &'static str, url: &str) -> Self {
        let fits = !url.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { self.parameter(name, url) } else { self }
    }

    /// RFC 6750 §3: one space between two scopes. What is no scope is left out, and so is
    /// `offline_access`, which nobody needs in order to call a resource (MCP authorization, Refresh
    /// Tokens).
    pub(crate) fn scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        let scopes: Vec<&str> = scopes.into_iter().filter(|scope| may_be_asked(scope)).collect();
        if scopes.is_empty() { self } else { self.parameter("scope", &scopes.join(" ")) }
    }

    fn parameter(mut self, name: &'static str, value: &str) -> Self {
        self.text.push_str(if self.has_parameter { ", " } else { " " });
        self.has_parameter = true;
        self.text.push_str(name);
        self.text.push_str("=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                self.text.push('\\');
            }
            self.text.push(c);
        }
        self.text.push('"');
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn value(&self) -> HeaderValue {
        // All of it is visible ASCII and spaces; were it not, the bare scheme still says "no".
        HeaderValue::from_str(&self.text).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// Whether a scope may stand in a challenge and among a resource's `scopes_supported`.
pub(crate) fn may_be_asked(scope: &str) -> bool {
    is_token(scope) && scope != "offline_access"
}

fn sayable(c: char) -> char {
    match c {
        '"' => '\'',
        '\\' => ' ',
        ' '..='~' => c,
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_escaped() {
        let field = BearerField::new().url("resource_metadata", r#"https://a.test/"x\y"#);
        assert_eq!(field.text, r#"Bearer resource_metadata="https://a.test/\"x\\y""#);
    }

    #[test]
    fn words_are_reduced_to_the_characters_of_rfc_6750() {
        let field = BearerField::new().words("error_description", "no \"x\"\r\n\\ é, error=\"y\"");
        assert_eq!(field.text, "Bearer error_description=\"no 'x'     , error='y'\"");
        assert_eq!(field.value().to_str().unwrap(), field.text);
    }

    #[test]
    fn what_does_not_belong_there_is_left_out() {
        let field = BearerField::new()
            .words("error", " \u{7f}")
            .url("resource_metadata", "https://a.test/\r\nx: y")
            .scopes(["offline_access", "a b", "", "\"", "a\\"]);
        assert_eq!(field.text, "Bearer");
    }

    #[test]
    fn scopes_are_separated_by_one_space() {
        let field = BearerField::new().words("error", "insufficient_scope").scopes(["a", "b"]);
        assert_eq!(field.text, "Bearer error=\"insufficient_scope\", scope=\"a b\"");
    }
}
