//! HTTP/2 in frames (RFC 9113 §4.1), for what no client library would do.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame that does not come makes a test fail, not hang.
const BOUND: Duration = Duration::from_secs(20);

pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// The preface and our settings.
pub(crate) fn beginning() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &[])[..]].concat()
}

/// The same, with as many bytes of an answer as the server may send unasked.
pub(crate) fn beginning_with_window(window: u32) -> Vec<u8> {
    // SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.5.2).
    let setting = [&4_u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &setting)[..]].concat()
}

/// A header field that is not indexed (RFC 7541 §6.2.2).
pub(crate) fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        integer(text.len(), &mut field);
        field.extend(text.as_bytes());
    }
    field
}

/// With a prefix of seven bits (RFC 7541 §5.1).
fn integer(number: usize, into: &mut Vec<u8>) {
    if number < 127 {
        into.push(u8::try_from(number).unwrap());
        return;
    }
    into.push(127);
    let mut rest = number - 127;
    while rest >= 128 {
        into.push(u8::try_from(rest % 128 + 128).unwrap());
        rest /= 128;
    }
    into.push(u8::try_from(rest).unwrap());
}

/// `:method` GET or POST, `:scheme` http of the static table (RFC 7541 Appendix A), and a path.
fn head(method: u8, path: &str, more: &[u8]) -> Vec<u8> {
    [&[method, 0x86][..], &literal(":path", path), &literal(":authority", "as.test"), more].concat()
}

/// `GET /` with more header fields, in as many frames as they need.
pub(crate) fn request(stream: u32, more: &[u8]) -> Vec<u8> {
    let block = head(0x82, "/", more);
    let mut pieces = block.chunks(16 * 1024).peekable();
    let mut frames = Vec::new();
    let (mut kind, mut flags) = (HEADERS, END_STREAM);
    while let Some(piece) = pieces.next() {
        let end = if pieces.peek().is_none() { END_HEADERS } else { 0 };
        frames.extend(frame(kind, flags | end, stream, piece));
        (kind, flags) = (CONTINUATION, 0);
    }
    frames
}

/// The beginning of `GET /`: more of its head follows.
pub(crate) fn open_request(stream: u32, more: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_STREAM, stream, &head(0x82, "/", more))
}

/// A `POST` whose body has begun.
pub(crate) fn open_body(stream: u32) -> Vec<u8> {
    post(stream, 0)
}

/// One whose body has ended, too.
pub(crate) fn whole_body(stream: u32) -> Vec<u8> {
    post(stream, END_STREAM)
}

fn post(stream: u32, end: u8) -> Vec<u8> {
    let begun = frame(HEADERS, END_HEADERS, stream, &head(0x83, "/oauth/token", &[]));
    [begun, frame(DATA, end, stream, b"a")].concat()
}

/// Lets the server send so many more bytes of an answer; stream 0 is all of them.
pub(crate) fn window(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

pub(crate) fn metadata(stream: u32) -> Vec<u8> {
    let path = "/.well-known/oauth-authorization-server";
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &head(0x82, path, &[]))
}

/// A request without a body, with its cookie.
pub(crate) fn sign_in(stream: u32, request: &http::Request<Bytes>) -> Vec<u8> {
    let cookie = literal("cookie", request.headers()["cookie"].to_str().unwrap());
    let block = head(0x82, &request.uri().to_string(), &cookie);
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &block)
}

/// Where the server has closed already, what it said is still there to be read.
pub(crate) async fn send(client: &mut TcpStream, frames: &[u8]) {
    let _ = client.write_all(frames).await;
}

/// The next frame of a kind.
pub(crate) async fn until(client: &mut TcpStream, kind: u8) -> Frame {
    let reading = async {
        loop {
            let frame = read_frame(client).await.unwrap();
            if frame.kind == kind {
                return frame;
            }
        }
    };
    timeout(BOUND, reading).await.unwrap()
}

pub(crate) async fn read_frame(client: &mut TcpStream) -> std::io::Result<Frame> {
    let read = async {
        let mut head = [0; 9];
        client.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        client.read_exact(&mut payload).await?;
        Ok(Frame { kind: head[3], stream, payload })
    };
    timeout(BOUND, read).await.unwrap()
}
