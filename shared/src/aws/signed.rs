//! Calls of services of which one operation is used. An SDK of its own would be megabytes of code for each of them; the signature
//! is the SDKs' own. Their settings for FIPS and dual stack do not count here.

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, error::CredentialsError};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningError, SigningSettings, sign},
    sign::v4,
};
use aws_types::{SdkConfig, service_config::ServiceConfigKey};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, header::CONTENT_TYPE};
use serde_json::Value;

use crate::{
    clock::Clock,
    net::{Pool, SendError},
};

/// The variable that names the end point of all services, in place of AWS's own end points. With `_` and a service's name at its
/// end, it names that service's (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
pub(super) const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// A service, and how it is reached: `https://{name}.{region}.{suffix}`.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its id, by which `AWS_ENDPOINT_URL_…` names another end point.
    id: &'static str,
    /// Its name in signatures and in the host.
    name: &'static str,
}

/// CloudWatch Logs.
pub const LOGS: Service = Service { id: "CloudWatch Logs", name: "logs" };
/// Lambda.
pub const LAMBDA: Service = Service { id: "Lambda", name: "lambda" };

/// The most bytes of an answer.
const MAX_BYTES: usize = 256 * 1024;

/// Calls one service. Each call is made once.
#[derive(Clone, Debug)]
pub struct Signed {
    config: SdkConfig,
    pool: Pool,
    endpoint: String,
    service: Service,
    limit: Duration,
    clock: Clock,
}

/// Why a call has no answer that says more.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The function has no credentials.
    #[error("there are no credentials")]
    NoCredentials(#[from] CredentialsError),
    /// The request cannot be written or signed.
    #[error("the call cannot be signed")]
    Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service took too long.
    #[error("the service takes too long")]
    Late,
    /// The service did not answer.
    #[error("the service does not answer")]
    NoAnswer(#[from] SendError),
    /// The service refused the call.
    #[error("the service refuses the call: {code} (status {status})")]
    Refused {
        /// The status.
        status: u16,
        /// AWS's name of the error; empty if the answer has none.
        code: String,
    },
    /// The answer is not JSON.
    #[error("the service's answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

impl CallError {
    /// Whether the same call may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Late | Self::NoAnswer(_) | Self::Unreadable(_) => true,
            Self::NoCredentials(_) | Self::Unsigned(_) => false,
            Self::Refused { status, code } => {
                *status >= 500 || *status == 429 || code.contains("Throttl") || code == "ServiceUnavailableException"
            }
        }
    }
}

impl Signed {
    /// `limit` is the longest that a call takes.
    pub(super) fn new(
        config: &SdkConfig,
        pool: Pool,
        service: Service,
        url_suffix: &str,
        limit: Duration,
        clock: Clock,
    ) -> Self {
        let key = ServiceConfigKey::builder().service_id(service.id).env(ENDPOINT).profile("endpoint_url").build();
        let own = key.ok().and_then(|key| config.service_config()?.load_config(key));
        let endpoint = own.or_else(|| config.endpoint_url().map(str::to_owned)).unwrap_or_else(|| {
            let region = config.region().map(AsRef::as_ref).unwrap_or_default();
            format!("https://{}.{region}.{url_suffix}", service.name)
        });
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Self { config: config.clone(), pool, endpoint, service, limit, clock }
    }

