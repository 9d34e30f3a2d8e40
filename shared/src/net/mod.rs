//! HTTP as a client. [`Client`] calls what is no service of AWS: providers, webhooks, an issuer's keys. Its [`Pool`] of
//! connections also serves the SDKs' clients ([`crate::aws`]).
//!
//! It follows no redirection, and knows nothing of proxies in the environment: a request goes where it is sent or nowhere.

mod answer;
mod clock;
mod connector;
mod error;
mod pool;
mod refused;
mod request;
mod resolver;
mod tls;

use std::time::Duration;

pub use answer::Answer;
pub use clock::WallClock;
pub use connector::Connector;
pub use error::{NetError, SendError};
pub use pool::Pool;
pub use request::Request;
use resolver::Resolver;
pub use tls::{Tls, add_system};

/// How long a connection may take to be there: name, TCP and TLS. Linux sends a SYN again after 1 s and after 3 s
/// (RFC 6298 §2: the first time-out is 1 s, and each is twice the last), so that two that were lost still make a connection.
const CONNECT: Duration = Duration::from_millis(3500);

/// A client with its own connections. To make one costs next to nothing; a clone shares the connections.
#[derive(Clone, Debug)]
pub struct Client(Pool);

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
        // Anybody may close a connection at any time.
        Self(Pool::new(connector, Duration::ZERO))
    }

    /// Sends a request, as [`Pool::send`] does.
    pub async fn send(&self, request: Request) -> Result<Answer, NetError> {
        let request = request.into_inner().ok_or(NetError::Malformed)?;
        Ok(Answer::new(self.0.send(request).await?))
    }
}

#[cfg(test)]
pub(crate) mod faults;
#[cfg(test)]
pub(crate) mod tests;
