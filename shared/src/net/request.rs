//! Builds requests.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT},
};

type Whole = hyper::Request<Full<Bytes>>;

/// A request. A URL or a header with characters that HTTP does not allow is an error only when the request is sent.
pub struct Request(Option<Whole>);

impl Request {
    /// A `POST` request.
    pub fn post(url: &str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut request = Self::new(Method::POST, url, body.into());
        request.insert(CONTENT_TYPE, Some(HeaderValue::from_static(content_type)));
        request
    }

    /// A `GET` request.
    pub fn get(url: &str) -> Self {
        Self::new(Method::GET, url, Bytes::new())
    }

    fn new(method: Method, url: &str, body: Bytes) -> Self {
        let mut request = Self(url.parse::<Uri>().ok().map(|uri| {
            let mut request = hyper::Request::new(Full::new(body));
            (*request.method_mut(), *request.uri_mut()) = (method, uri);
            request
        }));
        request.insert(ACCEPT, Some(HeaderValue::from_static("*/*")));
        let name = concat!("Tidings/", env!("CARGO_PKG_VERSION"));
        request.insert(USER_AGENT, Some(HeaderValue::from_static(name)));
        request
    }

    /// Adds a header. Its name must be in lower case.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.insert(HeaderName::from_static(name), HeaderValue::from_str(value).ok());
        self
    }

    /// Adds a bearer token.
    pub fn bearer(mut self, token: &str) -> Self {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        self.insert(AUTHORIZATION, value);
        self
    }

    fn insert(&mut self, name: HeaderName, value: Option<HeaderValue>) {
        match (value, &mut self.0) {
            (Some(value), Some(request)) => drop(request.headers_mut().insert(name, value)),
            _ => self.0 = None,
        }
    }

    /// The request, if it can be written.
    pub(super) fn into_inner(self) -> Option<Whole> {
        self.0
    }
}
