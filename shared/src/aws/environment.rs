//! What Lambda gives a function to call AWS with.

use std::{env, sync::Arc};

use lambda_http::http::{HeaderValue, Uri};

use super::{
    Service,
    retry::Patience,
    sign::{Credentials, Signer},
    tls,
};
use crate::{
    config::{self, ConfigError},
    net::Origin,
};

/// The most that is read of an answer, in bytes: DynamoDB's are not longer.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A service: by which names it goes.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// In `AWS_ENDPOINT_URL_…`, by which the SDKs and the AWS CLI are told of another end point.
    pub id: &'static str,
    /// In its host name.
    pub host: &'static str,
    /// In signatures.
    pub signing: &'static str,
}

/// A region and the right to call its services.
#[derive(Clone, Debug)]
pub struct Aws {
    region: Arc<str>,
    credentials: Arc<Credentials>,
    /// Where every service is, instead of its place at AWS.
    endpoint: Option<String>,
    from_env: bool,
    user_agent: HeaderValue,
}

impl Aws {
    /// Out of the environment: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, and end points
    /// other than AWS's own by `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_{service}`. Nothing else is looked at: no file and no
    /// metadata service.
    pub fn from_env() -> Result<Self, ConfigError> {
        let credentials = Credentials::new(
            config::text("AWS_ACCESS_KEY_ID")?,
            &config::text("AWS_SECRET_ACCESS_KEY")?,
            config::optional("AWS_SESSION_TOKEN"),
        );
        let credentials = credentials.ok_or_else(|| ConfigError::new("AWS_SESSION_TOKEN", "cannot be read"))?;
        let name = config::optional("AWS_SDK_UA_APP_ID");
        let region = config::text("AWS_REGION")?;
        let user_agent = user_agent(name.as_deref());
        let user_agent = user_agent.ok_or_else(|| ConfigError::new("AWS_SDK_UA_APP_ID", "cannot stand in a header"))?;
        let endpoint = config::optional("AWS_ENDPOINT_URL");
        Ok(Self { region: region.into(), credentials: Arc::new(credentials), endpoint, from_env: true, user_agent })
    }

    /// For what stands in for AWS at `endpoint`, in `us-east-1`, with credentials that are good for nothing else.
    pub fn stand_in(endpoint: &str) -> Self {
        Self {
            region: "us-east-1".into(),
            credentials: Arc::new(Credentials::worthless()),
            endpoint: Some(endpoint.to_owned()),
            from_env: false,
            user_agent: HeaderValue::from_static("Tidings"),
        }
    }

    /// A client of a service.
    pub fn service(&self, api: Api, patience: Patience) -> Result<Service, ConfigError> {
        let variable = format!("AWS_ENDPOINT_URL_{}", api.id);
        let own = if self.from_env { config::optional(&variable) } else { None };
        let unusable = || ConfigError::new(&variable, "must be a URL that begins with https:// or http://");
        let endpoint = own.or_else(|| self.endpoint.clone()).unwrap_or_else(|| endpoint(api, &self.region));
        // In China AWS has other authorities than its own.
        let tls = if self.region.starts_with("cn-") { tls::amazon_and_system } else { tls::amazon };
        let url = endpoint.parse::<Uri>().map_err(|_| unusable())?;
        let origin = Origin::of(&url, tls, MOST_BYTES).ok_or_else(unusable)?;
        let signer = Signer::new(self.credentials.clone(), self.region.clone(), api.signing);
        Ok(Service::new(origin, signer, self.user_agent.clone(), patience))
    }
}

/// Where AWS has the service. Elsewhere than in these partitions the end point must be given.
fn endpoint(api: Api, region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{}.{region}.{suffix}", api.host)
}

/// By the form of the SDKs' own: `app/` names who calls.
fn user_agent(app: Option<&str>) -> Option<HeaderValue> {
    let mut agent = concat!("Tidings/", env!("CARGO_PKG_VERSION"), " lang/rust").to_owned();
    if let Some(app) = app {
        agent.push_str(" app/");
        agent.push_str(app);
    }
    HeaderValue::try_from(agent).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_where_its_region_s_partition_has_it() {
        let api = Api { id: "SESV2", host: "email", signing: "ses" };
        assert_eq!(endpoint(api, "eu-central-1"), "https://email.eu-central-1.amazonaws.com");
        assert_eq!(endpoint(api, "cn-north-1"), "https://email.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn who_calls_is_named_where_that_can_stand_in_a_header() {
        assert!(
            user_agent(Some("dispatch-0")).is_some_and(|agent| agent.to_str().unwrap().ends_with(" app/dispatch-0"))
        );
        assert!(user_agent(None).is_some_and(|agent| !agent.to_str().unwrap().contains("app/")));
        assert_eq!(user_agent(Some("a\nb")), None);
    }
}
