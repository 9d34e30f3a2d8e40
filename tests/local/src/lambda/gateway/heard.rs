//! Reports the requests that the gateway has answered, so that a page can list them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;

/// The function that is called after each answer. It must not wait.
pub type Listen = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// The largest answer whose body is reported, in bytes.
const LARGEST_ANSWER: usize = 10 * 1024 * 1024;

/// A request and its answer.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The request, without its body.
    pub asked: &'a Parts,
    /// The name of the function that was invoked; `None` if no route was found, or for a preflight.
    pub function: Option<&'a str>,
    /// The status of the answer.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: &'a HeaderMap,
    /// The body of the answer.
    pub body: &'a Bytes,
    /// The time between the request and the answer.
    pub took: Duration,
}

/// Holds the function. Without it, answers are not examined.
#[derive(Clone, Default)]
pub struct Heard(Option<Listen>);

impl Heard {
    /// Every answer is reported to `listen`, if there is one.
    pub fn by(listen: Option<Listen>) -> Self {
        Self(listen)
    }

    /// Whether anybody listens.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Reports an answer, and gives it back.
    pub(super) async fn tell(
        &self,
        asked: &Parts,
        function: Option<&str>,
        response: Response,
        took: Duration,
    ) -> Response {
        let Some(listen) = &self.0 else { return response };
        let (parts, body) = response.into_parts();
        // A function's answer is in memory already.
        let Ok(body) = to_bytes(body, LARGEST_ANSWER).await else {
            return Response::from_parts(parts, Body::empty());
        };
        let (status, headers) = (parts.status, &parts.headers);
        listen(&Exchange { asked, function, status, headers, body: &body, took });
        Response::from_parts(parts, Body::from(body))
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Heard").field(&self.is_wanted()).finish()
    }
}
