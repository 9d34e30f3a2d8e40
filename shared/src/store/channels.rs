//! Configured channels. They are in one partition, so one query reads all of them.

use super::{
    Condition, Key, Precondition, Refused, Store, StoreError,
    records::{self, ChannelItem, UNVERSIONED, digest_version},
    table,
};
use crate::domain::ConfiguredChannel;

/// Why a configured channel was not written or removed.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// There is no such channel.
    #[error("there is no such channel")]
    NotFound,
    /// The precondition does not hold.
    #[error("the channel has changed since it was read")]
    Stale,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A configured channel that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenChannel {
    /// Whether it is new.
    pub is_new: bool,
    /// Its version.
    pub version: u64,
}

impl Store {
    /// Every configured channel, in the order in which they are tried: by position, then by id.
    pub async fn channels(&self) -> Result<Vec<ConfiguredChannel>, StoreError> {
        let items = self.partition(table::CHANNELS).await?.into_iter();
        let channels = items.map(|item| records::read::<ChannelItem>(item).map(Into::into));
        let mut channels = channels.collect::<Result<Vec<ConfiguredChannel>, _>>()?;
        channels.sort_by_key(|channel| channel.position);
        Ok(channels)
    }

    /// The configured channel of this id, and its version.
    pub async fn channel(&self, id: &str) -> Result<Option<(ConfiguredChannel, u64)>, StoreError> {
        let Some(item) = self.get(&Key::channel(id)).await? else { return Ok(None) };
        let item = records::read::<ChannelItem>(item)?;
        let version = item.version.unwrap_or(UNVERSIONED);
        Ok(Some((item.into(), version)))
    }

    /// Removes a configured channel. The users' endpoints for it stay, and are not used.
    pub async fn delete_channel(&self, id: &str, precondition: Option<&Precondition>) -> Result<(), ChannelError> {
        let exists = Condition::Exists(table::PK.into());
        let condition = Condition::All([exists].into_iter().chain(precondition.map(condition)).collect());
        match self.delete_on(&Key::channel(id), &condition).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition(item)) if item.is_empty() => Err(ChannelError::NotFound),
            Err(Refused::Condition(_)) => Err(ChannelError::Stale),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }

    /// Creates or replaces a configured channel.
    pub async fn put_channel(
        &self,
        channel: &ConfiguredChannel,
        precondition: Option<&Precondition>,
    ) -> Result<WrittenChannel, ChannelError> {
        let key = Key::channel(&channel.id);
        let ConfiguredChannel { id, name, provider, secret, position, carries, rate_per_second } = channel.clone();
        let (pk, sk, version) = (key.pk, key.sk, None);
        let mut item = ChannelItem { pk, sk, id, name, provider, secret, position, carries, rate_per_second, version };
        let version = digest_version(&item);
        item.version = Some(version);
        match self.put_over(records::write(&item)?, precondition.map(condition).as_ref()).await {
            Ok(is_new) => Ok(WrittenChannel { is_new, version }),
            Err(Refused::Condition(_)) => Err(ChannelError::Stale),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }
}

/// The precondition of a channel's item, which may have no version yet.
fn condition(precondition: &Precondition) -> Condition {
    let (exists, version) = (|| Condition::Exists(table::PK.into()), || table::VERSION.into());
    let versioned = [Condition::Exists(version())].into_iter().chain(precondition.condition()).collect();
    let unversioned = Condition::All(vec![exists(), Condition::Missing(version())]);
    let nothing = Condition::Missing(table::PK.into());
    let or = precondition.holds(UNVERSIONED).then_some(unversioned);
    let or = or.into_iter().chain(precondition.holds_for_nothing().then_some(nothing));
    Condition::Any([Condition::All(versioned)].into_iter().chain(or).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Item, number, string};

    #[test]
    fn a_channel_without_a_version_has_version_1_and_none_is_only_absent() {
        let item = |version: Option<u64>| {
            let version = version.map(|version| ("version".to_owned(), number(version)));
            Item::from_iter([("pk".to_owned(), string("a"))].into_iter().chain(version))
        };
        let items = [Item::new(), item(None), item(Some(7))];
        for (precondition, holds) in [
            (Precondition::Any, [false, true, true]),
            (Precondition::Versions(vec![1]), [false, true, false]),
            (Precondition::Versions(vec![7]), [false, false, true]),
            (Precondition::Versions(vec![]), [false, false, false]),
            (Precondition::NotVersions(vec![7]), [true, true, false]),
            (Precondition::Absent, [true, false, false]),
        ] {
            let condition = condition(&precondition);
            assert_eq!(items.each_ref().map(|item| condition.holds(item)), holds, "{precondition:?}");
        }
    }
}
