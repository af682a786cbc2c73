//! Bytes on a socket, and what came back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header field that stands there once.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} stands twice: {self:?}");
        Some(&value.1)
    }
}

/// Sends a request on a connection of its own, which is kept open as the clients do, and reads the
/// answer to its end.
pub(crate) fn exchange(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.strip_suffix("\r\n").unwrap_or_else(|| panic!("{line:?}")).to_owned()
    };
    let first = line();
    let status = first.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{first:?}"));
    let status = status.split(' ').next().unwrap().parse().unwrap();
    let fields: Vec<_> = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()))
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            (name.to_owned(), value.to_owned())
        })
        .collect();
    let mut answer = Answer { status, fields, body: String::new() };
    // Nothing was said that not every client reads.
    assert_eq!(answer.field("transfer-encoding"), None);
    assert_eq!(answer.field("content-encoding"), None);
    let length = answer.field("content-length").map_or(0, |length| length.parse().unwrap());
    if !request.starts_with("HEAD ") {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        answer.body = String::from_utf8(body).unwrap();
    }
    answer
}
