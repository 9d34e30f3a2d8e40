//! Another way to send requests than the network.

use std::fmt;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::Full;
use hyper::{Request, Response};

use super::SendError;

/// Sends requests and brings their answers: a simulation of the network and of all servers behind it.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends a request, as [`super::Pool::send`] does. The answer's body is there completely.
    fn send(&self, request: Request<Full<Bytes>>) -> BoxFuture<'static, Result<Response<Bytes>, SendError>>;
}
