//! A server that speaks TLS, with a certificate that only tests trust.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hyper::{Response, server::conn, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const PEM: &[u8] = include_bytes!("../../../testdata/localhost.pem");

fn trusted() -> Tls {
    Tls::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(PEM)?)?;
        Ok(roots)
    })
}

fn untrusted() -> Tls {
    Tls::new(|| Ok(RootCertStore::empty()))
}

/// A server with these protocols. Returns its URL and the number of requests that it has seen. It answers with the
/// negotiated protocol and the request's version.
async fn serve(protocols: &[&str]) -> (String, Arc<AtomicUsize>) {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let (certificate, key) =
        (CertificateDer::from_pem_slice(PEM).unwrap(), PrivateKeyDer::from_pem_slice(PEM).unwrap());
    let mut config = config.with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let (acceptor, seen) = (TlsAcceptor::from(Arc::new(config)), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let count = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let agreed = stream.get_ref().1.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
            let (is_http2, count) = (agreed.as_deref() == Some("h2"), count.clone());
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                count.fetch_add(1, Ordering::SeqCst);
                let said = format!("{agreed:?} {:?}", request.version());
                async move { Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(said))) }
            });
            let stream = TokioIo::new(stream);
            tokio::spawn(async move {
                let _ = match is_http2 {
                    true => conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
                    false => conn::http1::Builder::new().serve_connection(stream, service).await,
                };
            });
        }
    });
    (url, seen)
}

async fn ask(client: &Client, url: &str) -> Result<String, NetError> {
    let body = client.send(Request::post(url, "text/plain", "")).await?.bytes().await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn over_tls_http_2_is_spoken_with_whom_it_can_be() {
    let either = || Client::new(Connector::new(Resolver::Anywhere, Clock::system()).tls(trusted()));
    let http2 = || Client::new(Connector::new(Resolver::Anywhere, Clock::system()).http2().tls(trusted()));
    let (both, _) = serve(&["h2", "http/1.1"]).await;
    let (old, seen) = serve(&["http/1.1"]).await;
    let (mute, _) = serve(&[]).await;
    assert_eq!(ask(&either(), &both).await.unwrap(), r#"Some("h2") HTTP/2.0"#);
    assert_eq!(ask(&http2(), &both).await.unwrap(), r#"Some("h2") HTTP/2.0"#);
    assert_eq!(ask(&either(), &old).await.unwrap(), r#"Some("http/1.1") HTTP/1.1"#);
    assert_eq!(ask(&either(), &mute).await.unwrap(), "None HTTP/1.1");
    // A client that speaks only HTTP/2 offers only HTTP/2.
    let error = ask(&http2(), &old).await.unwrap_err();
    assert!(error.is_unsent(), "{error:?}");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_whom_nobody_vouches_for() {
    let (url, seen) = serve(&["h2"]).await;
    let stranger = Client::new(Connector::new(Resolver::Anywhere, Clock::system()).tls(untrusted()));
    // The certificate has another name.
    let named = Client::new(Connector::new(Resolver::Anywhere, Clock::system()).tls(trusted()));
    for (client, url) in [(stranger, url.clone()), (named, url.replace("localhost", "127.0.0.2"))] {
        let error = ask(&client, &url).await.unwrap_err();
        assert!(matches!(error, NetError::Send(SendError::NotSent(_))) && error.is_unsent(), "{error:?}");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let client = Client::new(Connector::new(Resolver::Anywhere, Clock::system()).tls(trusted()));
    let error = tokio::time::timeout(CONNECT + Duration::from_secs(2), ask(&client, &url)).await.unwrap().unwrap_err();
    assert!(matches!(error, NetError::Send(SendError::NotSent(_))), "{error:?}");
    assert!(listener.accept().await.is_ok(), "somebody was there");
}

#[test]
fn the_system_s_certificates_make_a_configuration() {
    assert!(Tls::of_system().config().is_ok());
}
