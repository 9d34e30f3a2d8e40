//! The Lambda function `dispatch`.

use std::sync::Arc;

use aws_lambda_events::event::sqs::SqsEvent;
use dispatch::{App, Providers, Retries};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::{
    cache::{A_MINUTE, Cached},
    config,
    delivery::{Fcm, Secrets, Ses},
    queue::Queue,
    store::Store,
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    let aws = config::aws().await;
    let app = Arc::new(App {
        store: Store::new(&aws, config::text("TABLE_NAME")?),
        queue: Queue::new(&aws, config::text("QUEUE_URL")?),
        dead_letters: Queue::new(&aws, config::text("DEAD_LETTER_QUEUE_URL")?),
        channels: Cached::new(A_MINUTE),
        providers: Providers {
            ses: Ses::new(&aws, config::text("SENDER_ADDRESS")?, None),
            fcm: Fcm::new(config::text("FCM_ENDPOINT")?)?,
            secrets: Secrets::new(&aws),
        },
        retries: Retries {
            most_receives: config::parsed("MAX_RECEIVE_COUNT")?,
            base_seconds: config::parsed("RETRY_BASE_SECONDS")?,
            most_seconds: config::parsed("RETRY_MOST_SECONDS")?,
        },
    });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| {
        let app = app.clone();
        async move { Ok::<_, Error>(dispatch::handle(&app, event.payload, event.context.deadline()).await) }
    }))
    .await
}
