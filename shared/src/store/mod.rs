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
mod expression;
mod handles;
mod notifications;
mod profile;
mod records;
mod table;
mod upsert;
mod user_list;
mod users;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

pub use self::{
    change::{DisplayChange, Rule, UserChange},
    custom::CustomChange,
    deliveries::{Claim, Finish, Lease},
    error::StoreError,
    handles::{HandleChange, MOST_HANDLES},
    notifications::{Accepted, Loaded},
    profile::ProfileChange,
    upsert::Upserted,
    user_list::{ListUsers, PageStart, UserPage, is_place},
    users::{Bounded, CreateUserError, NewUser, Precondition, UpdateUserError},
};
use self::{
    error::Refused,
    expression::{Action, Condition},
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
        let rendered = expression::render(actions, Some(condition));
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .set_update_expression(rendered.update)
            .set_condition_expression(rendered.condition)
            .set_expression_attribute_names(rendered.names)
            .set_expression_attribute_values(rendered.values)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await?;
        Ok(updated.attributes.unwrap_or_default())
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
