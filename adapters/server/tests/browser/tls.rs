//! What stands in front of a site: ends TLS and passes the bytes on.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use sha2::{Digest, Sha256};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Answers for hosts until it is dropped.
pub(crate) struct Front {
    pub(crate) port: u16,
    /// The SHA-256 of its public key, by which a browser trusts it.
    pub(crate) key_hash: String,
    _runtime: Runtime,
}

impl Front {
    /// `routes`: hosts, and the addresses of who answers for them in clear.
    pub(crate) fn start(routes: Vec<(&'static str, String)>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let key = KeyPair::generate().unwrap();
        let key_hash = STANDARD.encode(Sha256::digest(key.subject_public_key_info()));
        let acceptor = acceptor(&routes, &key);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = Arc::new(routes);
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(pass_on(stream, acceptor.clone(), Arc::clone(&routes)));
            }
        });
        Self { port, key_hash, _runtime: runtime }
    }
}

fn acceptor(routes: &[(&'static str, String)], key: &KeyPair) -> TlsAcceptor {
    let names: Vec<_> = routes.iter().map(|(host, _)| (*host).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().self_signed(key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Browsers hang up when they like, so nothing here is a failure of the test.
async fn pass_on(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    routes: Arc<Vec<(&'static str, String)>>,
) -> Option<()> {
    let mut outside = acceptor.accept(stream).await.ok()?;
    let name = outside.get_ref().1.server_name()?;
    let (_, address) = routes.iter().find(|(host, _)| *host == name)?;
    let mut inside = TcpStream::connect(address).await.ok()?;
    copy_bidirectional(&mut outside, &mut inside).await.ok()?;
    Some(())
}
