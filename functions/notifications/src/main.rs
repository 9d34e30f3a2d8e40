//! The Lambda function `notifications`.

use lambda_http::Error;
use notifications::{App, handle, unserved};
use shared::{
    aws::Aws,
    clock::Clock,
    config,
    dialects::notiflows::Keys,
    http::{
        Server,
        auth::{Bearer, BearerConfig},
    },
    metrics::Metrics,
    queue::DeliveryQueues,
    random::Randomness,
    secrets::Secrets,
    store::{KnownSetup, Runs, Store, Templates},
    suppressions::{AddressKey, AddressKeys, Suppressions},
    telemetry,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    let aws = Aws::from_env(clock.clone())?;
    let store = Store::new(&aws, config::text("TABLE_NAME")?, clock.clone(), random.clone());
    let secrets = Secrets::new(&aws, clock.clone());
    let suppression_keys = AddressKeys::new(secrets, config::text("SUPPRESSION_SECRET")?, AddressKey::derive);
    let app = App {
        suppressions: Suppressions::new(store.clone(), suppression_keys),
        store,
        queue: DeliveryQueues::from_env(&aws)?,
        bearer: Bearer::new(BearerConfig::from_env(clock.clone())?),
        keys: Keys::from_env(clock.clone())?,
        setup: KnownSetup::new(&clock),
        templates: Templates::new(clock.clone()),
        runs: Runs::new(clock.clone()),
        namespace: config::parsed("USER_NAMESPACE")?,
        retention: config::days("NOTIFICATION_RETENTION_DAYS")?,
        metrics: Metrics::new(config::text("STACK_NAME")?, clock.clone()),
        clock: clock.clone(),
        random: random.clone(),
    };
    // The connections are opened before the first request, while the function has nothing else to do.
    app.store.open().await;
    Server { app, clock, random, unserved }.serve(handle).await
}
