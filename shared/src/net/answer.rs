//! What comes back.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{Response, body::Incoming};
use serde::de::DeserializeOwned;

use super::{NetError, SendError};

/// The most bytes of a body that are read. No provider says more, and none may fill our memory.
const MOST_BYTES: usize = 64 * 1024;

/// An answer, whose body may still be on its way.
pub struct Answer(Response<Incoming>);

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Answer {
    pub(super) fn new(response: Response<Incoming>) -> Self {
        Self(response)
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// A header's text, where there is one and it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, of 64 KiB at the most.
    pub async fn bytes(self) -> Result<Bytes, NetError> {
        self.bytes_up_to(MOST_BYTES).await
    }

    /// The body, of so many bytes at the most.
    pub async fn bytes_up_to(self, max_bytes: usize) -> Result<Bytes, NetError> {
        let body = Limited::new(self.0.into_body(), max_bytes).collect().await.map_err(SendError::Truncated)?;
        Ok(body.to_bytes())
    }

    /// The body, out of JSON.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, NetError> {
        serde_json::from_slice(&self.bytes().await?).map_err(|error| SendError::Truncated(error.into()).into())
    }
}
