use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::Agent;
use ureq::config::Config;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use vestibule_core::Reach;

use super::UreqTransport;
use super::resolve::{Judging, Lookup, by_the_machine};

/// How long a connection to a provider is kept open for the next call. Servers close idle
/// connections after 5 seconds and more; a call sent at that very moment is lost, and a POST is not
/// sent again. So it is us who closes first.
const KEPT_IDLE: Duration = Duration::from_secs(4);

/// Idle connections kept for one host.
const KEPT_PER_HOST: usize = 16;

/// Makes a [`UreqTransport`] that differs from [`UreqTransport::new`].
///
/// ```no_run
/// # fn ask_somebody(name: &str) -> std::io::Result<Vec<std::net::IpAddr>> { Ok(vec![]) }
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = vestibule_blocking::UreqTransport::builder()
///     .resolver(ask_somebody)
///     .root_certificates(&std::fs::read("our-authority.pem")?)?
///     .build();
/// # Ok(()) }
/// ```
#[derive(Default)]
pub struct UreqTransportBuilder {
    lookup: Option<Lookup>,
    roots: Vec<Certificate<'static>>,
}

impl UreqTransportBuilder {
    /// Resolves names with this instead of the machine's resolver, for calls of every reach. It is
    /// asked once for a call, on a thread of its own that the call's deadline does not end, and
    /// what it answers is judged as the machine's answer is. An error of it is a connection that
    /// failed. For names that came from outside it is asked 16 times at once at most.
    #[must_use]
    pub fn resolver<R>(mut self, resolver: R) -> Self
    where
        R: Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    {
        self.lookup = Some(Arc::new(resolver));
        self
    }

    /// Trusts these certificate authorities too, beside those that the machine trusts: one PEM
    /// certificate or several.
    ///
    /// With them, certificates are judged by the list of those the machine trusts, which is how it
    /// is done everywhere but on Windows, macOS and Android; what else these systems know of a
    /// certificate is not asked then.
    ///
    /// # Errors
    /// [`NoCertificate`] where there is none, or one cannot be read.
    pub fn root_certificates(mut self, pem: &[u8]) -> Result<Self, NoCertificate> {
        // ureq leaves out what it cannot read and says nothing, so it is read here first.
        let mut readable = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(NoCertificate::because)?;
            self.roots.push(Certificate::from_der(&certificate).to_owned());
            readable.add(certificate).map_err(NoCertificate::because)?;
        }
        if readable.is_empty() { Err(NoCertificate { source: None }) } else { Ok(self) }
    }

    /// Empty connection pools. The machine's trusted certificates are read now if others were
    /// added, and otherwise at the first call that needs them.
    #[must_use]
    pub fn build(self) -> UreqTransport {
        let trusted = if self.roots.is_empty() {
            RootCerts::PlatformVerifier
        } else {
            let machine = rustls_native_certs::load_native_certs().certs;
            let machine = machine.iter().map(|it| Certificate::from_der(it).to_owned());
            self.roots.into_iter().chain(machine).collect::<Vec<_>>().into()
        };
        let config = config(TlsConfig::builder().root_certs(trusted).build());
        let lookup = self.lookup.unwrap_or_else(by_the_machine);
        // ureq's own resolver would panic where no thread can be had.
        let agent = |reach| {
            let resolver = Judging::new(Arc::clone(&lookup), reach);
            Agent::with_parts(config.clone(), DefaultConnector::default(), resolver)
        };
        UreqTransport {
            configured: agent(Reach::Configured),
            public: agent(Reach::PublicAddresses),
        }
    }
}

impl fmt::Debug for UreqTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UreqTransportBuilder")
    }
}

fn config(tls: TlsConfig) -> Config {
    Agent::config_builder()
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        // Said even where it is so by default: an application may have switched on features of
        // ureq.
        .accept_encoding("")
        .max_idle_age(KEPT_IDLE)
        .max_idle_connections_per_host(KEPT_PER_HOST)
        .build()
}

/// What was given as root certificates holds none, or something else.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoCertificate {
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl NoCertificate {
    fn because(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)) }
    }
}

impl fmt::Display for NoCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no PEM certificates")
    }
}

impl std::error::Error for NoCertificate {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
