//! How the HTTP libraries of the clients write a request: which fields they add, in which order and
//! spelling.

use crate::site::HOST;

/// `fetch` of Node.js (undici): the caller's fields between its own, all in lower case.
pub(crate) fn node(line: &str, own: &[(&str, &str)], body: Option<&str>) -> String {
    let mut fields = vec![("host", HOST), ("connection", "keep-alive")];
    fields.extend(own);
    if !own.iter().any(|(name, _)| *name == "accept") {
        fields.push(("accept", "*/*"));
    }
    fields.extend([
        ("accept-language", "*"),
        ("sec-fetch-mode", "cors"),
        ("user-agent", "node"),
        ("accept-encoding", "gzip, deflate"),
    ]);
    written(line, &fields, "content-length", body)
}

/// httpx of Python: its own fields first.
pub(crate) fn httpx(line: &str, own: &[(&str, &str)], body: Option<&str>) -> String {
    let mut fields = vec![
        ("Host", HOST),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Connection", "keep-alive"),
        ("User-Agent", "python-httpx/0.28.1"),
    ];
    fields.extend(own);
    written(line, &fields, "Content-Length", body)
}

/// reqwest of Rust: the caller's fields first, the host behind them.
pub(crate) fn reqwest(line: &str, own: &[(&str, &str)], body: Option<&str>) -> String {
    let mut fields = own.to_vec();
    if !own.iter().any(|(name, _)| *name == "accept") {
        fields.push(("accept", "*/*"));
    }
    fields.push(("host", HOST));
    written(line, &fields, "content-length", body)
}

/// `fetch` of Bun, on which Claude Code runs.
pub(crate) fn bun(line: &str, own: &[(&str, &str)], body: Option<&str>) -> String {
    let mut fields = own.to_vec();
    fields.extend([
        ("Connection", "keep-alive"),
        ("User-Agent", "claude-code/2.1.0"),
        ("Accept", "*/*"),
        ("Host", HOST),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ]);
    written(line, &fields, "Content-Length", body)
}

fn written(line: &str, fields: &[(&str, &str)], length: &str, body: Option<&str>) -> String {
    let mut request = format!("{line} HTTP/1.1\r\n");
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        request.push_str(&format!("{length}: {}\r\n", body.len()));
    }
    request + "\r\n" + body.unwrap_or_default()
}

/// `URLSearchParams` of JavaScript and the crate `form_urlencoded`.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `urlencode` of Python, by `quote_plus`: `~` stays, `*` does not.
pub(crate) fn urlencode(pairs: &[(&str, &str)]) -> String {
    let quote_plus = |text: &str| quote(text).replace("%20", "+");
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", quote_plus(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// `quote(text, safe="")` of Python.
pub(crate) fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { (b as char).into() } else { format!("%{b:02X}") }).collect()
}
