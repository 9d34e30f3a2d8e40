//! The worker: queue message -> load -> decide -> claim -> deliver -> record.

mod attempt;
mod batch;
mod providers;
mod retries;

use std::sync::Arc;

use shared::{
    cache::Cached,
    domain::ConfiguredChannel,
    queue::Queue,
    store::{Store, StoreError},
};

pub use batch::handle;
pub use providers::Providers;
pub use retries::Retries;

/// What the function works with.
pub struct App {
    /// The table.
    pub store: Store,
    /// The queue that the messages come from.
    pub queue: Queue,
    /// Where a message goes that nobody can read.
    pub dead_letters: Queue,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// Who carries messages.
    pub providers: Providers,
    /// How failed attempts are repeated.
    pub retries: Retries,
}

impl App {
    /// The configured channels; those come first whose provider this worker can call.
    async fn channels(&self) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        let fetch = || async {
            let mut channels = self.store.channels().await?;
            channels.sort_by_key(|channel| !Providers::can_call(channel.provider));
            Ok(channels)
        };
        self.channels.get(fetch).await
    }
}
