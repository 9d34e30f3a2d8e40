//! The function's state.

use std::sync::Arc;

use shared::{
    clock::Clock,
    dialects::notiflows::{Keys, Problem, Resource},
    domain::{Categories, ConfiguredChannel, webhook::InsecureHosts},
    http::auth::Bearer,
    random::Randomness,
    store::{KnownSetup, Store, StoreError},
};
use uuid::Uuid;

/// The function's state.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Checks applications' keys.
    pub keys: Keys,
    /// Checks users' keys.
    pub users: Bearer,
    /// The configured channels and the catalogue, each at most a minute old.
    pub setup: KnownSetup,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
    /// The hosts of webhooks that the deployment trusts.
    pub insecure_hosts: InsecureHosts,
    /// The clock.
    pub clock: Clock,
    /// The source of new ids.
    pub random: Randomness,
}

impl App {
    /// The catalogue of categories.
    pub async fn categories(&self) -> Result<Arc<Categories>, StoreError> {
        self.setup.categories(&self.store).await
    }
}

/// The channel with that id. If the process does not know it, the channels are read again: it may be new.
pub async fn configured(app: &App, id: &str) -> Result<ConfiguredChannel, Problem> {
    let find = |channels: &[ConfiguredChannel]| channels.iter().find(|channel| channel.id == id).cloned();
    let known = app.setup.channels_or_fresh(&app.store, |known| find(known).is_none()).await?;
    find(&known).ok_or_else(|| Problem::not_found(Resource::Channel, id))
}
