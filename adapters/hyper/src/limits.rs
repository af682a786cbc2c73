use std::time::Duration;

/// What [`serve`](crate::serve()) lets a client do to a connection, and how many there may be.
///
/// What a request may hold is bounded elsewhere: its body by
/// [`Request::BODY_LIMIT`](vestibule_core::Request::BODY_LIMIT) and
/// [`Options::body_deadline`](crate::Options::body_deadline).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// How many connections may be open at once. Default 4096; one more waits, unaccepted, until
    /// another has ended. Each is one of the files that the process may have open.
    pub connections: u32,
    /// How long nothing may be asked on a connection. Default 75 seconds; then it is closed,
    /// whatever else happens on it: nothing comes, the head of a request comes byte by byte, or an
    /// answer is not read. Proxies keep idle connections for 60 seconds; one that sends into a
    /// connection which we are closing answers with 502, so it is the proxy who should close first.
    ///
    /// The time runs while no handler does, so it also bounds how long the body of an answer may
    /// take to be sent.
    pub idle_deadline: Duration,
    /// How long after that, and at shutdown, requests that are being answered may still take.
    /// Default 10 seconds.
    pub grace: Duration,
    /// The longest head of a request, in bytes. Default 32 KiB: cookies of a browser's sign-ins, a
    /// long authorization request, and as much again. A longer one is answered with 431. Not less
    /// than 8 KiB.
    pub head: u32,
    /// How many requests may run on one HTTP/2 connection at once. Default 200: proxies carry many
    /// people over one connection.
    pub streams: u32,
    /// How long the other side of an HTTP/2 connection may be silent before it is asked whether it
    /// is still there, and how long it may take to say so. Default 20 seconds.
    pub ping: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            idle_deadline: Duration::from_secs(75),
            grace: Duration::from_secs(10),
            head: 32 * 1024,
            streams: 200,
            ping: Duration::from_secs(20),
        }
    }
}
