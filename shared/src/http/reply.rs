//! Answers.

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

/// An answer under construction.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(text) => {
                let reply = Self { status, headers: Vec::new(), body: Body::Text(text) };
                reply.header(header::CONTENT_TYPE, "application/json")
            }
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written");
                Self::empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// An answer with a body of that content type.
    pub fn text(status: StatusCode, content_type: &str, text: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: Body::Text(text.into()) }.header(header::CONTENT_TYPE, content_type)
    }

    /// Adds a header; a value that can be none is left out.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }

    /// Sets the body's content type anew.
    pub fn content_type(mut self, content_type: &str) -> Self {
        self.headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
        self.header(header::CONTENT_TYPE, content_type)
    }

    /// Adds the record's version as `ETag`.
    pub fn etag(self, version: u64) -> Self {
        self.header(header::ETAG, super::etag::of(version))
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer as lambda_http takes it.
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}
