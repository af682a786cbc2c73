//! The hosts where clients publish what they say of themselves: `https` on a socket of 127.0.0.1,
//! with a certificate that is made here.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use vestibule_conformance::transport::{Peer, next_request};

/// Answers until the process ends.
pub(crate) struct Publisher {
    port: u16,
    /// The certificate of the authority that vouches for its hosts, PEM.
    pub(crate) authority: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    documents: Mutex<HashMap<String, String>>,
    visits: Mutex<Visits>,
}

/// Who came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visits {
    pub(crate) connections: usize,
    /// The URLs that were asked for.
    pub(crate) urls: Vec<String>,
}

impl Publisher {
    /// One socket for these hosts.
    pub(crate) fn of(hosts: &[&str]) -> Self {
        let (authority, config) = certified(hosts);
        let peer = Peer::new().unwrap();
        let (port, shared) = (peer.port(), Arc::<Shared>::default());
        let serving = Arc::clone(&shared);
        // Nobody waits for its end.
        drop(peer.run(move |peer| -> Result<(), _> {
            loop {
                let stream = peer.accept()?;
                serving.visits.lock().unwrap().connections += 1;
                let (config, shared) = (Arc::clone(&config), Arc::clone(&serving));
                thread::spawn(move || shared.answer(config, stream, port));
            }
        }));
        Self { port, authority, shared }
    }

    /// The URL of a path at one of the hosts: it has the port in it, for the transport connects to
    /// no other.
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    pub(crate) fn publish(&self, url: &str, document: &Value) {
        self.shared.documents.lock().unwrap().insert(url.to_owned(), document.to_string());
    }

    /// All who came so far.
    pub(crate) fn visits(&self) -> Visits {
        self.shared.visits.lock().unwrap().clone()
    }
}

impl Shared {
    /// Answers the requests of one connection, as the host that its ClientHello names.
    fn answer(&self, config: Arc<ServerConfig>, stream: TcpStream, port: u16) {
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        while let Some(request) = next_request(&mut stream) {
            let host = format!("{}:{port}", stream.conn.server_name().unwrap());
            let path = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
            let is_for_host = request.to_lowercase().contains(&format!("\r\nhost: {host}\r\n"));
            let url = format!("https://{host}{}", path.unwrap_or("?"));
            let document = self.documents.lock().unwrap().get(&url).cloned();
            self.visits.lock().unwrap().urls.push(url);
            let (status, body) = match document.filter(|_| is_for_host) {
                Some(document) => ("200 OK", document),
                None => ("404 Not Found", String::new()),
            };
            let fields =
                format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
            let answer = format!("HTTP/1.1 {status}\r\n{fields}\r\n\r\n{body}");
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// An authority that nobody knows yet, and what shows a certificate of it for these hosts.
fn certified(hosts: &[&str]) -> (String, Arc<ServerConfig>) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);

    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        );
    (pem, Arc::new(config.unwrap()))
}
