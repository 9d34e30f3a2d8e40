//! The function's state.

use std::{sync::Arc, time::Duration};

use shared::{
    cache::Cached,
    clock::Clock,
    dialects::notiflows::{Keys, Problem, Resource},
    domain::{Categories, ConfiguredChannel, webhook::InsecureHosts},
    http::auth::Bearer,
    random::Randomness,
    store::{Store, StoreError},
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
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The catalogue, at most a minute old.
    pub categories: Cached<Categories>,
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
        self.categories.get(|| self.store.categories()).await
    }
}

/// The channel with that id. If the process does not know it, the channels are read again: it may be new.
pub async fn configured(app: &App, id: &str) -> Result<ConfiguredChannel, Problem> {
    let find = |channels: &[ConfiguredChannel]| channels.iter().find(|channel| channel.id == id).cloned();
    let known = app.channels.get(|| app.store.channels()).await?;
    if let Some(channel) = find(&known) {
        return Ok(channel);
    }
    let fresh = app.channels.get_within(Duration::ZERO, || app.store.channels()).await?;
    find(&fresh).ok_or_else(|| Problem::not_found(Resource::Channel, id))
}
