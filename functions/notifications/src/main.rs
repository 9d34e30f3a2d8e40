//! The Lambda function `notifications`.

use lambda_http::Error;
use notifications::{App, handle};
use shared::{
    aws::{Aws, Time},
    cache::{A_MINUTE, Cached},
    config,
    http::{
        auth::{Bearer, BearerConfig},
        serve,
    },
    metrics::Metrics,
    queue::Queue,
    store::{Store, Templates},
    telemetry,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let aws = Aws::from_env(Time::of_system())?;
    let app = App {
        store: Store::new(&aws, config::text("TABLE_NAME")?),
        queue: Queue::new(&aws, config::text("QUEUE_URL")?),
        bearer: Bearer::new(BearerConfig::from_env()?),
        channels: Cached::new(A_MINUTE),
        templates: Templates::default(),
        namespace: config::parsed("USER_NAMESPACE")?,
        retention: config::days("NOTIFICATION_RETENTION_DAYS")?,
        metrics: Metrics::new(config::text("STACK_NAME")?),
    };
    // Before the first request, while starting is all there is to do.
    app.store.open().await;
    serve(app, handle).await
}
