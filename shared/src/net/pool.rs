//! One HTTP client and its connections: [`super::Client`] and the SDKs' clients of AWS send through it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::task::yield_now;

use super::{SendError, clock::WallTimer, connector::Connector, refused};

/// A connection that was idle for longer is not used again: the other side, or a device between the two, may have forgotten
/// it without a word, and a request on it would wait for an answer that never comes.
const MAX_IDLE: Duration = Duration::from_secs(20);

/// Connections to any number of hosts. A clone shares them.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: legacy::Client<Connector, Full<Bytes>>,
    connector: Connector,
    /// Nobody closes a connection that was used this short a time ago.
    fresh: Duration,
    /// When a request was last answered, in milliseconds since 1970; 0 before the first.
    used_at: AtomicU64,
}

impl Pool {
    /// A pool without a connection. After a pause of `fresh` it looks whether connections were closed meanwhile.
    pub fn new(connector: Connector, fresh: Duration) -> Self {
        let client = legacy::Client::builder(TokioExecutor::new())
            .http2_only(connector.is_http2())
            .pool_timer(WallTimer::new(connector.clock()))
            .pool_idle_timeout(MAX_IDLE)
            // A process that was frozen may hold a connection that is long gone: that must show before the request's own
            // time is over.
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(Duration::from_secs(5))
            .http2_keep_alive_timeout(Duration::from_secs(3))
            .build(connector.clone());
        Self(Arc::new(Inner { client, connector, fresh, used_at: AtomicU64::new(0) }))
    }

    /// Makes a connection for the first request to the URL's host. What stands in the way shows in that request.
    pub async fn open(&self, url: &Uri) {
        self.0.connector.open(url).await;
    }

    /// Sends a request; what comes back is an answer whatever its status, with its body still on its way. What could not be
    /// sent because an idle connection turned out to be closed goes out on another one, and so, once, does what the other
    /// side says it has not looked at. A request that the other side may have read is never repeated.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, SendError> {
        if self.may_have_been_frozen() {
            notice_closed().await;
        }
        let again = self.0.connector.may_speak_http2().then(|| request.clone());
        let sent = match (self.0.client.request(request).await, again) {
            (Err(error), Some(again)) if refused::unseen(&error) => self.0.client.request(again).await,
            (sent, _) => sent,
        };
        self.0.used_at.store(self.now(), Ordering::Relaxed);
        sent.map_err(SendError::from)
    }

    fn may_have_been_frozen(&self) -> bool {
        let used_at = self.0.used_at.load(Ordering::Relaxed);
        // A clock that was set back says nothing.
        let fresh = u64::try_from(self.0.fresh.as_millis()).unwrap_or(u64::MAX);
        used_at != 0 && self.now().checked_sub(used_at).is_none_or(|idle| idle >= fresh)
    }

    fn now(&self) -> u64 {
        let since = self.0.connector.clock().now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Lets idle connections notice that they were closed while the process was frozen. The runtime looks when everybody pauses,
/// and then their tasks have their turn: without that a request would be written to a connection that is long gone.
async fn notice_closed() {
    for _ in 0..2 {
        yield_now().await;
    }
}
