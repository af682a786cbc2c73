//! Certificates, good and bad, and a server that shows them.

use std::io::Write;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::names::HOST;
use super::peer::next_request;
use super::{Broken, Peer, Script};

/// A certificate authority that nobody knows yet.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, PEM.
    pub(crate) certificate: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self, Broken> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// A certificate of this authority.
    pub(crate) fn issue(&self, params: &CertificateParams) -> Result<Shown, Broken> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Shown::new(certificate.der(), &key)
    }
}

/// A certificate of nobody but itself.
pub(crate) fn self_signed(params: &CertificateParams) -> Result<Shown, Broken> {
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Shown::new(certificate.der(), &key)
}

/// A certificate of [`HOST`] with nothing wrong in it.
pub(crate) fn right() -> Result<CertificateParams, Broken> {
    of(HOST)
}

/// A certificate of another host.
pub(crate) fn of(host: &str) -> Result<CertificateParams, Broken> {
    let mut params = CertificateParams::new([host.to_owned()])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// One that was good once.
pub(crate) fn expired() -> Result<CertificateParams, Broken> {
    let mut params = right()?;
    params.not_after = date_time_ymd(2001, 1, 1);
    Ok(params)
}

/// One that will be good long after whoever runs this.
pub(crate) fn not_yet_valid() -> Result<CertificateParams, Broken> {
    let mut params = right()?;
    params.not_before = date_time_ymd(3000, 1, 1);
    Ok(params)
}

/// What a server shows of itself.
pub(crate) struct Shown {
    config: Arc<ServerConfig>,
}

impl Shown {
    fn new(certificate: &CertificateDer<'static>, key: &KeyPair) -> Result<Self, Broken> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())?;
        Ok(Self { config: Arc::new(config) })
    }

    /// Accepts one connection and answers its requests until it is closed. At the end of the script
    /// there is what was seen.
    pub(crate) fn serve(self, peer: Peer) -> Script<Visit> {
        peer.run(move |peer| {
            let stream = peer.accept()?;
            let mut stream = StreamOwned::new(ServerConnection::new(self.config)?, stream);
            let mut requests = Vec::new();
            while let Some(request) = next_request(&mut stream) {
                requests.push(request);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
            Ok(Visit { asked_for: stream.conn.server_name().map(str::to_owned), requests, peer })
        })
    }
}

/// A connection that has ended.
pub(crate) struct Visit {
    /// The name in the ClientHello (RFC 6066 §3).
    pub(crate) asked_for: Option<String>,
    /// The requests that came over it.
    pub(crate) requests: Vec<String>,
    /// The server, which accepts nobody any more.
    pub(crate) peer: Peer,
}
