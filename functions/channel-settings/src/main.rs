//! The Lambda function `channel-settings`.

use channel_settings::{App, handle, unserved};
use lambda_http::Error;
use shared::{
    aws::Aws,
    clock::Clock,
    config,
    dialects::notiflows::Keys,
    domain::webhook::InsecureHosts,
    http::{
        Server,
        auth::{Bearer, BearerConfig},
    },
    random::Randomness,
    store::{KnownSetup, Store},
    telemetry,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    let app = App {
        store: Store::new(&Aws::from_env(clock.clone())?, config::text("TABLE_NAME")?, clock.clone(), random.clone()),
        keys: Keys::from_env(clock.clone())?,
        users: Bearer::new(BearerConfig::user_keys_from_env(clock.clone())?),
        setup: KnownSetup::new(&clock),
        namespace: config::parsed("USER_NAMESPACE")?,
        insecure_hosts: InsecureHosts::new(config::list("WEBHOOK_INSECURE_HOSTS")),
        clock: clock.clone(),
        random: random.clone(),
    };
    // The connections are opened before the first request, while the function has nothing else to do.
    app.store.open().await;
    Server { app, clock, random, unserved }.serve(handle).await
}
