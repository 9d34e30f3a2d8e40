//! The SDKs' requests, over the crate's own pool of connections. The error of a request without an answer is a
//! [`SendError`], which says whether the server may have read the request. A caller that must not send twice reads it
//! there.

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::{Request, Response, body::Frame};

use crate::net::{Pool, SendError, Writing};

/// The most bytes that are read of an answer. DynamoDB's answers are not longer.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Sends requests over a pool. Time limits are the SDK's and the pool's own.
#[derive(Clone, Debug)]
pub(super) struct Pooled(pub Pool);

impl HttpConnector for Pooled {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(exchange(self.0.clone(), request))
    }
}

impl HttpClient for Pooled {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

async fn exchange(pool: Pool, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let (parts, body) = http1(request)?.into_parts();
    let body = body.bytes().map(Bytes::copy_from_slice);
    let body = body.ok_or_else(|| ConnectorError::user("a body that is streamed".into()))?;
    let response = pool.send(Request::from_parts(parts, Full::new(body))).await.map_err(unanswered)?;
    let (parts, body) = response.into_parts();
    let body = match Limited::new(body, MAX_BYTES).collect().await {
        Ok(body) => SdkBody::from(body.to_bytes()),
        // The SDK reads the body, and reports this error as one that came after a status.
        Err(error) => {
            let broken = Err::<Frame<Bytes>, _>(SendError::Truncated(error));
            SdkBody::from_body_1_x(StreamBody::new(stream::iter([broken])))
        }
    };
    Response::from_parts(parts, body).try_into().map_err(|error| ConnectorError::other(Box::new(error), None))
}

fn http1(request: HttpRequest) -> Result<Request<SdkBody>, ConnectorError> {
    request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))
}

fn unanswered(error: SendError) -> ConnectorError {
    let is_not_sent = error.is_not_sent();
    let error = ConnectorError::io(error.into());
    if is_not_sent { error.never_connected() } else { error }
}

/// Another HTTP client than the pool. Nobody knows when it writes a request, so each one counts as written at once.
#[derive(Clone, Debug)]
pub(super) struct Announced<T = SharedHttpClient>(pub T);

impl HttpClient for Announced {
    fn http_connector(&self, settings: &HttpConnectorSettings, parts: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Announced(self.0.http_connector(settings, parts)))
    }
}

impl HttpConnector for Announced<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        Writing::of_this_work().begin();
        self.0.call(request)
    }
}

/// Opens a connection to the host that a request would go to, and sends nothing.
#[derive(Clone, Debug)]
pub struct Opener(Pool);

/// What comes of every call that is made through an [`Opener`].
#[derive(Debug, thiserror::Error)]
#[error("a connection was opened, and nothing was sent")]
struct Opened;

impl Opener {
    pub(super) fn new(pool: Pool) -> Self {
        Self(pool)
    }
}

impl HttpConnector for Opener {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let pool = self.0.clone();
        HttpConnectorFuture::new(async move {
            pool.open(http1(request)?.uri()).await;
            Err(ConnectorError::user(Opened.into()))
        })
    }
}

impl HttpClient for Opener {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
