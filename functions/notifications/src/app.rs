//! What the function works with.

use std::{sync::Arc, time::Duration};

use shared::{
    cache::Cached,
    clock::Clock,
    domain::{ConfiguredChannel, Content},
    http::auth::Bearer,
    metrics::Metrics,
    queue::Queue,
    random::Randomness,
    render::Template,
    store::{Store, StoreError, Templates},
};
use uuid::Uuid;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Where deliveries are queued.
    pub queue: Queue,
    /// Who calls.
    pub bearer: Bearer,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The templates, each at most a minute old.
    pub templates: Templates,
    /// The namespace that ids are derived in.
    pub namespace: Uuid,
    /// How long a notification and its deliveries are kept.
    pub retention: Duration,
    /// What is counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// Where new ids come from.
    pub random: Randomness,
}

impl App {
    /// The configured channels that the worker can send through.
    pub async fn channels(&self) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels.get(|| self.store.channels()).await
    }

    /// The template that a notification is put into words by, where it has one and that is there.
    pub async fn template(&self, content: &Content) -> Result<Option<Arc<Template>>, StoreError> {
        self.templates.of(&self.store, content).await
    }
}
