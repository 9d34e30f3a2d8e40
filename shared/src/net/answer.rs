//! HTTP answers.

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::{Response, body::Incoming};
use serde::de::DeserializeOwned;

use super::{NetError, SendError};

/// The most bytes of a body that are read. No provider's answer is longer, and no answer may fill our memory.
const MAX_BYTES: usize = 64 * 1024;

/// An answer. Its body may not have arrived yet.
pub struct Answer(Response<Body>);

/// A body on its way, or one that is there.
type Body = Either<Incoming, Full<Bytes>>;

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Answer {
    pub(super) fn received(response: Response<Incoming>) -> Self {
        Self(response.map(Either::Left))
    }

    pub(super) fn whole(response: Response<Bytes>) -> Self {
        Self(response.map(|body| Either::Right(Full::new(body))))
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// The text of a header; `None` if there is no such header, or if it is not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The body. More than 64 KiB are an error.
    pub async fn bytes(self) -> Result<Bytes, NetError> {
        self.bytes_up_to(MAX_BYTES).await
    }

    /// The body. More than `max_bytes` are an error.
    pub async fn bytes_up_to(self, max_bytes: usize) -> Result<Bytes, NetError> {
        let body = Limited::new(self.0.into_body(), max_bytes).collect().await.map_err(SendError::Truncated)?;
        Ok(body.to_bytes())
    }

    /// The body, parsed as JSON.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, NetError> {
        serde_json::from_slice(&self.bytes().await?).map_err(|error| SendError::Truncated(error.into()).into())
    }
}
