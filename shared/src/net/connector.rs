//! Makes the connection for a URL.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use lambda_http::Service;
use tokio::{net::TcpStream, time::timeout};

use super::{
    resolver::{LeadsInside, Resolver},
    tls::Tls,
};
use crate::{cache::Aged, clock::Clock};

/// The time-out for a new connection: name resolution, TCP and TLS. Linux repeats a SYN after 1 s and after 3 s (RFC
/// 6298 §2: the first time-out is 1 s, and each one is twice the one before), so a connection succeeds although two
/// SYNs are lost. Whoever limits a whole request gives it more time than this.
pub const CONNECT: Duration = Duration::from_millis(3500);

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Fault = Box<dyn Error + Send + Sync>;

/// Makes connections, with TLS for https URLs.
#[derive(Clone)]
pub struct Connector {
    tcp: HttpConnector<Resolver>,
    resolver: Resolver,
    /// The protocols by their ALPN names, the preferred one first.
    protocols: &'static [&'static [u8]],
    tls: Tls,
    clock: Clock,
    opened: Arc<Mutex<Option<Opened>>>,
}

/// A connection that was made before a request needed it.
struct Opened {
    url: Uri,
    stream: Aged<Stream>,
}

/// How long such a connection may be used.
const OPENED: Duration = Duration::from_secs(10);

const HTTP1: &[&[u8]] = &[b"http/1.1"];
const HTTP2: &[&[u8]] = &[b"h2"];
const EITHER: &[&[u8]] = &[b"h2", b"http/1.1"];

impl Connector {
    /// A connector to any address, with HTTP/1.1 or HTTP/2 and the system's root certificates.
    pub fn anywhere(clock: Clock) -> Self {
        Self::new(Resolver::Anywhere, clock)
    }

    pub(super) fn new(resolver: Resolver, clock: Clock) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let (protocols, tls) = (EITHER, Tls::of_system());
        Self { tcp, resolver, protocols, tls, clock, opened: Arc::default() }
    }

    /// Limits the connector to HTTP/1.1.
    pub fn http1(self) -> Self {
        Self { protocols: HTTP1, ..self }
    }

    /// Limits the connector to HTTP/2.
    pub fn http2(self) -> Self {
        Self { protocols: HTTP2, ..self }
    }

    /// Uses `tls` instead of the system's root certificates.
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    pub(super) fn is_http2(&self) -> bool {
        self.protocols == HTTP2
    }

    pub(super) fn may_speak_http2(&self) -> bool {
        self.protocols != HTTP1
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Makes a connection, and keeps it for the next request to the same host.
    pub(super) async fn open(&self, url: &Uri) {
        if let Ok(stream) = self.clone().connect_in_time(url.clone()).await {
            let opened = Opened { url: url.clone(), stream: Aged::new(stream, self.clock.moment(), OPENED) };
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        }
    }

    fn take_opened(&self, url: &Uri) -> Option<Stream> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |url: &Uri| (url.scheme().cloned(), url.authority().cloned());
        opened.take_if(|opened| place(&opened.url) == place(url))?.stream.into_inner(&self.clock)
    }

    async fn connect_in_time(self, url: Uri) -> Result<Stream, Fault> {
        timeout(CONNECT, self.connect(url)).await?
    }

    async fn connect(mut self, url: Uri) -> Result<Stream, Fault> {
        // hyper does not ask the resolver about an IP address in a URL, so it is checked here.
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        if host.parse().is_ok_and(|address| !self.resolver.takes(address)) {
            return Err(LeadsInside.into());
        }
        if url.scheme_str() == Some("http") {
            return Ok(MaybeHttpsStream::Http(self.tcp.call(url).await?));
        }
        // hyper-rustls refuses any other scheme.
        let mut config = self.tls.config()?;
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        HttpsConnector::from((self.tcp, Arc::new(config))).call(url).await
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Fault;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        if let Some(stream) = self.take_opened(&url) {
            return Box::pin(async { Ok(stream) });
        }
        Box::pin(self.clone().connect_in_time(url))
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}
