use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio::sync::Semaphore;
use vestibule_core::Reach;

use super::pool::Pool;
use super::resolve::{Judging, Lookup, by_the_machine};
use super::{HyperTransport, PUBLIC_AT_MOST};

/// Makes a [`HyperTransport`] that differs from [`HyperTransport::new`].
///
/// ```no_run
/// # async fn ask_somebody(name: String) -> std::io::Result<Vec<std::net::IpAddr>> { Ok(vec![]) }
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = vestibule_hyper::HyperTransport::builder()
///     .resolver(ask_somebody)
///     .root_certificates(&std::fs::read("our-authority.pem")?)?
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct HyperTransportBuilder {
    lookup: Option<Lookup>,
    roots: Vec<CertificateDer<'static>>,
}

impl HyperTransportBuilder {
    /// Resolves names with this instead of the machine's resolver, for calls of every reach. It is
    /// asked once for a connection, and what it answers is judged as the machine's answer is. An
    /// error of it is a connection that failed.
    ///
    /// For names that came from outside it is asked 256 times at once at most, on tasks of their
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
        let found = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
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
    pub fn build(self) -> Result<HyperTransport, NoTransport> {
        let hint = if self.roots.is_empty() { NO_CERTIFICATES } else { BAD_CERTIFICATE };
        let tls = tls(self.roots).map_err(|source| NoTransport { hint, source: source.into() })?;
        let tls = Arc::new(tls);
        let lookup = self.lookup.unwrap_or_else(by_the_machine);
        let pool = |reach| {
            // Strangers have less to say than providers, whose cookies may be long.
            let head_cap = if reach == Reach::Configured { 256 } else { 16 } * 1024;
            Pool::new(Judging::new(Arc::clone(&lookup), reach), Arc::clone(&tls), head_cap)
        };
        Ok(HyperTransport {
            configured: pool(Reach::Configured),
            public: pool(Reach::PublicAddresses),
            places: Arc::new(Semaphore::new(PUBLIC_AT_MOST)),
        })
    }
}

/// TLS as far as it is the same for all calls: the machine's trusted certificates are kept once.
fn tls(roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    // Named, for an application may have installed another for the process.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        // This is how any other verifier than rustls' own is given; it verifies no less.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

impl fmt::Debug for HyperTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HyperTransportBuilder")
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
