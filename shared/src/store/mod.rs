//! The table. The only place that names `aws_sdk_dynamodb`: everyone else speaks in domain types.

mod api_keys;
mod calls;
mod channels;
mod custom;
mod dead_letters;
mod deliveries;
mod email;
mod endpoints;
mod erasure;
mod error;
mod export;
mod expression;
mod handles;
mod held;
mod idempotency;
mod inbox;
mod insert;
mod json;
mod known_templates;
mod merge;
mod notifications;
mod precondition;
mod prune;
mod quiet;
mod records;
mod retry;
mod rights;
mod security;
mod seen;
mod sent;
mod settings;
mod suppressions;
mod table;
mod templates;
mod transaction;
mod upsert;
mod user_actions;
mod user_error;
mod user_item;
mod user_list;
mod user_write;
mod users;
mod write;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    types::AttributeValue,
};

pub use self::{
    dead_letters::DeadLetterPage,
    deliveries::{Claim, DeliveryKey, Finish, Lease, Refusal, Started},
    error::StoreError,
    export::Export,
    held::{Due, HELD_PARTS},
    idempotency::{Reservation, Reserved, SavedAnswer},
    inbox::{Delivered, InboxPage, Placed},
    insert::MOST_INSERTS,
    known_templates::Templates,
    notifications::{Accepted, Loaded, NotificationPage, Tracked},
    precondition::Precondition,
    security::UpdateSecurityError,
    settings::{SettingsError, SettingsOwner, StoredSettings},
    templates::{StoredTemplate, TemplateError},
    upsert::Upserted,
    user_error::{CreateUserError, UpdateUserError},
    user_list::{ListUsers, PageStart, UserPage, is_place},
};
use self::{
    error::Refused,
    expression::{Action, Condition},
    table::Key,
};
use crate::{
    aws::{self, Api, Aws, Patience, Service},
    config::ConfigError,
};

const DYNAMODB: Api = Api { id: "DYNAMODB", host: "dynamodb", signing: "dynamodb" };

aws::operations! { aws_sdk_dynamodb:
    batch_execute_statement::BatchExecuteStatement(
        BatchExecuteStatementInput, BatchExecuteStatementOutput, BatchExecuteStatementError
    ),
    batch_get_item::BatchGetItem(BatchGetItemInput, BatchGetItemOutput, BatchGetItemError),
    batch_write_item::BatchWriteItem(BatchWriteItemInput, BatchWriteItemOutput, BatchWriteItemError),
    delete_item::DeleteItem(DeleteItemInput, DeleteItemOutput, DeleteItemError),
    get_item::GetItem(GetItemInput, GetItemOutput, GetItemError),
    put_item::PutItem(PutItemInput, PutItemOutput, PutItemError),
    query::Query(QueryInput, QueryOutput, QueryError),
    transact_write_items::TransactWriteItems(TransactWriteItemsInput, TransactWriteItemsOutput, TransactWriteItemsError),
    update_item::UpdateItem(UpdateItemInput, UpdateItemOutput, UpdateItemError),
}

/// An item as DynamoDB gives it.
type Item = HashMap<String, AttributeValue>;

/// The table, through one client.
#[derive(Clone, Debug)]
pub struct Store {
    service: Service,
    table: String,
}

impl Store {
    /// A store over `table`.
    pub fn new(aws: &Aws, table: impl Into<String>) -> Result<Self, ConfigError> {
        Ok(Self { service: aws.service(DYNAMODB, Patience::STANDARD)?, table: table.into() })
    }

    /// Connects before the first call has to.
    pub async fn open(&self) {
        self.service.open().await;
    }

    /// One call.
    async fn call<O: aws::Operation>(
        &self,
        input: Result<O::Input, BuildError>,
    ) -> Result<O::Output, SdkError<O::Error>> {
        self.service.call::<O>(input.map_err(SdkError::construction_failure)?).await
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
