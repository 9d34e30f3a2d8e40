//! The function's state.

use std::{sync::Arc, time::Duration};

use shared::{
    cache::Cached,
    clock::Clock,
    domain::Pauses,
    metrics::Metrics,
    preference_link::PreferenceKeys,
    public_url::PublicUrl,
    queue::{DeliveryQueues, Queue},
    random::Randomness,
    store::{KnownSetup, Rates, Runs, Store, StoreError, Templates},
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
    /// The configured channels and the catalogue, each at most a minute old.
    pub setup: KnownSetup,
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
    /// What operators have paused.
    pub async fn pauses(&self) -> Result<Arc<Pauses>, StoreError> {
        let read = async || Ok(self.store.pauses(self.clock.now()).await?.into_iter().collect());
        self.pauses.get(read).await
    }
}
