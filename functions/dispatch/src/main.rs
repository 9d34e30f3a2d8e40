//! The Lambda function `dispatch`.

use std::sync::Arc;

use dispatch::{App, Event, Providers, Retries, Sources};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::{
    aws::{Aws, Time},
    cache::{A_MINUTE, Cached},
    config::{self, ConfigError},
    delivery::{Apns, Fcm, Secrets, Ses, Slack, Sms, Webhook},
    metrics::Metrics,
    queue::Queue,
    store::{Store, Templates},
    telemetry,
    unsubscribe::{OptOutKey, OptOutKeys, OptOutLinks},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let aws = Aws::from_env(Time::of_system())?;
    let dead_letters = config::text("DEAD_LETTER_QUEUE_URL")?;
    let sources = Sources::new(&dead_letters, &config::text("FEEDBACK_QUEUE_ARN")?);
    let secrets = Secrets::new(&aws);
    let opt_outs = OptOutKeys::new(secrets.clone(), config::text("DEPLOYMENT_SECRET")?, OptOutKey::derive);
    let opt_outs = OptOutLinks::new(opt_outs, &config::text("PUBLIC_URL")?);
    let store = Store::new(&aws, config::text("TABLE_NAME")?);
    let app = Arc::new(App {
        store: store.clone(),
        queue: Queue::new(&aws, config::text("QUEUE_URL")?),
        dead_letters: Queue::new(&aws, dead_letters),
        sources,
        channels: Cached::new(A_MINUTE),
        templates: Templates::default(),
        providers: Providers {
            ses: Ses::new(&aws, config::text("SENDER_ADDRESS")?, config::optional("CONFIGURATION_SET")),
            fcm: Fcm::new(config::text("FCM_ENDPOINT")?),
            apns: Apns::new(config::text("APNS_ENDPOINT")?),
            slack: Slack::new(config::text("SLACK_ENDPOINT")?),
            sms: Sms::new(&aws),
            webhook: Webhook::new(config::list("WEBHOOK_INSECURE_HOSTS")),
            inbox: store,
            secrets,
        },
        opt_outs: opt_outs.map_err(|error| ConfigError::new("PUBLIC_URL", error))?,
        retention: config::days("NOTIFICATION_RETENTION_DAYS")?,
        metrics: Metrics::new(config::text("STACK_NAME")?),
        retries: Retries {
            most: config::parsed("MAX_RECEIVE_COUNT")?,
            base_seconds: config::parsed("RETRY_BASE_SECONDS")?,
            most_seconds: config::parsed("RETRY_MOST_SECONDS")?,
        },
    });
    // Before the first batch, while starting is all there is to do.
    app.store.open().await;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| {
        let app = app.clone();
        async move { Ok::<_, Error>(dispatch::handle(&app, event.payload, event.context.deadline()).await) }
    }))
    .await
}
