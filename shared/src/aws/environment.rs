//! The settings from Lambda and the template with which a function calls AWS.

use std::{collections::HashMap, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::SharedTimeSource,
};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_types::{
    SdkConfig,
    app_name::AppName,
    region::Region,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use hyper::Uri;

use super::{Aws, Pooled, signed::ENDPOINT, tls};
use crate::{
    clock::Clock,
    config::{self, ConfigError},
    net::{Connector, Pool},
};

/// The services that are called, as their names stand in `AWS_ENDPOINT_URL_…`
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>).
const SERVICES: [&str; 7] =
    ["CLOUDWATCH_LOGS", "DYNAMODB", "LAMBDA", "PINPOINT_SMS_VOICE_V2", "SECRETS_MANAGER", "SESV2", "SQS"];

/// AWS does not close a connection that was used this short a time ago.
const FRESH: Duration = Duration::from_secs(1);

/// End points of single services. The keys are the names in `SERVICES` above.
#[derive(Debug)]
struct Endpoints(HashMap<&'static str, String>);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().replace(' ', "_").to_uppercase();
        self.0.get(service.as_str()).filter(|_| key.env() == ENDPOINT).cloned()
    }
}

impl Aws {
    /// From the environment, by the names that all SDKs read
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>): `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_{service}`,
    /// `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, `AWS_SDK_UA_APP_ID`, `AWS_CA_BUNDLE`. Nothing else is read:
    /// no file and no metadata service. The clients sign by `clock`, and wait by tokio's clock.
    pub fn from_env(clock: Clock) -> Result<Self, ConfigError> {
        Self::read(config::optional, clock)
    }

    /// For a stand-in for AWS at `endpoint`, in `us-east-1`, with credentials that only a stand-in accepts.
    pub fn stand_in(endpoint: &str, clock: Clock) -> Result<Self, ConfigError> {
        let setting = |name: &str| match name {
            ENDPOINT => Some(endpoint.to_owned()),
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
            _ => None,
        };
        Self::read(setting, clock)
    }

    pub(super) fn read(setting: impl Fn(&str) -> Option<String>, clock: Clock) -> Result<Self, ConfigError> {
        let required = |name: &str| setting(name).ok_or_else(|| ConfigError::new(name, "is not set"));
        let is_true = |name: &str| match setting(name).as_deref() {
            Some("true") => Ok(true),
            Some("false") | None => Ok(false),
            Some(_) => Err(ConfigError::new(name, "must be true or false")),
        };
        let endpoint = |name: &str| match setting(name) {
            Some(url) if !is_endpoint(&url) => {
                Err(ConfigError::new(name, "must be a URL that begins with https:// or http://"))
            }
            url => Ok(url),
        };
        let region = required("AWS_REGION")?;
        let tls = tls::trust(setting("AWS_CA_BUNDLE"), &region, &setting);
        let (key_id, secret) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::new(key_id, secret, setting("AWS_SESSION_TOKEN"), None, "Environment");
        let mut endpoints = HashMap::new();
        for service in SERVICES {
            endpoints.extend(endpoint(&format!("{ENDPOINT}_{service}"))?.map(|url| (service, url)));
        }
        let connector = Connector::anywhere(clock.clone()).http1().tls(tls);
        let pool = Pool::new(connector, FRESH);
        let mut config = SdkConfig::builder()
            // The clients' defaults are those of this version. Change it only after a look at what a later one does.
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Pooled(pool.clone()))
            .time_source(SharedTimeSource::new(clock))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            // This protection watches bodies that are streamed. Here every body is read whole, within a time limit.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .service_config(Endpoints(endpoints))
            .use_fips(is_true("AWS_USE_FIPS_ENDPOINT")?)
            .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT")?);
        config.set_endpoint_url(endpoint(ENDPOINT)?);
        if let Some(name) = setting("AWS_SDK_UA_APP_ID") {
            let name = AppName::new(name).map_err(|error| ConfigError::new("AWS_SDK_UA_APP_ID", error))?;
            config.set_app_name(Some(name));
        }
        Ok(Self { config: config.build(), pool })
    }
}

