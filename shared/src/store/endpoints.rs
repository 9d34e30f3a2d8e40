//! A user's settings for configured channels (contract 3), on the user's item.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Store, StoreError, UpdateUserError, UserChange, number,
    precondition::Precondition,
    records::{self, EndpointItem},
};
use crate::domain::{ConfiguredChannel, Provider, Settings, Timestamp, User, UserId};

const ENDPOINTS: &str = "endpoints";
const CREATED: &str = "endpoints_created";

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
        let endpoints = [(channel.id.clone(), (channel.provider, settings.clone()))].into();
        self.update_user(id, &UserChange { endpoints, ..UserChange::default() }, precondition, now).await
    }

    /// Removes a user's settings for a channel; it is no fault where there are none.
    pub async fn delete_endpoint(
        &self,
        id: UserId,
        channel_id: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        let no_endpoints = [channel_id.to_owned()].into();
        self.update_user(id, &UserChange { no_endpoints, ..UserChange::default() }, precondition, now).await
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

/// An endpoint that is removed, as actions.
pub(super) fn remove(channel_id: &str) -> [Action; 2] {
    [ENDPOINTS, CREATED].map(|map| Action::Remove([map, channel_id].into()))
}
