//! A user's settings for configured channels (contract 3), on the user's item.

use super::{
    Store,
    precondition::{Precondition, UserPart},
    user_error::UpdateUserError,
};
use crate::domain::{ConfiguredChannel, Settings, Timestamp, User, UserChange, UserId};

impl Store {
    /// Creates or replaces a user's settings for a channel. Costs one call, or two if the stored time is later than
    /// `now`, because another machine's clock is ahead.
    pub async fn put_endpoint(
        &self,
        id: UserId,
        channel: &ConfiguredChannel,
        settings: &Settings,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        let precondition = precondition.map(|demanded| demanded.of_part(UserPart::Endpoint(channel.id.clone())));
        let endpoints = [(channel.id.clone(), (channel.provider, settings.clone()))].into();
        self.update_user(id, &UserChange { endpoints, ..UserChange::default() }, precondition.as_ref(), now).await
    }

    /// Removes a user's settings for a channel. It is not an error if there are none.
    pub async fn delete_endpoint(
        &self,
        id: UserId,
        channel_id: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        let precondition = precondition.map(|demanded| demanded.of_part(UserPart::Endpoint(channel_id.to_owned())));
        let no_endpoints = [channel_id.to_owned()].into();
        self.update_user(id, &UserChange { no_endpoints, ..UserChange::default() }, precondition.as_ref(), now).await
    }
}
