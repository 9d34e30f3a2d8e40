//! The way to the service itself.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::net::loopback::{Reply, Request};

/// How long a connection is kept for the next call.
const IDLE: Duration = Duration::from_secs(5);

/// The service behind the proxy.
#[derive(Debug)]
pub(super) struct Upstream {
    endpoint: String,
    client: reqwest::Client,
}

impl Upstream {
    pub(super) fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        // Loopback only: a proxy from the environment must not see it. A connection is given up
        // long before the service would close it under a call, which would look like a fault.
        let client = reqwest::Client::builder().no_proxy().pool_idle_timeout(IDLE).build()?;
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), client })
    }

    /// The service's answer as it stands; it hangs up on the caller where the service hangs up on it.
    pub(super) async fn send(&self, request: Request) -> Reply {
        let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
        let answer = self
            .client
            .request(request.method, format!("{}{path}", self.endpoint))
            .headers(end_to_end(request.headers))
            .body(request.body)
            .send()
            .await;
        let Ok(answer) = answer else {
            return Reply::HangUp;
        };
        let (status, headers) = (answer.status(), end_to_end(answer.headers().clone()));
        match answer.bytes().await {
            Ok(body) => Reply::Answer(status, headers, body),
            Err(_) => Reply::HangUp,
        }
    }
}

/// Headers that are about the message, not about one connection.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in ["connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade"] {
        headers.remove(name);
    }
    headers
}
