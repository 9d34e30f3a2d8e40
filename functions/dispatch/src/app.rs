//! What the function works with.

use std::{sync::Arc, time::Duration};

use shared::{
    cache::Cached,
    clock::Clock,
    domain::ConfiguredChannel,
    metrics::Metrics,
    queue::Queue,
    random::Randomness,
    store::{Store, StoreError, Templates},
    unsubscribe::OptOutLinks,
};

use crate::{providers::Providers, retries::Retries, source::Sources};

/// What the function works with.
pub struct App {
    /// The table.
    pub store: Store,
    /// The queue that the messages come from.
    pub queue: Queue,
    /// Where a message goes that nobody can read, and where those arrive that were given out too often.
    pub dead_letters: Queue,
    /// Which queue an event comes from.
    pub sources: Sources,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The templates, each at most a minute old.
    pub templates: Templates,
    /// Who carries messages.
    pub providers: Providers,
    /// Links by which recipients of email opt out.
    pub opt_outs: OptOutLinks,
    /// How failed attempts are repeated.
    pub retries: Retries,
    /// How long a dead letter is kept that is about no notification any more.
    pub retention: Duration,
    /// What is counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// Where leases and the jitter of pauses come from.
    pub random: Randomness,
}

impl App {
    /// The configured channels.
    pub async fn channels(&self) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels.get(|| self.store.channels()).await
    }
}
