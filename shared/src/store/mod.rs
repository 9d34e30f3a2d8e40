//! The table. The only place that names `aws_sdk_dynamodb`: everyone else speaks in domain types.

mod api_keys;
mod calls;
mod change;
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
mod notifications;
mod precondition;
mod profile;
mod prune;
mod quiet;
mod records;
mod retry;
mod security;
mod sent;
mod settings;
mod suppressions;
mod table;
mod templates;
mod transaction;
mod upsert;
mod user_list;
mod users;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};

pub use self::{
    change::{DisplayChange, Rule, UserChange},
    custom::CustomChange,
    dead_letters::DeadLetterPage,
    deliveries::{Claim, DeliveryKey, Finish, Lease, Refusal, Started},
    error::StoreError,
    export::Export,
    handles::{HandleChange, MOST_HANDLES},
    held::{Due, HELD_PARTS},
    idempotency::{Reservation, Reserved, SavedAnswer},
    inbox::{Delivered, InboxPage, Placed},
    insert::MOST_INSERTS,
    known_templates::Templates,
    notifications::{Accepted, Loaded, NotificationPage, Tracked},
    precondition::Precondition,
    profile::ProfileChange,
    security::UpdateSecurityError,
    settings::{SettingsError, SettingsOwner, StoredSettings},
    templates::{StoredTemplate, TemplateError},
    upsert::Upserted,
    user_list::{ListUsers, PageStart, UserPage, is_place},
    users::{Bounded, CreateUserError, NewUser, UpdateUserError},
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
}

/// A number as DynamoDB takes it.
fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A string as DynamoDB takes it.
fn string(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}
