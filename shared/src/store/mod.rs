//! The access to the table. Only this module names `aws_sdk_dynamodb`; its callers use domain types.

mod allowed;
mod api_keys;
mod budget;
mod calls;
mod categories;
mod channels;
mod custom;
mod dead_letters;
mod deliveries;
mod devices;
#[cfg(test)]
mod doubt;
mod email;
mod endpoints;
mod erasure;
mod erasure_again;
mod error;
mod export;
mod expression;
mod handles;
mod held;
mod idempotency;
mod inbox;
mod inbox_put;
mod insert;
mod json;
mod known_setup;
mod known_templates;
mod many_choices;
mod many_subscriptions;
mod merge;
mod merged;
mod notification_list;
mod notifications;
mod owned;
mod parts;
mod paused;
mod pauses;
mod precondition;
mod prune;
mod quiet;
mod rates;
mod reads;
mod recent;
mod recent_keys;
mod records;
mod retry;
mod rights;
mod run_item;
mod run_members;
mod run_pages;
mod run_subscribers;
mod runs;
mod security;
mod seen;
mod sent;
mod settings;
mod size;
#[cfg(test)]
mod stored;
mod subscription_keys;
mod subscriptions;
mod suppressions;
mod switch_off;
mod table;
mod templates;
mod time_list;
mod tombstone;
mod topics;
mod transaction;
mod upsert;
mod user_actions;
mod user_error;
mod user_item;
mod user_list;
mod user_write;
mod users;
mod waiting;
pub mod walk;
mod write;

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, config, types::AttributeValue};
use futures::FutureExt;

pub use self::{
    categories::{CategoryError, MAX_CATEGORIES, MAX_CATEGORY_BYTES, WrittenCategory},
    channels::{ChannelError, WrittenChannel},
    deliveries::{Claim, DeliveryKey, Finish, GaveUp, Lease, Refusal, Started},
    erasure_again::ErasedAgain,
    error::StoreError,
    export::{ExportHead, Exported},
    idempotency::{Reservation, Reserved, SavedAnswer},
    inbox_put::{Addressed, Delivered},
    insert::MAX_INSERTS,
    known_setup::KnownSetup,
    known_templates::Templates,
    many_subscriptions::Unsubscribed,
    notification_list::{ListNotifications, ListedNotification, NotificationFilter},
    notifications::{Accepted, Loaded, Tracked},
    parts::PARTS,
    pauses::{MAX_PAUSES, PauseError, WrittenPause},
    precondition::{Precondition, UserPart},
    prune::GoneToken,
    rates::{Granted, Rates},
    recent::is_notification_place,
    run_pages::{Expansion, OpenPage, Progress, RunPage, is_place_of_run, is_run_place},
    runs::{AcceptedRun, Runs},
    security::UpdateSecurityError,
    settings::{SettingsError, SettingsOwner, StoredSettings},
    subscriptions::{Subscribed, is_subscription_place},
    templates::{KeptVersion, TemplateError, WrittenTemplate},
    time_list::{ListPage, PageStart},
    tombstone::Erasure,
    topics::{EndedTopic, is_topic_place},
    upsert::{NewPerson, Upserted},
    user_error::{CreateUserError, UpdateUserError},
    user_list::is_place,
    waiting::Due,
    walk::{Found, Walk},
};
use self::{
    error::Refused,
    expression::{Action, Condition},
    table::Key,
};
use crate::{
    aws::{Aws, Opener},
    clock::Clock,
    erasure_log::ErasureLog,
    random::Randomness,
};

/// An item as DynamoDB gives it.
type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Clone, Debug)]
pub struct Store {
    /// For reads, and for writes that may be done twice. It repeats a call after an error that may pass by itself.
    client: Client,
    /// For writes that must recognise their own work. It repeats nothing, because [`retry::knowingly`] repeats those
    /// writes.
    single: Client,
    opener: Opener,
    table: String,
    pub(crate) clock: Clock,
    pub(crate) random: Randomness,
    /// Where erasures are logged; `None` for a function that erases nobody.
    erasures: Option<ErasureLog>,
}

impl Store {
    /// A store over `table`.
    pub fn new(aws: &Aws, table: impl Into<String>, clock: Clock, random: Randomness) -> Self {
        let (client, single) = (Client::new(&aws.retrying()), Client::new(&aws.single_attempt()));
        Self { client, single, opener: aws.opener(), table: table.into(), clock, random, erasures: None }
    }

    /// The same, for a function that erases users: each erasure is in `log` before it is answered.
    pub fn logging_erasures(self, log: ErasureLog) -> Self {
        Self { erasures: Some(log), ..self }
    }

    /// Opens a connection before the first call needs one. It sends nothing. It ignores an error, because the first
    /// call will report it.
    pub async fn open(&self) {
        let opening = config::Builder::new().http_client(self.opener.clone());
        let get = self.single.get_item().table_name(&self.table).key(table::PK, string("")).key(table::SK, string(""));
        let _ = get.customize().config_override(opening).send().boxed().await;
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
