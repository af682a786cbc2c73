use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vestibule_core::{Parts, Request};

/// What a body that has begun counts at least, in bytes: most of our clients' forms fit.
const LEAST: usize = 1024;

/// A body as far as it was read.
pub(crate) struct Read {
    pub(crate) content: Content,
    pub(crate) room: Room,
}

pub(crate) enum Content {
    Whole(Bytes),
    TooLarge,
    TooSlow,
}

impl Content {
    /// The request that had this body.
    pub(crate) fn under(self, head: Parts) -> Request {
        match self {
            Self::Whole(body) => Request::new(head, body),
            Self::TooLarge => Request::too_large(head),
            Self::TooSlow => Request::too_slow(head),
        }
    }

    /// Whether the body was read to its end.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The body broke off or was malformed: nothing can be made of it.
    Broken,
    /// All bodies together hold as much as they may.
    NoRoom,
}

/// What a body holds of [`Options::body_memory`](crate::Options::body_memory), until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// More room, if there is any. Nobody waits for it: whoever did would hold what he has while
    /// others wait for that.
    fn more(&mut self, budget: &Arc<Semaphore>, bytes: usize) -> Result<(), Unread> {
        let bytes = u32::try_from(bytes).map_err(|_| Unread::NoRoom)?;
        let more = Arc::clone(budget).try_acquire_many_owned(bytes).map_err(|_| Unread::NoRoom)?;
        match &mut self.0 {
            Some(held) => held.merge(more),
            None => self.0 = Some(more),
        }
        Ok(())
    }
}

/// Reads a request's body to its end, no further than [`Request::BODY_LIMIT`], no longer than
/// `deadline`, and only while there is room for it in `budget`, a permit a byte.
///
/// What counts is what is held and not what was announced: a client that announces a long body and
/// sends none of it keeps no other from sending his.
pub(crate) async fn read<B>(
    body: B,
    deadline: Duration,
    budget: &Arc<Semaphore>,
) -> Result<Read, Unread>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut room = Room::default();
    // Most requests have no body; they need no timer, and no place for what reads.
    if body.is_end_stream() {
        return Ok(Read { content: Content::Whole(Bytes::new()), room });
    }
    // What announces to be too long is not asked for: a client that waits for `100 Continue` never
    // sends it.
    if body.size_hint().lower() > Request::BODY_LIMIT as u64 {
        return Ok(Read { content: Content::TooLarge, room });
    }
    let reading = Box::pin(whole(body, budget, &mut room));
    let content = match tokio::time::timeout(deadline, reading).await {
        Ok(Ok(Some(whole))) => Content::Whole(whole.into()),
        Ok(Ok(None)) => Content::TooLarge,
        Ok(Err(unread)) => return Err(unread),
        Err(_passed) => Content::TooSlow,
    };
    Ok(Read { content, room })
}

/// The whole body, copied together, since a piece of one byte may keep a whole buffer alive; `None`
/// where it is too long.
async fn whole<B: Body>(
    body: B,
    budget: &Arc<Semaphore>,
    room: &mut Room,
) -> Result<Option<Vec<u8>>, Unread> {
    let mut body = pin!(body);
    let mut whole = Vec::new();
    let mut held = 0;
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.map_err(|_| Unread::Broken)?.into_data() else {
            continue;
        };
        let length = whole.len() + data.remaining();
        if length > Request::BODY_LIMIT {
            return Ok(None);
        }
        if length > held {
            // Twice as much each time, up to the limit, which is one of these steps.
            let needed = length.next_power_of_two().max(LEAST);
            room.more(budget, needed - held)?;
            whole.reserve_exact(needed - whole.len());
            held = needed;
        }
        while data.has_remaining() {
            let piece = data.chunk();
            whole.extend_from_slice(piece);
            let read = piece.len();
            data.advance(read);
        }
    }
    Ok(Some(whole))
}
