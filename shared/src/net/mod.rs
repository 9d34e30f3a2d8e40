//! The client for what is called over HTTP and is no service of AWS's: providers and webhooks. [`Origin`] is for what is
//! called again and again at one place: AWS, an issuer's keys.
//!
//! It follows no redirection, and knows nothing of proxies in the environment: a request goes where it is sent or nowhere.

mod answer;
mod connector;
mod origin;
mod refused;
mod request;
mod resolver;
mod tls;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::task::yield_now;

pub use answer::Answer;
use connector::Connector;
pub use origin::{Broken, Origin};
pub use request::Request;
use resolver::{LeadsInside, Resolver};
pub use tls::{of_system, trusting};

/// How long a connection may take to be there: name, TCP and TLS.
const CONNECT: Duration = Duration::from_secs(3);

/// A client with its own connections. To make one costs next to nothing; a clone shares the connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<legacy::Client<Connector, Full<Bytes>>>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The URL or a header is none that HTTP can carry.
    #[error("the request cannot be written")]
    Malformed,
    /// The name leads to no address outside, and only those may be called.
    #[error("the name leads to no address outside")]
    LeadsInside,
    /// There was no connection to send it on, or the other side would not take it from one.
    #[error("no connection")]
    Unreachable(#[source] legacy::Error),
    /// It was sent, at least in part, and no answer came, or not all of it.
    #[error("no answer")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Client {
    /// HTTP/1.1, or HTTP/2 with whom that can be agreed on under TLS.
    pub fn anywhere() -> Self {
        Self::new(Connector::new(Resolver::Anywhere))
    }

    /// The same, to addresses outside a network only: for URLs that a stranger may have written.
    pub fn outside() -> Self {
        Self::new(Connector::new(Resolver::Outside))
    }

    /// HTTP/2 only, with or without TLS.
    pub fn http2() -> Self {
        Self::new(Connector::new(Resolver::Anywhere).http2())
    }

    fn new(connector: Connector) -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .http2_only(connector.is_http2())
            // A process that was frozen may hold a connection that is long gone: that must show before the request's own
            // time is over.
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(Duration::from_secs(5))
            .http2_keep_alive_timeout(Duration::from_secs(3))
            .build(connector);
        Self(Arc::new(client))
    }

    /// Sends a request; what comes back is an answer whatever its status. What could not be sent because an idle connection
    /// turned out to be closed goes out on another one, and so, once, does what the other side says it has not touched. What
    /// it may have seen is never sent again.
    pub async fn send(&self, request: Request) -> Result<Answer, NetError> {
        let request = request.into_inner().ok_or(NetError::Malformed)?;
        notice_closed().await;
        let answer = match self.0.request(request.clone()).await {
            Err(error) if refused::unseen(&error) => self.0.request(request).await,
            answer => answer,
        };
        answer.map(Answer::new).map_err(NetError::from)
    }
}

/// Lets idle connections notice that they were closed while the process was frozen. The runtime looks when everybody pauses,
/// and then their tasks have their turn: without that a request would be written to a connection that is long gone.
async fn notice_closed() {
    for _ in 0..2 {
        yield_now().await;
    }
}

impl NetError {
    /// Whether the request never left us.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Malformed | Self::LeadsInside | Self::Unreachable(_) => true,
            Self::Broken(_) => false,
        }
    }
}

impl From<legacy::Error> for NetError {
    fn from(error: legacy::Error) -> Self {
        if LeadsInside::caused(&error) {
            Self::LeadsInside
        } else if error.is_connect() || refused::unseen(&error) {
            Self::Unreachable(error)
        } else {
            Self::Broken(error.into())
        }
    }
}

#[cfg(test)]
mod tests;
