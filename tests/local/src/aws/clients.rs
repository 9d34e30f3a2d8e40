//! The configuration of the SDKs' clients in this crate: any credentials, plain HTTP, an endpoint on loopback.

use aws_sdk_dynamodb::config::SharedHttpClient;

/// The name of the credentials, and both of their parts. The emulators do not check them.
const CREDENTIALS: &str = "local";
const REGION: &str = "us-east-1";

/// A client without TLS, because no server on loopback has TLS.
fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// A configuration for the DynamoDB at `endpoint`.
pub(crate) fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::config::Builder {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
    Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http())
        .endpoint_url(endpoint)
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(CREDENTIALS, CREDENTIALS, None, None, CREDENTIALS))
}

/// A configuration for the SQS at `endpoint`.
pub(crate) fn sqs(endpoint: &str) -> aws_sdk_sqs::config::Builder {
    use aws_sdk_sqs::config::{BehaviorVersion, Builder, Credentials, Region};
    Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http())
        .endpoint_url(endpoint)
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new(CREDENTIALS, CREDENTIALS, None, None, CREDENTIALS))
}
