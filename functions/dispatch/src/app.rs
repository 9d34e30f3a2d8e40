//! The function's state.

use std::{sync::Arc, time::Duration};

use shared::{
    cache::Cached,
    clock::Clock,
    domain::{Categories, ConfiguredChannel, Pauses},
    metrics::Metrics,
    preference_link::PreferenceKeys,
    public_url::PublicUrl,
    queue::{DeliveryQueues, Queue},
    random::Randomness,
    store::{Rates, Runs, Store, StoreError, Templates},
    suppressions::Suppressions,
    unsubscribe::OptOutLinks,
};

use crate::{providers::Providers, retries::Retries, source::Sources};

/// The function's state.
pub struct App {
    /// The table.
    pub store: Store,
    /// The queues of deliveries.
    pub queue: DeliveryQueues,
    /// The dead-letter queue. It gets messages that nobody can read, and messages that were received too often.
    pub dead_letters: Queue,
    /// Tells which queue an event comes from.
    pub sources: Sources,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The catalogue, at most a minute old.
    pub categories: Cached<Categories>,
    /// The pauses, at most a minute old.
    pub pauses: Cached<Pauses>,
    /// The templates, each at most a minute old.
    pub templates: Templates,
    /// What runs say, each at most a minute old.
    pub runs: Runs,
    /// The schedules of the providers' rates.
    pub rates: Rates,
    /// The clients of the providers.
    pub providers: Providers,
    /// Which email addresses are suppressed.
    pub suppressions: Suppressions,
    /// Makes links by which recipients of email opt out.
    pub opt_outs: OptOutLinks,
    /// The keys of links to the preference centre.
    pub preference_keys: PreferenceKeys,
    /// The URL at which recipients reach the API.
    pub public_url: PublicUrl,
    /// The rules for repeating failed attempts.
    pub retries: Retries,
    /// How long a dead letter is kept if its notification is no longer stored.
    pub retention: Duration,
    /// Counts metric events.
    pub metrics: Metrics,
    /// The clock.
    pub clock: Clock,
    /// The source of ids of leases and of the jitter of pauses.
    pub random: Randomness,
}

impl App {
    /// The configured channels.
    pub async fn channels(&self) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels.get(|| self.store.channels()).await
    }

    /// The configured channels, but not as old as `max_age`.
    pub async fn channels_within(&self, max_age: Duration) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels.get_within(max_age, || self.store.channels()).await
    }

    /// The catalogue of categories.
    pub async fn categories(&self) -> Result<Arc<Categories>, StoreError> {
        self.categories.get(|| self.store.categories()).await
    }

    /// The catalogue of categories, but not as old as `max_age`.
    pub async fn categories_within(&self, max_age: Duration) -> Result<Arc<Categories>, StoreError> {
        self.categories.get_within(max_age, || self.store.categories()).await
    }

    /// What operators have paused.
    pub async fn pauses(&self) -> Result<Arc<Pauses>, StoreError> {
        let read = async || Ok(self.store.pauses(self.clock.now()).await?.into_iter().collect());
        self.pauses.get(read).await
    }
}
