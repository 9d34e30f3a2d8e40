//! The table. The only place that names `aws_sdk_dynamodb`: everyone else speaks in domain types.

mod api_keys;
mod change;
mod channels;
mod deliveries;
mod email;
mod endpoints;
mod erasure;
mod error;
mod expression;
mod notifications;
mod records;
mod security;
mod table;
mod users;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

pub use self::{
    change::{DisplayChange, Rule, UserChange},
    deliveries::{Claim, Finish, Lease},
    error::StoreError,
    notifications::{Accepted, Loaded},
    security::UpdateSecurityError,
    users::{CreateUserError, NewUser, Precondition, UpdateUserError},
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

    /// One unconditional write of a whole item.
    async fn put(&self, record: &impl serde::Serialize) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(records::write(record)?));
        put.send().await.map(|_| ()).map_err(StoreError::from_sdk)
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
