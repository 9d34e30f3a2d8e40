//! From a URL to a connection.

use std::{
    error::Error,
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use lambda_http::Service;
use rustls::ClientConfig;
use tokio::{net::TcpStream, time::timeout};

use super::{
    CONNECT,
    resolver::{LeadsInside, Resolver},
    tls,
};

/// Connects, with TLS where the URL is https.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    resolver: Resolver,
    /// What is spoken, as ALPN names it, best first.
    protocols: &'static [&'static [u8]],
    tls: fn() -> Result<ClientConfig, rustls::Error>,
}

const HTTP2: &[&[u8]] = &[b"h2"];
const EITHER: &[&[u8]] = &[b"h2", b"http/1.1"];

impl Connector {
    pub fn new(resolver: Resolver) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, resolver, protocols: EITHER, tls: tls::system }
    }

    /// For clients that speak nothing but HTTP/2.
    pub fn http2(self) -> Self {
        Self { protocols: HTTP2, ..self }
    }

    pub fn is_http2(&self) -> bool {
        self.protocols == HTTP2
    }

    /// With other certificates than the system's.
    #[cfg(test)]
    pub fn tls(self, tls: fn() -> Result<ClientConfig, rustls::Error>) -> Self {
        Self { tls, ..self }
    }

    async fn connect(mut self, url: Uri) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, Box<dyn Error + Send + Sync>> {
        // An address in a URL never comes to the resolver.
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.parse().is_ok_and(|address| !self.resolver.takes(address)) {
            return Err(LeadsInside.into());
        }
        if url.scheme_str() == Some("http") {
            return Ok(MaybeHttpsStream::Http(self.tcp.call(url).await?));
        }
        // Which refuses any third scheme.
        let mut config = (self.tls)()?;
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        HttpsConnector::from((self.tcp, Arc::new(config))).call(url).await
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let connecting = timeout(CONNECT, self.clone().connect(url));
        Box::pin(async move { connecting.await? })
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}
