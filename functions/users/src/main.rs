//! The Lambda function `users`.

use lambda_http::Error;
use shared::{
    config,
    http::{
        auth::{Bearer, BearerConfig},
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
    };
    serve(app, handle).await
}
