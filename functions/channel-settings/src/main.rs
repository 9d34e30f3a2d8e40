//! The Lambda function `channel-settings`.

use channel_settings::{App, handle};
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

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let app = App {
        store: Store::new(&Aws::from_env(Time::of_system())?, config::text("TABLE_NAME")?),
        keys: Keys::from_env()?,
        users: Bearer::new(BearerConfig::user_keys_from_env()?),
        channels: Cached::new(A_MINUTE),
        namespace: config::parsed("USER_NAMESPACE")?,
    };
    // Before the first request, while starting is all there is to do.
    app.store.open().await;
    serve(app, handle).await
}
