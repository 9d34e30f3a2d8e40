//! Forwards calls to the service itself.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::net::loopback::{Reply, Request};

/// How long an idle connection is kept for the next call.
const IDLE: Duration = Duration::from_secs(5);

/// The service behind the proxy.
#[derive(Debug)]
pub(super) struct Upstream {
    endpoint: String,
    client: reqwest::Client,
}

impl Upstream {
    pub(super) fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        // Calls stay on loopback, so a proxy of the environment must not get them. An idle connection is dropped long
        // before the service closes it, because a close during a call would look like a fault.
        let client = reqwest::Client::builder().no_proxy().pool_idle_timeout(IDLE).build()?;
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), client })
    }

    /// The service's unchanged answer. If the service closes the connection, the proxy closes the caller's connection,
    /// too.
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

/// Only the headers that belong to the message, and not to one connection.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in ["connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade"] {
        headers.remove(name);
    }
    headers
}
