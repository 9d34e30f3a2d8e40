//! The Lambda function `preferences`.

use lambda_http::Error;
use preferences::{App, handle};
use shared::{
    config,
    http::{
        auth::{Bearer, BearerConfig},
        serve,
    },
    store::Store,
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let app = App {
        store: Store::new(&config::aws().await, config::text("TABLE_NAME")?),
        bearer: Bearer::new(BearerConfig::from_env()?),
        anonymous: config::parsed("ANONYMOUS_PREFERENCES")?,
    };
    serve(app, handle).await
}
