//! The Lambda function `preferences`.

use std::{sync::Arc, time::Duration};

use lambda_http::Error;
use preferences::{Akana, Ancestors, App, Brand, KnownSecurity, PreferenceCenter, handle, unserved};
use shared::{
    aws::Aws,
    clock::Clock,
    config::{self, ConfigError},
    domain::KnownGroups,
    http::{
        Server,
        auth::{Bearer, BearerConfig, Sessions, session::SessionKeys},
    },
    preference_link::{PreferenceKey, PreferenceKeys},
    public_url::PublicUrl,
    random::Randomness,
    secrets::Secrets,
    store::{KnownSetup, Store},
    telemetry,
    unsubscribe::{OptOutKey, OptOutKeys},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init()?;
    #[expect(clippy::disallowed_methods, reason = "here they are made, to be handed in")]
    let (clock, random) = (Clock::system(), Randomness::system());
    let aws = Aws::from_env(clock.clone())?;
    let groups = KnownGroups::with_custom(&config::text("CUSTOM_GROUPS")?);
    let public_url = config::optional("PUBLIC_URL").map(|url| PublicUrl::parse(&url));
    let ancestors = Ancestors::of(&config::list("WIDGET_ORIGINS"));
    let brand =
        Brand::of(config::optional("BRAND_NAME"), config::optional("BRAND_LOGO_URL"), config::optional("BRAND_COLOR"));
    let (secrets, secret) = (Secrets::new(&aws, clock.clone()), config::text("DEPLOYMENT_SECRET")?);
    let app = App {
        store: Store::new(&aws, config::text("TABLE_NAME")?, clock.clone(), random.clone()),
        bearer: Bearer::new(BearerConfig::from_env(clock.clone())?),
        anonymous: config::parsed("ANONYMOUS_PREFERENCES")?,
        setup: KnownSetup::new(&clock),
        akana: Akana {
            sessions: Sessions::new(secrets.clone(), secret.clone(), SessionKeys::derive),
            groups: groups.map_err(|error| ConfigError::new("CUSTOM_GROUPS", error))?,
            security: KnownSecurity::new(
                Duration::from_secs(config::parsed("SECURITY_SETTINGS_SECONDS")?),
                clock.clone(),
            ),
        },
        opt_outs: OptOutKeys::new(secrets.clone(), secret.clone(), OptOutKey::derive),
        preference_center: PreferenceCenter {
            keys: PreferenceKeys::new(secrets, secret, PreferenceKey::derive),
            public_url: public_url.transpose().map_err(|error| ConfigError::new("PUBLIC_URL", error))?,
            ancestors: ancestors.map_err(|error| ConfigError::new("WIDGET_ORIGINS", error))?,
            brand: Arc::new(brand.map_err(|error| ConfigError::new("BRAND_COLOR or BRAND_LOGO_URL", error))?),
        },
        clock: clock.clone(),
        random: random.clone(),
    };
    // The connections are opened before the first request, while the function has nothing else to do.
    app.store.open().await;
    Server { app, clock, random, unserved }.serve(handle).await
}
