//! A user's settings for configured channels (contract 3), on the user's item.

use super::{Store, precondition::Precondition, user_error::UpdateUserError};
use crate::domain::{ConfiguredChannel, Settings, Timestamp, User, UserChange, UserId};

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