fn is_endpoint(url: &str) -> bool {
    let url = url.parse::<Uri>();
    url.is_ok_and(|url| matches!(url.scheme_str(), Some("https" | "http")) && url.host().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &[(&str, &str)]) -> Result<Aws, ConfigError> {
        let keys =
            [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "wJalr")];
        let set: HashMap<_, _> = keys.iter().chain(more).copied().collect();
        Aws::read(|name| set.get(name).map(|value| (*value).to_owned()), Clock::system())
    }

    fn endpoint_of(aws: &Aws, service: &str) -> Option<String> {
        let key =
            ServiceConfigKey::builder().service_id(service).env(ENDPOINT).profile("endpoint_url").build().unwrap();
        aws.config.service_config().unwrap().load_config(key)
    }

    #[test]
    fn a_service_may_have_an_end_point_of_its_own() {
        let aws = read(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:2"),
            ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", "http://127.0.0.1:3"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:4"),
        ]);
        let aws = aws.unwrap();
        assert_eq!(aws.config.endpoint_url(), Some("http://127.0.0.1:1"));
        for (service, endpoint) in [
            ("DynamoDB", Some("http://127.0.0.1:2")),
            ("Pinpoint SMS Voice V2", Some("http://127.0.0.1:3")),
            ("Secrets Manager", Some("http://127.0.0.1:4")),
            ("SQS", None),
            ("SESv2", None),
        ] {
            assert_eq!(endpoint_of(&aws, service).as_deref(), endpoint, "{service}");
        }
    }

    #[test]
    fn an_end_point_must_be_a_url_that_can_be_called() {
        for bad in ["dynamodb", "ftp://a.example", "https://", ""] {
            let error = read(&[("AWS_ENDPOINT_URL_DYNAMODB", bad)]).unwrap_err();
            assert!(error.to_string().contains("AWS_ENDPOINT_URL_DYNAMODB must be a URL"), "{error}");
            let error = Aws::stand_in(bad, Clock::system()).unwrap_err();
            assert!(error.to_string().contains("AWS_ENDPOINT_URL must be a URL"), "{error}");
        }
    }

    #[test]
    fn kinds_of_end_points_are_switched_on_by_true() {
        let kinds = |aws: Aws| (aws.config.use_fips(), aws.config.use_dual_stack());
        assert_eq!(kinds(read(&[]).unwrap()), (Some(false), Some(false)));
        let both = read(&[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")]);
        assert_eq!(kinds(both.unwrap()), (Some(true), Some(true)));
        let error = read(&[("AWS_USE_FIPS_ENDPOINT", "1")]).unwrap_err();
        assert!(error.to_string().contains("AWS_USE_FIPS_ENDPOINT must be true or false"), "{error}");
    }

    #[test]
    fn who_calls_is_named_where_that_can_stand_in_a_header() {
        let name = |aws: Aws| aws.config.app_name().map(ToString::to_string);
        assert_eq!(name(read(&[("AWS_SDK_UA_APP_ID", "dispatch-0")]).unwrap()).as_deref(), Some("dispatch-0"));
        assert_eq!(name(read(&[]).unwrap()), None);
        assert!(read(&[("AWS_SDK_UA_APP_ID", "a\nb")]).is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let keys = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        for missing in keys {
            let setting = |name: &str| (keys.contains(&name) && name != missing).then(|| "x".to_owned());
            let error = Aws::read(setting, Clock::system()).unwrap_err();
            assert!(error.to_string().contains(&format!("{missing} is not set")), "{error}");
        }
    }

    #[test]
    fn nobody_prints_a_secret() {
        let text = format!("{:?}", read(&[("AWS_SESSION_TOKEN", "session-token")]).unwrap());
        assert!(!text.contains("wJalr") && !text.contains("session-token"), "{text}");
    }
}
