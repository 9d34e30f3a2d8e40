//! The Lambda function `users`.

use lambda_http::Error;
use shared::{
    aws::{Aws, Time},
    cache::{A_MINUTE, Cached},
    config,
    dialects::notiflows::Keys,
    http::{
        auth::{Bearer, BearerConfig},
        serve,
    },
    store::Store,
    telemetry,
};
use users::{App, handle};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let app = App {
        store: Store::new(&Aws::from_env(Time::of_system())?, config::text("TABLE_NAME")?),
        bearer: Bearer::new(BearerConfig::from_env()?),
        keys: Keys::from_env()?,
        channels: Cached::new(A_MINUTE),
        namespace: config::parsed("USER_NAMESPACE")?,
    };
    // Before the first request, while starting is all there is to do.
    app.store.open().await;
    serve(app, handle).await
}
