//! The table. The only place that names `aws_sdk_dynamodb`: everyone else speaks in domain types.

mod api_keys;
mod change;
mod channels;
mod custom;
mod deliveries;
mod email;
mod endpoints;
mod erasure;
mod error;
mod export;
mod expression;
mod handles;
mod idempotency;
mod json;
mod notifications;
mod profile;
mod records;
mod retry;
mod security;
mod settings;
mod table;
mod upsert;
mod user_list;
mod users;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    primitives::Blob,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use uuid::Uuid;

pub use self::{
    change::{DisplayChange, Rule, UserChange},
    custom::CustomChange,
    deliveries::{Claim, Finish, Lease},
    error::StoreError,
    export::Export,
    handles::{HandleChange, MOST_HANDLES},
    idempotency::{Reservation, Reserved, SavedAnswer},
    notifications::{Accepted, Loaded},
    profile::ProfileChange,
    security::UpdateSecurityError,
    settings::{SettingsError, SettingsOwner, StoredSettings},
    upsert::Upserted,
    user_list::{ListUsers, PageStart, UserPage, is_place},
    users::{Bounded, CreateUserError, NewUser, Precondition, UpdateUserError},
};
use self::{
    error::Refused,
    expression::{Action, Condition, Rendered},
    table::Key,
};

/// An item as DynamoDB gives it.
type Item = HashMap<String, AttributeValue>;

/// The table, through one client.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// A store over `table`.
    pub fn new(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(config), table: table.into() }
    }

    /// One conditional `UpdateItem`; the item as it is afterwards, or as it stood where the condition failed.
    async fn update(&self, key: &Key, actions: &[Action], condition: &Condition) -> Result<Item, Refused> {
        self.update_rendered(key, expression::render(actions, Some(condition)), ReturnValue::AllNew).await
    }

    /// The same for expressions as text; what `returning` asks for.
    async fn update_rendered(&self, key: &Key, rendered: Rendered, returning: ReturnValue) -> Result<Item, Refused> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_update_expression(rendered.update)
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values(returning)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let updated = retry::past_conflicts(|| call.clone().send()).await?;
        Ok(updated.attributes.unwrap_or_default())
    }

    /// The same, done once even where the SDK repeats it because its answer was lost: each call marks the item, and a
    /// refusal by an item that bears our mark is our own success.
    async fn update_once(&self, key: &Key, actions: &[Action], condition: Condition) -> Result<Item, Refused> {
        let mark = AttributeValue::B(Blob::new(Uuid::new_v4().into_bytes()));
        let mut actions = actions.to_vec();
        actions.push(Action::Set(table::MARK.into(), mark.clone()));
        let unmarked = Condition::Any(vec![
            Condition::Missing(table::MARK.into()),
            Condition::NotEquals(table::MARK.into(), mark.clone()),
        ]);
        match self.update(key, &actions, &Condition::All(vec![condition, unmarked])).await {
            Err(Refused::Condition(item)) if item.get(table::MARK) == Some(&mark) => Ok(item),
            result => result,
        }
    }

    /// One unconditional write of a whole item; whether it was new.
    async fn put(&self, record: &impl serde::Serialize) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(records::write(record)?));
        let old = put.return_values(ReturnValue::AllOld).send().await.map_err(StoreError::from_sdk)?;
        Ok(old.attributes.is_none_or(|item| item.is_empty()))
    }

    /// One conditional write of a whole item; whether the condition held.
    async fn put_if(&self, item: Item, condition: &Condition) -> Result<bool, StoreError> {
        let rendered = expression::render(&[], Some(condition));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// One unconditional deletion of an item; whether it was there.
    async fn delete(&self, key: &Key) -> Result<bool, StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key.attributes()));
        let old = delete.return_values(ReturnValue::AllOld).send().await.map_err(StoreError::from_sdk)?;
        Ok(old.attributes.is_some_and(|item| !item.is_empty()))
    }

    /// One strongly consistent read.
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        Ok(got.item)
    }
}

/// A number as DynamoDB takes it.
fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A string as DynamoDB takes it.
fn string(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}
