//! Configured channels. They are in one partition, so one query reads all of them.

use super::{
    Key, Store, StoreError,
    records::{self, ChannelItem},
    table,
};
use crate::domain::ConfiguredChannel;

impl Store {
    /// Every configured channel, in the order in which they are tried: by position, then by id.
    pub async fn channels(&self) -> Result<Vec<ConfiguredChannel>, StoreError> {
        let items = self.partition(table::CHANNELS).await?.into_iter();
        let channels = items.map(|item| records::read::<ChannelItem>(item).map(Into::into));
        let mut channels = channels.collect::<Result<Vec<ConfiguredChannel>, _>>()?;
        channels.sort_by_key(|channel| channel.position);
        Ok(channels)
    }

    /// The configured channel of this id.
    pub async fn channel(&self, id: &str) -> Result<Option<ConfiguredChannel>, StoreError> {
        let item = self.get(&Key::channel(id)).await?;
        item.map(|item| records::read::<ChannelItem>(item).map(Into::into)).transpose()
    }

    /// Removes a configured channel. Returns whether it was there. The users' endpoints for it stay, and are not used.
    pub async fn delete_channel(&self, id: &str) -> Result<bool, StoreError> {
        self.delete(&Key::channel(id)).await
    }

    /// Creates or replaces a configured channel. Returns whether it is new.
    pub async fn put_channel(&self, channel: &ConfiguredChannel) -> Result<bool, StoreError> {
        let key = Key::channel(&channel.id);
        let ConfiguredChannel { id, name, provider, secret, position, carries } = channel.clone();
        self.put(&ChannelItem { pk: key.pk, sk: key.sk, id, name, provider, secret, position, carries }).await
    }
}
