//! A user's settings for configured channels (contract 3), on the user's item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, Key, Refused, Store, StoreError, UpdateUserError, number,
    precondition::Precondition,
    records::{self, EndpointItem, UserItem},
    table,
    users::{seen, stamp},
};
use crate::domain::{ConfiguredChannel, Provider, Settings, Timestamp, User, UserId};

const ENDPOINTS: &str = "endpoints";
const CREATED: &str = "endpoints_created";
/// How often a write is tried again behind faster clocks.
const MOST_ROUNDS: u32 = 8;

impl Store {
    /// Creates or replaces a user's settings for a channel, in one call unless a faster clock wrote before.
    pub async fn put_endpoint(
        &self,
        id: UserId,
        channel: &ConfiguredChannel,
        settings: &Settings,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        let actions = |now| put(&channel.id, channel.provider, settings, now).map(Vec::from);
        self.write_endpoint(id, actions, precondition, now).await
    }

    /// Removes a user's settings for a channel; it is no fault where there are none.
    pub async fn delete_endpoint(
        &self,
        id: UserId,
        channel_id: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        let actions = |_| Ok([ENDPOINTS, CREATED].map(|map| Action::Remove([map, channel_id].into())).into());
        self.write_endpoint(id, actions, precondition, now).await
    }

    async fn write_endpoint(
        &self,
        id: UserId,
        actions: impl Fn(Timestamp) -> Result<Vec<Action>, StoreError>,
        precondition: Option<&Precondition>,
        mut now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        for _ in 0..MOST_ROUNDS {
            let mut actions = actions(now)?;
            actions.extend(stamp(Some(now)));
            let mut all = vec![
                Condition::Exists(table::PK.into()),
                Condition::Missing(table::ERASED_AT.into()),
                Condition::AtMost(table::UPDATED_AT.into(), number(now.millis())),
            ];
            all.extend(precondition.and_then(Precondition::condition));
            match self.update_once(&Key::user(id), &actions, Condition::All(all)).await {
                Ok(item) => return Ok(UserItem::read(item)?.into_user()?),
                Err(Refused::Error(error)) => return Err(error.into()),
                // The endpoint has its own time in it: it moves with the later clock.
                Err(Refused::Condition(item)) => {
                    now = now.max(Timestamp::from_millis(seen(item, precondition)?.updated_at));
                }
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }
}

/// An endpoint that is created or replaced, as actions.
pub(super) fn put(
    channel_id: &str,
    provider: Provider,
    settings: &Settings,
    now: Timestamp,
) -> Result<[Action; 2], StoreError> {
    let item = records::write(&EndpointItem::new(provider, settings, now))?;
    Ok([
        Action::Set([ENDPOINTS, channel_id].into(), AttributeValue::M(item)),
        Action::SetIfMissing([CREATED, channel_id].into(), number(now.millis())),
    ])
}
