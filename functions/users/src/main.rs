//! The Lambda function `users`.

use lambda_http::Error;
use shared::{
    aws::Aws,
    clock::Clock,
    config,
    delivery::SuppressionList,
    dialects::notiflows::Keys,
    domain::webhook::InsecureHosts,
    erasure_log::ErasureLog,
    http::{
        Server,
        auth::{Bearer, BearerConfig},
    },
    random::Randomness,
    secrets::Secrets,
    store::{KnownSetup, Store},
    suppressions::{AddressKey, AddressKeys, Suppressions},
    telemetry,
};
use users::{App, Health, HealthSettings, Sources, handle, unserved};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    let aws = Aws::from_env(clock.clone())?;
    let erasures = ErasureLog::from_env(&aws, clock.clone())?;
    let store = Store::new(&aws, config::text("TABLE_NAME")?, clock.clone(), random.clone()).logging_erasures(erasures);
    let secrets = Secrets::new(&aws, clock.clone());
    let sources = Sources::new(&aws, secrets.clone(), HealthSettings::from_env()?, clock.clone());
    let health = Health::new(sources, clock.clone());
    let suppression_keys = AddressKeys::new(secrets, config::text("SUPPRESSION_SECRET")?, AddressKey::derive);
    let app = App {
        suppressions: Suppressions::new(store.clone(), suppression_keys),
        suppression_list: SuppressionList::new(&aws),
        store,
        bearer: Bearer::new(BearerConfig::from_env(clock.clone())?),
        keys: Keys::from_env(clock.clone())?,
        setup: KnownSetup::new(&clock),
        namespace: config::parsed("USER_NAMESPACE")?,
        insecure_hosts: InsecureHosts::new(config::list("WEBHOOK_INSECURE_HOSTS")),
        health,
        clock: clock.clone(),
        random: random.clone(),
    };
    // The connections are opened before the first request, while the function has nothing else to do.
    app.store.open().await;
    Server { app, clock, random, unserved }.serve(handle).await
}
