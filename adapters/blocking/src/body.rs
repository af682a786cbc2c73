use std::io::{self, Read};

use bytes::Bytes;
use vestibule_core::{Parts, Request};

/// Reads a request's body to its end, no further than [`Request::BODY_LIMIT`].
///
/// A blocking server bounds the time by a timeout of its socket; where it strikes, the request is
/// [`Request::too_slow`].
///
/// # Errors
/// What the body answered: the connection broke, or what came is no HTTP. There is nobody to answer
/// then.
pub fn read(parts: Parts, body: impl Read) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let one_too_many = Request::BODY_LIMIT as u64 + 1;
    match body.take(one_too_many).read_to_end(&mut bytes) {
        // A body of one byte too many is told from one that fits by `Request` itself.
        Ok(_) => Ok(Request::new(parts, Bytes::from(bytes))),
        // Which of the two a socket says when its timeout passes depends on the system.
        Err(failed)
            if matches!(failed.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
        {
            Ok(Request::too_slow(parts))
        }
        Err(failed) => Err(failed),
    }
}
