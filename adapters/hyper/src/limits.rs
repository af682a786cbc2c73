use std::time::Duration;

/// What [`serve`](crate::serve()) lets a client do to a connection, and how many there may be.
///
/// What requests may hold is bounded elsewhere: a body by
/// [`Request::BODY_LIMIT`](vestibule_core::Request::BODY_LIMIT) and
/// [`Options::body_deadline`](crate::Options::body_deadline), all of them together by
/// [`Options::body_memory`](crate::Options::body_memory).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// How many connections may be open at once. Default 4096; `0` lets nobody in. Each is one of
    /// the files that the process may have open.
    ///
    /// Where all are taken, one more takes the place of another on which no request is being
    /// answered: of the one that has waited longest without ever having asked anything, or else of
    /// the one that has asked nothing for longest. Where requests are being answered on all, it
    /// waits.
    pub connections: u32,
    /// How long the head of a request may take: from its first byte to its end, and on a new
    /// connection from its beginning to the end of the first head. Default 10 seconds; then the
    /// connection is closed.
    ///
    /// On an HTTP/2 connection on which something was asked before, a head that is not whole is
    /// bounded by [`Limits::idle_deadline`].
    pub head_deadline: Duration,
    /// How long nothing may be asked on a connection where something was, and how long a client may
    /// take to take an answer. Default 75 seconds; then the connection is closed. Proxies keep idle
    /// connections for 60 seconds; one that sends into a connection which we are closing answers
    /// with 502, so it is the proxy who should close first.
    pub idle_deadline: Duration,
    /// How long after that, and at shutdown, answers may still take to be written once the last is
    /// made. Default 10 seconds.
    pub grace: Duration,
    /// The longest head of a request, in bytes. Default 32 KiB: cookies of a browser's sign-ins, a
    /// long authorization request, and as much again. A longer one is answered with 431, and so is
    /// an HTTP/1.1 head of more than 100 fields. Not less than 8 KiB.
    pub head: u32,
    /// How many requests may run on one HTTP/2 connection at once. Default 32: a proxy that carries
    /// more people than that opens another connection, or lets them wait.
    pub streams: u32,
    /// How long the other side of an HTTP/2 connection may be silent, whether requests run or none
    /// does, before it is asked whether it is still there; and how long it may take to say so.
    /// Default 20 seconds.
    pub ping: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head_deadline: Duration::from_secs(10),
            idle_deadline: Duration::from_secs(75),
            grace: Duration::from_secs(10),
            head: 32 * 1024,
            streams: 32,
            ping: Duration::from_secs(20),
        }
    }
}
