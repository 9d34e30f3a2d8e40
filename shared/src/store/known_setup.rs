//! What operators have set up, as far as one process knows it: the configured channels and the categories. Each is read by one query
//! and is at most a minute old, so that most requests and batches read none of it. What may lack something new is read again earlier.

use std::{sync::Arc, time::Duration};

use super::{Store, StoreError};
use crate::{
    cache::{A_MINUTE, Cached},
    clock::Clock,
    domain::{Categories, ConfiguredChannel},
};

/// What may lack something new is read again if it is older. So what is missing for good costs a process one query in this time,
/// however often it is asked for.
const RECENT: Duration = Duration::from_secs(5);

/// What a process has read in the last minute of what operators have set up.
#[derive(Debug)]
pub struct KnownSetup {
    channels: Cached<Vec<ConfiguredChannel>>,
    categories: Cached<Categories>,
}

impl KnownSetup {
    /// Nothing is known yet.
    pub fn new(clock: &Clock) -> Self {
        Self { channels: Cached::new(A_MINUTE, clock.clone()), categories: Cached::new(A_MINUTE, clock.clone()) }
    }

    /// The configured channels.
    pub async fn channels(&self, store: &Store) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels.get(|| store.channels()).await
    }

    /// The configured channels, at most five seconds old if those that are known may lack one.
    pub async fn channels_or_recent(
        &self,
        store: &Store,
        may_lack: impl FnOnce(&[ConfiguredChannel]) -> bool,
    ) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels_or(store, RECENT, may_lack).await
    }

    /// The configured channels, read anew if those that are known lack one. Only for a caller who may learn which channels there are.
    pub async fn channels_or_fresh(
        &self,
        store: &Store,
        lack: impl FnOnce(&[ConfiguredChannel]) -> bool,
    ) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        self.channels_or(store, Duration::ZERO, lack).await
    }

    async fn channels_or(
        &self,
        store: &Store,
        max_age: Duration,
        lack: impl FnOnce(&[ConfiguredChannel]) -> bool,
    ) -> Result<Arc<Vec<ConfiguredChannel>>, StoreError> {
        let known = self.channels(store).await?;
        if lack(&known) { self.channels.get_within(max_age, || store.channels()).await } else { Ok(known) }
    }

    /// The catalogue.
    pub async fn categories(&self, store: &Store) -> Result<Arc<Categories>, StoreError> {
        self.categories.get(|| store.categories()).await
    }

    /// The catalogue, at most five seconds old if the one that is known may lack something.
    pub async fn categories_or_recent(
        &self,
        store: &Store,
        may_lack: impl FnOnce(&Categories) -> bool,
    ) -> Result<Arc<Categories>, StoreError> {
        self.categories_or(store, RECENT, may_lack).await
    }

    /// The catalogue, read anew if the one that is known lacks something. Only for a caller who may learn which categories there are.
    pub async fn categories_or_fresh(
        &self,
        store: &Store,
        lacks: impl FnOnce(&Categories) -> bool,
    ) -> Result<Arc<Categories>, StoreError> {
        self.categories_or(store, Duration::ZERO, lacks).await
    }

    async fn categories_or(
        &self,
        store: &Store,
        max_age: Duration,
        lack: impl FnOnce(&Categories) -> bool,
    ) -> Result<Arc<Categories>, StoreError> {
        let known = self.categories(store).await?;
        if lack(&known) { self.categories.get_within(max_age, || store.categories()).await } else { Ok(known) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::tests::{Act, Server},
        clock::ManualClock,
        domain::Timestamp,
        random::Randomness,
    };

    /// What an operator changes is known everywhere within a minute.
    #[tokio::test]
    async fn channels_and_categories_are_read_by_one_query_a_minute() {
        let empty = Act::Answer(200, r#"{"Items":[],"Count":0,"ScannedCount":0}"#);
        let clock = ManualClock::new(Timestamp::from_millis(1_000_000));
        for is_of_categories in [false, true] {
            let server = Server::start(&[empty; 2]).await;
            let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
            let known = KnownSetup::new(&clock.clock());
            let mut queries = Vec::new();
            for pause in [0, 59_999, 1] {
                clock.advance(Duration::from_millis(pause));
                if is_of_categories {
                    known.categories(&store).await.unwrap();
                } else {
                    known.channels(&store).await.unwrap();
                }
                queries.push(server.bodies().len());
            }
            assert_eq!(queries, [1, 1, 2], "{is_of_categories}");
        }
    }
}
