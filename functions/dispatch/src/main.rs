//! The Lambda function `dispatch`.

use std::sync::Arc;

use dispatch::{App, Event, Providers, Retries, Sources};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::{
    aws::Aws,
    cache::{A_MINUTE, Cached},
    clock::Clock,
    config::{self, ConfigError},
    delivery::Secrets,
    erasure_log::ErasureLog,
    metrics::Metrics,
    preference_link::{PreferenceKey, PreferenceKeys},
    public_url::PublicUrl,
    queue::{DeliveryQueues, Queue},
    random::Randomness,
    store::{KnownSetup, Rates, Runs, Store, Templates},
    suppressions::{AddressKey, AddressKeys, Suppressions},
    telemetry,
    unsubscribe::{OptOutKey, OptOutKeys, OptOutLinks},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    let aws = Aws::from_env(clock.clone())?;
    let dead_letters = config::text("DEAD_LETTER_QUEUE_URL")?;
    let sources = Sources::new(&dead_letters, &config::text("FEEDBACK_QUEUE_ARN")?);
    let secrets = Secrets::new(&aws, clock.clone());
    let opt_outs = OptOutKeys::new(secrets.clone(), config::text("DEPLOYMENT_SECRET")?, OptOutKey::derive);
    let preference_keys =
        PreferenceKeys::new(secrets.clone(), config::text("DEPLOYMENT_SECRET")?, PreferenceKey::derive);
    let public_url = PublicUrl::parse(&config::text("PUBLIC_URL")?);
    let public_url = public_url.map_err(|error| ConfigError::new("PUBLIC_URL", error))?;
    let suppression_keys = AddressKeys::new(secrets.clone(), config::text("SUPPRESSION_SECRET")?, AddressKey::derive);
    let erasures = ErasureLog::from_env(&aws, clock.clone())?;
    let store = Store::new(&aws, config::text("TABLE_NAME")?, clock.clone(), random.clone()).logging_erasures(erasures);
    let app = Arc::new(App {
        store: store.clone(),
        queue: DeliveryQueues::from_env(&aws)?,
        dead_letters: Queue::new(&aws, dead_letters),
        sources,
        setup: KnownSetup::new(&clock),
        pauses: Cached::new(A_MINUTE, clock.clone()),
        templates: Templates::new(clock.clone()),
        runs: Runs::new(clock.clone()),
        rates: Rates::new(store.clone()),
        suppressions: Suppressions::new(store.clone(), suppression_keys),
        providers: Providers::from_env(&aws, store, secrets, &clock)?,
        opt_outs: OptOutLinks::new(opt_outs, public_url.clone()),
        preference_keys,
        public_url,
        retention: config::days("NOTIFICATION_RETENTION_DAYS")?,
        metrics: Metrics::new(config::text("STACK_NAME")?, clock.clone()),
        retries: Retries {
            max_attempts: config::parsed("MAX_ATTEMPTS")?,
            base_seconds: config::parsed("RETRY_BASE_SECONDS")?,
            max_seconds: config::parsed("RETRY_MOST_SECONDS")?,
        },
        clock,
        random,
    });
    // The connections are opened before the first batch, while the function has nothing else to do.
    app.store.open().await;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| {
        let app = app.clone();
        async move { Ok::<_, Error>(dispatch::handle(&app, event.payload, event.context.deadline()).await) }
    }))
    .await
}
