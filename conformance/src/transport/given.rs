use std::net::IpAddr;
use std::sync::Arc;
use std::{fmt, io};

use vestibule_core::drive::blocking::Transport;

/// What is put under the contract: something that makes transports. A function from [`Given`] to a
/// transport is one.
pub trait Subject {
    /// A transport with an empty connection pool.
    fn transport(&self, given: Given) -> Box<dyn Transport>;
}

impl<F, T> Subject for F
where
    F: Fn(Given) -> T,
    T: Transport + 'static,
{
    fn transport(&self, given: Given) -> Box<dyn Transport> {
        Box::new(self(given))
    }
}

/// The world that a transport is to live in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Given {
    /// Resolves names instead of the machine's resolver, for calls of every reach.
    pub resolver: Resolver,
    /// PEM certificates to trust beside those that the machine trusts.
    pub root_certificates: Option<String>,
}

impl Given {
    pub(crate) fn new(resolver: Resolver, root_certificates: Option<&str>) -> Self {
        Self { resolver, root_certificates: root_certificates.map(str::to_owned) }
    }
}

/// Says what a name resolves to.
#[derive(Clone)]
pub struct Resolver(Arc<Answer>);

type Answer = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

impl Resolver {
    pub(crate) fn new(
        answer: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }

    /// The addresses of a name. May block, as the machine's resolver does.
    ///
    /// # Errors
    /// Where there is no such name.
    pub fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        (self.0)(name)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
