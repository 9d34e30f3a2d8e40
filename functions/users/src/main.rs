//! The Lambda function `users`.

use lambda_http::Error;
use shared::{
    cache::{A_MINUTE, Cached},
    config,
    http::{
        auth::{Bearer, BearerConfig},
        contract3::Keys,
        serve,
    },
    store::Store,
    telemetry,
};
use users::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let app = App {
        store: Store::new(&config::aws().await, config::text("TABLE_NAME")?),
        bearer: Bearer::new(BearerConfig::from_env()?),
        keys: Keys::from_env()?,
        channels: Cached::new(A_MINUTE),
        namespace: config::parsed("USER_NAMESPACE")?,
    };
    serve(app, handle).await
}
