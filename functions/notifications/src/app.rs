//! The function's state.

use std::{sync::Arc, time::Duration};

use shared::{
    clock::Clock,
    dialects::notiflows::Keys,
    domain::{ConfiguredChannel, Content},
    http::auth::Bearer,
    metrics::Metrics,
    queue::DeliveryQueues,
    random::Randomness,
    render::VersionedTemplate,
    store::{KnownSetup, Runs, Store, StoreError, Templates},
    suppressions::Suppressions,
};
use uuid::Uuid;

/// The function's state.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Which email addresses are suppressed.
    pub suppressions: Suppressions,
    /// The queues of deliveries.
    pub queue: DeliveryQueues,
    /// Checks bearer tokens.
    pub bearer: Bearer,
    /// Checks applications' keys (contract 3).
    pub keys: Keys,
    /// The configured channels and the catalogue, each at most a minute old.
    pub setup: KnownSetup,
    /// The templates, each at most a minute old.
    pub templates: Templates,
    /// What runs say, each at most a minute old.
    pub runs: Runs,
    /// The namespace that ids are derived in.
    pub namespace: Uuid,
    /// How long a notification and its deliveries are kept.
    pub retention: Duration,
    /// Counts metric events.
    pub metrics: Metrics,
    /// The clock.
    pub clock: Clock,
    /// The source of new ids.
    pub random: Randomness,
}

impl App {
    /// The configured channels that the worker can send through.
    pub async fn channels(&self) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.setup.channels(&self.store).await
    }

    /// The notification's template. `None` if it names none, or if the template does not exist.
    pub async fn template(&self, content: &Content) -> Result<Option<Arc<VersionedTemplate>>, StoreError> {
        self.templates.of(&self.store, content).await
    }
}
