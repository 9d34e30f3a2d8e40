//! Calls to AWS. The SDKs say what a request and an answer look like: their inputs, serialisers, deserialisers and errors are
//! used as they are. What they put between the two (an endpoint worked out by rules, plug-ins and interceptors merged for each
//! call, an identity looked for in many places) costs several times what the rest of a request does, and a function on Lambda
//! needs one sort of each: it is given its region and credentials in the environment, signs by SigV4, and speaks HTTP/1.1.

mod environment;
mod errors;
mod operation;
mod retry;
mod sign;
mod tls;

use std::{env, sync::Arc, time::SystemTime};

use aws_smithy_runtime_api::client::{
    interceptors::context::Input,
    orchestrator::{HttpRequest, HttpResponse},
    result::SdkError,
    ser_de::{DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer},
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use bytes::Bytes;
use http_body_util::Full;
use lambda_http::http::{
    HeaderMap, HeaderName, HeaderValue, Request,
    header::{HOST, USER_AGENT},
    request::Parts,
};

pub use self::{
    environment::{Api, Aws},
    operation::Operation,
    retry::Patience,
};
use self::{errors::Failure, sign::Signer};
use crate::net::{Broken, Origin};
pub(crate) use operation::{Layer, operations};

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// One service of AWS, at one end point. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: Origin,
    signer: Signer,
    user_agent: HeaderValue,
    patience: Patience,
}

impl Service {
    fn new(origin: Origin, signer: Signer, user_agent: HeaderValue, patience: Patience) -> Self {
        Self(Arc::new(Inner { origin, signer, user_agent, patience }))
    }

    /// Opens a connection before the first call needs one. What stands in the way shows in that call.
    pub async fn open(&self) {
        self.0.origin.open().await;
    }

    /// Makes a call, as the SDK's own client would: throttling, a server's errors and what never came are tried again, as
    /// far as there is patience.
    pub async fn call<O: Operation>(&self, input: O::Input) -> Result<O::Output, SdkError<O::Error, HttpResponse>> {
        let unusable = || SdkError::construction_failure("the SDK does not say how this operation is written");
        let layer = O::layer().ok_or_else(unusable)?;
        let writer = layer.load::<SharedRequestSerializer>().ok_or_else(unusable)?;
        let reader = layer.load::<SharedResponseDeserializer>().ok_or_else(unusable)?;
        let request = writer.serialize_input(Input::erase(input), &mut ConfigBag::base());
        let request = request.map_err(SdkError::construction_failure)?;
        // Behind a pointer: all that awaits a call would else be as large as a connection being made, and moved as such.
        let response = Box::pin(self.exchange(request)).await.map_err(Failure::into_sdk)?;
        match reader.deserialize_nonstreaming_with_config(&response, &ConfigBag::base()) {
            Ok(output) => match output.downcast() {
                Ok(output) => Ok(output),
                Err(_) => Err(SdkError::response_error("an answer of another operation", response)),
            },
            Err(error) => Err(errors::refusal(error, response)),
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let request = request.try_into_http1x().map_err(|error| Failure::Unwritten(error.into()))?;
        let (mut parts, body) = request.into_parts();
        let body = body.bytes().map(Bytes::copy_from_slice);
        let body = body.ok_or_else(|| Failure::Unwritten("a body that is streamed".into()))?;
        let trace = env::var("_X_AMZN_TRACE_ID").ok().and_then(|id| HeaderValue::try_from(id).ok());
        parts.headers.insert(HOST, self.0.origin.authority().clone());
        retry::with_patience(self.0.patience, || self.attempt(&parts, body.clone(), trace.clone())).await
    }

    /// One attempt, signed at its own time.
    async fn attempt(&self, parts: &Parts, body: Bytes, trace: Option<HeaderValue>) -> Result<HttpResponse, Failure> {
        let mut headers = HeaderMap::with_capacity(12);
        headers.extend(parts.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        let signed = self.0.signer.sign(&parts.method, &parts.uri, &mut headers, &body, SystemTime::now());
        signed.map_err(|error| Failure::Unwritten(error.into()))?;
        headers.insert(USER_AGENT, self.0.user_agent.clone());
        headers.extend(trace.map(|id| (TRACE_ID, id)));
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.headers_mut() = headers;
        let response = self.0.origin.send(request).await.map_err(Failure::Broken)?;
        let response: Result<HttpResponse, _> = response.map(SdkBody::from).try_into();
        response.map_err(|error| Failure::Broken(Broken::Unanswered(error.into())))
    }
}

#[cfg(test)]
mod tests;
