use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, redirect};
use vestibule_core::Reach;

use super::ReqwestTransport;
use super::resolve::{Judging, Lookup, by_the_machine};

/// How long a connection to a provider is kept open for the next call. Servers close idle
/// connections after 5 seconds and more; a call sent at that very moment is lost, and a POST is not
/// sent again. So it is us who closes first.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one host.
const KEPT_PER_HOST: usize = 64;

/// Makes a [`ReqwestTransport`] that differs from [`ReqwestTransport::new`].
///
/// ```no_run
/// # async fn ask_somebody(name: String) -> std::io::Result<Vec<std::net::IpAddr>> { Ok(vec![]) }
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = vestibule_hyper::ReqwestTransport::builder()
///     .resolver(ask_somebody)
///     .root_certificates(&std::fs::read("our-authority.pem")?)?
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct ReqwestTransportBuilder {
    lookup: Option<Lookup>,
    roots: Vec<Certificate>,
}

impl ReqwestTransportBuilder {
    /// Resolves names with this instead of the machine's resolver, for calls of every reach. It is
    /// asked once for a connection, and what it answers is judged as the machine's answer is. An
    /// error of it is a connection that failed.
    ///
    /// For names that came from outside it is asked 16 times at once at most, on tasks of their
    /// own, which a call's deadline does not end: it should have an end of its own.
    #[must_use]
    pub fn resolver<R, F>(mut self, resolver: R) -> Self
    where
        R: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        self.lookup = Some(Arc::new(move |name| Box::pin(resolver(name))));
        self
    }

    /// Trusts these certificate authorities too, beside those that the machine trusts: one PEM
    /// certificate or several.
    ///
    /// # Errors
    /// [`NoCertificate`] where there is none, or one is no PEM. What is PEM but no certificate is
    /// found by [`build`](Self::build).
    pub fn root_certificates(mut self, pem: &[u8]) -> Result<Self, NoCertificate> {
        let found = Certificate::from_pem_bundle(pem)
            .map_err(|source| NoCertificate { source: Some(source.into()) })?;
        if found.is_empty() {
            return Err(NoCertificate { source: None });
        }
        self.roots.extend(found);
        Ok(self)
    }

    /// Reads the machine's trusted certificates and makes the connection pools.
    ///
    /// # Errors
    /// [`NoTransport`] where a root certificate that was added cannot be used, no certificate is
    /// trusted at all, or TLS cannot be set up.
    pub fn build(self) -> Result<ReqwestTransport, NoTransport> {
        let configured = match &self.lookup {
            Some(lookup) => self.client(Some((lookup, Reach::Configured)))?,
            None => self.client(None)?,
        };
        let lookup = self.lookup.clone().unwrap_or_else(by_the_machine);
        let public = self.client(Some((&lookup, Reach::PublicAddresses)))?;
        Ok(ReqwestTransport { configured, public })
    }

    fn client(&self, resolver: Option<(&Lookup, Reach)>) -> Result<reqwest::Client, NoTransport> {
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            // Said even where it is so by default: an application may have switched on features of
            // reqwest.
            .tls_backend_rustls()
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .pool_idle_timeout(KEPT_IDLE)
            .pool_max_idle_per_host(KEPT_PER_HOST)
            .tls_certs_merge(self.roots.iter().cloned());
        if let Some((lookup, reach)) = resolver {
            client = client.dns_resolver(Judging::new(Arc::clone(lookup), reach));
        }
        let hint = if self.roots.is_empty() { NO_CERTIFICATES } else { BAD_CERTIFICATE };
        client.build().map_err(|source| NoTransport { hint, source: source.into() })
    }
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestTransportBuilder")
    }
}

const NO_CERTIFICATES: &str = "the machine trusts no certificates; install them (package \
    ca-certificates), or name a file of them in SSL_CERT_FILE";

const BAD_CERTIFICATE: &str = "a root certificate that was added cannot be used";

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for calls to providers: {hint}")]
#[non_exhaustive]
pub struct NoTransport {
    hint: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// What was given as root certificates holds none, or something else.
#[derive(Debug, thiserror::Error)]
#[error("no PEM certificates")]
#[non_exhaustive]
pub struct NoCertificate {
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}
