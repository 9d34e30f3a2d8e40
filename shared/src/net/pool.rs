//! One HTTP client and its connections. [`super::Client`] and the AWS SDKs' clients send through it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::task::yield_now;

use super::{
    SendError,
    clock::IdleTimer,
    connector::Connector,
    limit::{Watched, Writing},
    refused,
};
use crate::clock::Moment;

/// A connection that was idle for longer is not used again. The server, or a device in between, may have dropped it
/// without a message, and a request would wait for an answer that never comes.
const MAX_IDLE: Duration = Duration::from_secs(20);

/// The most bytes of the head of an answer in HTTP/2. hyper has the same limit for HTTP/1.1, and only 16 KiB for HTTP/2.
const MAX_HEAD: u32 = 8 * 1024 + 4096 * 100;

/// Connections to any number of hosts. A clone shares them.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: legacy::Client<Connector, Watched>,
    connector: Connector,
    /// No server closes a connection that was used less than this time ago.
    fresh: Duration,
    /// When the last request ended; `None` before the first request.
    used_at: Mutex<Option<Moment>>,
}

impl Pool {
    /// A pool without connections, for AWS's services. If the last request is `fresh` or longer ago, the pool first
    /// checks whether its connections were closed.
    pub fn new(connector: Connector, fresh: Duration) -> Self {
        Self::with_parser(connector, fresh, None)
    }

    /// A pool for servers of any kind: an answer may have `max_headers` header lines. This needs memory for each answer;
    /// a pool of [`Self::new`] takes 100 lines without it.
    pub(super) fn of_any_server(connector: Connector, fresh: Duration, max_headers: usize) -> Self {
        Self::with_parser(connector, fresh, Some(max_headers))
    }

    fn with_parser(connector: Connector, fresh: Duration, max_headers: Option<usize>) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        if let Some(max_headers) = max_headers {
            builder.http1_max_headers(max_headers);
        }
        let client = builder
            .http2_only(connector.is_http2())
            // An answer that a strict parser refuses has been given all the same: the server has done what the request
            // asks for, or not, and says so in the status. A client takes a folded header (RFC 9112 §5.2), and it
            // ignores a header whose name or value is not allowed.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .http2_max_header_list_size(MAX_HEAD)
            .pool_timer(IdleTimer::new(connector.clock()))
            .pool_idle_timeout(MAX_IDLE)
            // A process that was frozen may hold a dead connection. The pings of HTTP/2 must detect that before the
            // request's own time-out.
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(Duration::from_secs(5))
            .http2_keep_alive_timeout(Duration::from_secs(3))
            .build(connector.clone());
        Self(Arc::new(Inner { client, connector, fresh, used_at: Mutex::new(None) }))
    }

    /// Makes a connection for the first request to the URL's host. If that fails, the request itself reports the error.
    pub async fn open(&self, url: &Uri) {
        self.0.connector.open(url).await;
    }

    /// Sends a request. Any status is an answer, and its body may not have arrived yet. A request is sent again in two
    /// cases: an idle connection was closed before the request was written, or (once) the server says that it has not
    /// processed the request. A request that the server may have read is never repeated.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        if self.may_have_been_frozen() {
            notice_closed().await;
        }
        let writing = Writing::of_this_work();
        let request = Watched::request(request, &writing);
        let again = self.0.connector.may_speak_http2().then(|| request.clone());
        let sent = match (self.0.client.request(request).await, again) {
            (Err(error), Some(again)) if refused::unseen(&error) => {
                writing.undo();
                self.0.client.request(again).await
            }
            (sent, _) => sent,
        };
        *self.0.used_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.0.connector.clock().moment());
        sent.map_err(SendError::from)
    }

    fn may_have_been_frozen(&self) -> bool {
        let used_at = *self.0.used_at.lock().unwrap_or_else(PoisonError::into_inner);
        used_at.is_some_and(|used_at| self.0.connector.clock().age(used_at) >= self.0.fresh)
    }
}

/// Lets idle connections notice that they were closed while the process was frozen. When all tasks yield, the runtime
/// polls the sockets, and then the connections' tasks run. Without this, a request would be written to a dead
/// connection.
async fn notice_closed() {
    for _ in 0..2 {
        yield_now().await;
    }
}
