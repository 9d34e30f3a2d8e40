//! The HTTP client. [`Client`] calls everything except AWS's services: providers, webhooks, and issuers for their keys.
//! Its [`Pool`] of connections also serves the SDKs' clients.
//!
//! The client follows no redirection and uses no proxy of the environment. A request goes only to the host in its URL.

mod answer;
mod clock;
mod connector;
mod error;
mod limit;
mod pool;
mod refused;
mod request;
mod resolver;
mod tls;
mod transport;

use std::{sync::Arc, time::Duration};

pub use answer::Answer;
pub use connector::{CONNECT, Connector};
pub use error::{NetError, SendError};
pub(crate) use limit::Writing;
pub use limit::{CutOff, within};
pub use pool::Pool;
pub use request::Request;
use resolver::Resolver;
pub use tls::{Tls, add_system};
pub use transport::Transport;

use crate::clock::Clock;

/// The most header lines of an answer. A proxy or a framework may add many, and an answer with too many looks like no
/// answer: nobody would know whether the request was done.
const MAX_HEADERS: usize = 1024;

/// A client with its own connections. A new client costs almost nothing. A clone shares the connections.
#[derive(Clone, Debug)]
pub struct Client(Way);

/// How requests are sent.
#[derive(Clone, Debug)]
enum Way {
    Network(Pool),
    Other(Arc<dyn Transport>),
}

impl Client {
    /// A client for any address. It uses HTTP/2 if TLS agrees on it, or else HTTP/1.1.
    pub fn anywhere(clock: Clock) -> Self {
        Self::new(Connector::new(Resolver::Anywhere, clock))
    }

    /// A client for public addresses only. It is for URLs that a stranger may have written.
    pub fn outside(clock: Clock) -> Self {
        Self::new(Connector::new(Resolver::Outside, clock))
    }

    /// A client that uses only HTTP/2, with or without TLS.
    pub fn http2(clock: Clock) -> Self {
        Self::new(Connector::new(Resolver::Anywhere, clock).http2())
    }

    /// A client that sends by `transport` instead of the network.
    pub fn over(transport: Arc<dyn Transport>) -> Self {
        Self(Way::Other(transport))
    }

    fn new(connector: Connector) -> Self {
        // Any server may close a connection at any time, so the pool always checks.
        Self(Way::Network(Pool::of_any_server(connector, Duration::ZERO, MAX_HEADERS)))
    }

    /// Sends a request, as [`Pool::send`] does.
    pub async fn send(&self, request: Request) -> Result<Answer, NetError> {
        let request = request.into_inner().ok_or(NetError::Malformed)?;
        match &self.0 {
            Way::Network(pool) => Ok(Answer::received(pool.send(request).await?)),
            Way::Other(transport) => {
                Writing::of_this_work().begin();
                Ok(Answer::whole(transport.send(request).await?))
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod faults;
#[cfg(test)]
pub(crate) mod tests;
