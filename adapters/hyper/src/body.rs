use std::error::Error;
use std::time::Duration;

use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use vestibule_core::{Parts, Request};

/// A request whose body broke off or was malformed: nothing can be made of it.
#[derive(Debug)]
pub(crate) struct Broken;

/// Reads a request's body to its end, no further than [`Request::BODY_LIMIT`] and no longer than
/// `deadline`.
pub(crate) async fn read<B>(parts: Parts, body: B, deadline: Duration) -> Result<Request, Broken>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // Most requests have no body; they need no timer.
    if body.is_end_stream() {
        return Ok(Request::new(parts, bytes::Bytes::new()));
    }
    // What announces to be too long is not asked for: a client that waits for `100 Continue` never
    // sends it.
    if body.size_hint().lower() > Request::BODY_LIMIT as u64 {
        return Ok(Request::too_large(parts));
    }
    let reading = Limited::new(body, Request::BODY_LIMIT).collect();
    match tokio::time::timeout(deadline, reading).await {
        Ok(Ok(whole)) => Ok(Request::new(parts, whole.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Ok(Request::too_large(parts)),
        Ok(Err(_)) => Err(Broken),
        Err(_passed) => Ok(Request::too_slow(parts)),
    }
}
