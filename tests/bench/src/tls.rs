//! An end point that speaks TLS before one that does not, with a certificate of its own: DynamoDB as it is reached on AWS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod, KeyUsagePurpose, PublicKeyData,
    SerialNumber, SignatureAlgorithm,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::section::Fault;

/// What stands before the 32 bytes of a private key on P-256 in PKCS #8.
const PKCS8: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
];
/// What stands between them and the point.
const PUBLIC: [u8; 5] = [0xa1, 0x44, 0x03, 0x42, 0x00];

/// The end point; it ends when this is dropped.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    authority: String,
    _serving: JoinSet<()>,
}

impl TlsFront {
    /// Passes on to `inner` (`host:port`).
    pub async fn before(inner: &str) -> Result<Self, Fault> {
        let (authority, acceptor) = certified()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, acceptor, inner.to_owned()));
        Ok(Self { address, authority, _serving: serving })
    }

    /// Its URL; the certificate is for that name.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Writes the certificate of the authority that a client has to trust.
    pub fn write_authority(&self, path: &Path) -> Result<(), Fault> {
        Ok(std::fs::write(path, &self.authority)?)
    }
}

/// A key on P-256. It is `p256`'s and not that of the library which speaks TLS, so that this is the same with any of them.
struct Key {
    signing: SigningKey,
    /// The point, uncompressed.
    public: Vec<u8>,
}

impl Key {
    fn generate() -> Result<Self, Fault> {
        let halves = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes);
        let signing = SigningKey::from_slice(halves.as_flattened())?;
        let public = signing.verifying_key().to_encoded_point(false).as_bytes().to_vec();
        Ok(Self { signing, public })
    }

    /// As PKCS #8 (RFC 5208) with the key inside as RFC 5915 has it.
    fn private(&self) -> PrivateKeyDer<'static> {
        let private = self.signing.to_bytes();
        let document = [PKCS8.as_slice(), &private, &PUBLIC, &self.public].concat();
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(document))
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature: DerSignature = self.signing.try_sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_bytes().to_vec())
    }
}

/// An authority made for this run, as PEM, and a server with a certificate by it: ECDSA on P-256, as AWS has.
fn certified() -> Result<(String, TlsAcceptor), Fault> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Tidings benchmark authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    identify(&mut authority, 1);
    let authority = CertifiedIssuer::self_signed(authority, Key::generate()?)?;
    let mut leaf = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    identify(&mut leaf, 2);
    let key = Key::generate()?;
    let leaf = leaf.signed_by(&key, &authority)?;
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(chain, key.private())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((authority.pem(), TlsAcceptor::from(Arc::new(config))))
}

/// What `rcgen` would otherwise make out of a key's digest.
fn identify(certificate: &mut CertificateParams, number: u8) {
    certificate.serial_number = Some(SerialNumber::from(u64::from(number)));
    certificate.key_identifier_method = KeyIdMethod::PreSpecified(vec![number; 20]);
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, inner: String) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (acceptor, inner) = (acceptor.clone(), inner.clone());
        connections.spawn(async move {
            // A client that does not trust us, or hangs up, is its own answer.
            if let (Ok(mut outside), Ok(mut inside)) = (acceptor.accept(stream).await, TcpStream::connect(inner).await)
            {
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    async fn connect(front: &TlsFront, roots: RootCertStore) -> std::io::Result<impl AsyncReadExt + AsyncWriteExt> {
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(front.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
    }

    #[tokio::test]
    async fn who_trusts_the_authority_is_passed_on() {
        let inner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = TlsFront::before(&inner.local_addr().unwrap().to_string()).await.unwrap();
        let echoing = tokio::spawn(async move {
            let (mut stream, _) = inner.accept().await.unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.unwrap();
            stream.write_all(&word).await.unwrap();
        });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(front.authority.as_bytes()).unwrap()).unwrap();
        let mut stream = connect(&front, roots).await.unwrap();
        stream.write_all(b"echo").await.unwrap();
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"echo");
        echoing.await.unwrap();
    }

    #[tokio::test]
    async fn who_does_not_trust_it_hangs_up() {
        let front = TlsFront::before("127.0.0.1:9").await.unwrap();
        assert!(connect(&front, RootCertStore::empty()).await.is_err());
    }
}
