//! A connection to an origin.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use lambda_http::http::{HeaderValue, Uri};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

type Fault = Box<dyn Error + Send + Sync>;

/// Makes what a connection with TLS goes by; asked when there is one to be made, and not before.
pub type Tls = fn() -> Result<Arc<ClientConfig>, Fault>;

/// The longest that a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(1);

/// Where an origin is.
#[derive(Debug)]
pub(super) struct Target {
    host: String,
    port: u16,
    /// Whom its certificate must name; nobody, where it is spoken to in the clear.
    name: Option<ServerName<'static>>,
    tls: Tls,
    authority: HeaderValue,
}

/// A stream, with TLS or without: one type, so that what speaks over it is compiled once.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Target {
    /// The origin that a URL names; its path does not count.
    pub fn of(url: &Uri, tls: Tls) -> Option<Self> {
        let (scheme, authority) = (url.scheme_str()?, url.authority()?);
        // An address of IPv6 stands in brackets there.
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let name = match scheme {
            "https" => Some(ServerName::try_from(host.clone()).ok()?),
            "http" => None,
            _ => return None,
        };
        let port = authority.port_u16().unwrap_or(if name.is_some() { 443 } else { 80 });
        let authority = HeaderValue::try_from(authority.as_str()).ok()?;
        Some(Self { host, port, name, tls, authority })
    }

    /// What stands in `Host`.
    pub fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// A connection that is ready for a request.
    pub async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        let stream = timeout(CONNECT, self.stream()).await??;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with its sender, or when the other side closes it; what that means for a request, the request is told.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }

    async fn stream(&self) -> Result<Box<dyn Stream>, Fault> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let Some(name) = &self.name else { return Ok(Box::new(stream)) };
        let connector = TlsConnector::from((self.tls)()?);
        Ok(Box::new(connector.connect(name.clone(), stream).await?))
    }
}
