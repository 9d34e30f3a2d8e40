//! Answers.

use lambda_http::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::{domain::UserId, store::SavedAnswer};

/// An answer under construction.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
    about: Option<UserId>,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty, about: None }
    }

    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(text) => {
                let reply = Self { status, headers: Vec::new(), body: Body::Text(text), about: None };
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
        Self { status, headers: Vec::new(), body: Body::Text(text.into()), about: None }
            .header(header::CONTENT_TYPE, content_type)
    }

    /// An answer with these bytes. It is text if they are UTF-8.
    pub fn bytes(status: StatusCode, content_type: &str, bytes: &[u8]) -> Self {
        let body = std::str::from_utf8(bytes)
            .map_or_else(|_| Body::Binary(bytes.to_vec()), |text| Body::Text(text.to_owned()));
        Self { status, headers: Vec::new(), body, about: None }.header(header::CONTENT_TYPE, content_type)
    }

    /// Adds a header. A value that HTTP does not allow is left out.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }

    /// Replaces the body's content type.
    pub fn content_type(mut self, content_type: &str) -> Self {
        self.headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
        self.header(header::CONTENT_TYPE, content_type)
    }

    /// Adds the record's version as `ETag`.
    pub fn etag(self, version: u64) -> Self {
        self.header(header::ETAG, super::etag::of(version))
    }

    /// The entity tag, if the answer has one.
    pub(super) fn tag(&self) -> Option<&str> {
        let tag = self.headers.iter().find(|(name, _)| *name == header::ETAG);
        tag.and_then(|(_, value)| value.to_str().ok())
    }

    /// The same answer with the body's digest as entity tag, unless it has one.
    pub fn tagged(self) -> Self {
        if self.tag().is_some() {
            return self;
        }
        let tag = super::etag::of_bytes(&self.body);
        self.header(header::ETAG, tag)
    }

    /// 304: the client has the body already.
    pub(super) fn not_modified(mut self) -> Self {
        self.headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
        Self { status: StatusCode::NOT_MODIFIED, body: Body::Empty, ..self }
    }

    /// The answer to `HEAD`: the headers of the answer to `GET`, with the length of its body (RFC 9110 §9.3.2, §8.6). No body goes
    /// to the gateway. A gateway that counts the bytes by itself replaces the length, or gives it another name.
    pub(super) fn without_body(self) -> Self {
        let reply = match self.body.len() {
            0 => self,
            bytes => self.header(header::CONTENT_LENGTH, bytes.to_string()),
        };
        Self { body: Body::Empty, ..reply }
    }

    /// The answer holds this user's data, which only the work itself has found out. If it is kept under an idempotency
    /// key, the erasure of that user removes it.
    pub fn about(mut self, user: UserId) -> Self {
        self.about = Some(user);
        self
    }

    /// The user whose data the answer holds, if the work has found that out.
    pub(super) fn whose(&self) -> Option<UserId> {
        self.about
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer in the form in which it is stored and given again. Cookies are left out, since they must not be
    /// stored. `None` if the body is not text.
    pub fn save(&self) -> Option<SavedAnswer> {
        let body = match &self.body {
            Body::Text(text) => text.clone(),
            Body::Empty => String::new(),
            _ => return None,
        };
        let kept = self.headers.iter().filter(|(name, _)| name != header::SET_COOKIE);
        let headers = kept.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        Some(SavedAnswer { status: self.status.as_u16(), headers: headers.collect(), body })
    }

    /// An answer that was stored.
    pub fn saved(SavedAnswer { status, headers, body }: SavedAnswer) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let body = if body.is_empty() { Body::Empty } else { Body::Text(body) };
        headers.into_iter().fold(Self { status, headers: Vec::new(), body, about: None }, |reply, (name, value)| {
            match HeaderName::try_from(name) {
                Ok(name) => reply.header(name, value),
                Err(_) => reply,
            }
        })
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