    /// Calls an operation of AWS's JSON 1.1 protocol by its target, such as `Logs_20140328.PutLogEvents`.
    pub async fn post(&self, target: &str, body: &Value) -> Result<Value, CallError> {
        let body = Bytes::from(body.to_string());
        let request = Request::post(format!("{}/", self.endpoint))
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target);
        self.call(request, body).await
    }

    /// Calls an operation that is a `GET` of this path.
    pub async fn get(&self, path: &str) -> Result<Value, CallError> {
        let request = Request::builder().method(Method::GET).uri(format!("{}{path}", self.endpoint));
        self.call(request, Bytes::new()).await
    }

    async fn call(&self, request: hyper::http::request::Builder, body: Bytes) -> Result<Value, CallError> {
        let request = request.body(Full::new(body.clone())).map_err(|error| CallError::Unsigned(error.into()))?;
        let request = self.sign(request, &body).await?;
        self.clock.timeout(self.limit, self.exchange(request)).await.unwrap_or(Err(CallError::Late))
    }

    async fn sign(&self, mut request: Request<Full<Bytes>>, body: &[u8]) -> Result<Request<Full<Bytes>>, CallError> {
        let unsigned = |error: SigningError| CallError::Unsigned(error.into());
        let credentials = match self.config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await?,
            None => return Err(CredentialsError::not_loaded_no_source().into()),
        };
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.config.region().map(AsRef::as_ref).unwrap_or_default())
            .name(self.service.name)
            .time(self.clock.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| CallError::Unsigned(error.into()))?;
        let headers = request.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let (method, url) = (request.method().as_str(), request.uri().to_string());
        let signable = SignableRequest::new(method, url, headers, SignableBody::Bytes(body)).map_err(unsigned)?;
        let (instructions, _) = sign(signable, &params.into()).map_err(unsigned)?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Value, CallError> {
        let (parts, body) = self.pool.send(request).await?.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await.map_err(SendError::Truncated)?.to_bytes();
        if parts.status.is_success() {
            return Ok(serde_json::from_slice(if body.is_empty() { b"{}" } else { &body })?);
        }
        let told = parts.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let told = told.or_else(|| {
            let body: Value = serde_json::from_slice(&body).ok()?;
            body.get("__type")?.as_str().map(str::to_owned)
        });
        let code = told.as_deref().map(code).unwrap_or_default().to_owned();
        Err(CallError::Refused { status: parts.status.as_u16(), code })
    }
}

/// The name of an error, without the namespace before it and the URL behind it, which some services add.
fn code(told: &str) -> &str {
    let told = told.split(':').next().unwrap_or_default();
    told.rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::{
        Aws,
        tests::{Act, Server},
    };

    #[test]
    fn a_service_is_reached_by_its_name_in_its_region_unless_the_environment_says_otherwise() {
        let signed = |more: &[(&str, &str)]| {
            let set = |name: &str| {
                let more = more.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
                more.or(match name {
                    "AWS_REGION" => Some("cn-north-1"),
                    "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("key"),
                    _ => None,
                })
            };
            let aws = Aws::read(|name| set(name).map(str::to_owned), Clock::system()).unwrap();
            aws.signed(LOGS, "amazonaws.com.cn", Clock::system()).endpoint
        };
        assert_eq!(signed(&[]), "https://logs.cn-north-1.amazonaws.com.cn");
        let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1/");
        assert_eq!(signed(&[all]), "http://127.0.0.1:1");
        assert_eq!(signed(&[all, ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:2")]), "http://127.0.0.1:2");
    }

    #[tokio::test]
    async fn a_call_is_signed_for_its_service_and_its_refusal_is_told_by_name() {
        let refusal = r#"{"__type":"com.amazonaws.logs#AccessDeniedException"}"#;
        let busy = r#"{"__type":"ThrottlingException:http://internal.amazon.com/"}"#;
        let server = Server::start(&[
            Act::Answer(200, r#"{"a":1}"#),
            Act::Answer(200, ""),
            Act::Answer(400, refusal),
            Act::Answer(400, busy),
            Act::HangUp,
        ])
        .await;
        let logs = server.aws().signed(LOGS, "amazonaws.com", Clock::system());
        assert_eq!(logs.post("Logs_20140328.X", &json!({"b": 2})).await.unwrap(), json!({"a": 1}));
        assert_eq!(logs.get("/path").await.unwrap(), json!({}));
        for (is_passing, says) in [
            (false, "the service refuses the call: AccessDeniedException (status 400)"),
            (true, "the service refuses the call: ThrottlingException (status 400)"),
            (true, "the service does not answer"),
        ] {
            let error = logs.get("/").await.unwrap_err();
            assert_eq!((error.is_passing(), error.to_string().as_str()), (is_passing, says));
        }
        let head = server.heads().remove(0).to_lowercase();
        for line in ["post / http/1.1", "x-amz-target: logs_20140328.x", "/us-east-1/logs/aws4_request", "x-amz-date: "]
        {
            assert!(head.contains(line), "{line}: {head}");
        }
        assert_eq!(server.bodies()[0], r#"{"b":2}"#);
    }
}
