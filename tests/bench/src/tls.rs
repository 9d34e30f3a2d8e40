//! A TLS server before a server without TLS, with its own certificate. So DynamoDB is reached over TLS, as on AWS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::section::Fault;

/// The TLS server. It ends when this value is dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    authority: String,
    _serving: JoinSet<()>,
}

impl TlsFront {
    /// Starts a server that forwards connections to `inner` (`host:port`).
    pub async fn before(inner: &str) -> Result<Self, Fault> {
        let (authority, acceptor) = certified()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, acceptor, inner.to_owned()));
        Ok(Self { address, authority, _serving: serving })
    }

    /// The server's URL. The certificate is for this host.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Writes the certificate of the authority. A client must trust it.
    pub fn write_authority(&self, path: &Path) -> Result<(), Fault> {
        Ok(std::fs::write(path, &self.authority)?)
    }
}

/// Makes an authority for this run (as PEM), and a TLS acceptor with a certificate that the authority signed. The keys
/// are ECDSA on P-256, as on AWS.
fn certified() -> Result<(String, TlsAcceptor), Fault> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Tidings benchmark authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((authority.pem(), TlsAcceptor::from(Arc::new(config))))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, inner: String) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (acceptor, inner) = (acceptor.clone(), inner.clone());
        connections.spawn(async move {
            // If the client does not trust the certificate or hangs up, nothing has to be done.
            if let (Ok(mut outside), Ok(mut inside)) = (acceptor.accept(stream).await, TcpStream::connect(inner).await)
            {
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::{TlsConnector, client::TlsStream};

    use super::*;

    async fn connect(front: &TlsFront, trusting: bool) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        if trusting {
            roots.add(CertificateDer::from_pem_slice(front.authority.as_bytes()).unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let place = front.url().trim_start_matches("https://").trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(place).await?;
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
    }

    #[tokio::test]
    async fn who_trusts_the_authority_is_passed_on() {
        let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = TlsFront::before(&inner.local_addr().unwrap().to_string()).await.unwrap();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = inner.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await.unwrap();
        });
        let mut stream = connect(&front, true).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = [0; 128];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].ends_with(b"hi"));
        answering.await.unwrap();
        assert!(connect(&front, false).await.is_err());
    }
}
