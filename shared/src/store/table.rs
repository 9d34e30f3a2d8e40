//! The table's shape: keys and attribute names, in this file and nowhere else.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{Channel, NotificationId, Timestamp, UserId};

pub const PK: &str = "pk";
pub const SK: &str = "sk";

/// The sparse index: a user's notifications by time (`owner` = the user's key), and users by creation.
pub const TIMELINE: &str = "timeline";
pub const OWNER: &str = "owner";
pub const AT: &str = "at";

pub const VERSION: &str = "version";
pub const UPDATED_AT: &str = "updated_at";
/// 16 random bytes of the last write: how a write recognises itself.
pub const WRITE_TOKEN: &str = "mark";
pub const ERASED_AT: &str = "erased_at";
/// The free-form settings (contract 5), on their own item.
pub const SETTINGS: &str = "settings";
/// Epoch seconds after which DynamoDB removes the item.
pub const EXPIRES_AT: &str = "expires_at";

/// `owner` of every user that exists.
pub const USERS: &str = "USERS";

/// `owner` of every API key.
pub const API_KEYS: &str = "API_KEYS";

/// `owner` of the head of every template.
pub const TEMPLATES: &str = "TEMPLATES";

/// The two parts of an item's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub fn user(id: UserId) -> Self {
        Self::new(user_owner(id), "USER")
    }

    /// The free-form settings of a user.
    pub fn user_settings(id: UserId) -> Self {
        Self::new(user_owner(id), "SETTINGS")
    }

    /// The free-form settings of an organisation.
    pub fn org_settings(org: &str) -> Self {
        Self::new(format!("ORG#{org}"), "SETTINGS")
    }

    pub fn security(organisation: &str) -> Self {
        Self::new(format!("ORG#{organisation}"), "SECURITY")
    }

    pub fn email(unique_form: &str) -> Self {
        Self::new(format!("EMAIL#{unique_form}"), "EMAIL")
    }

    pub fn channel(id: &str) -> Self {
        Self::new(CHANNELS.to_owned(), format!("CHANNEL#{id}"))
    }

    pub fn api_key(public: &str) -> Self {
        Self::new(format!("KEY#{public}"), "KEY")
    }

    pub fn notification(id: NotificationId) -> Self {
        Self::new(notification_pk(id), "NOTIFICATION")
    }

    pub fn delivery(id: NotificationId, channel: Channel) -> Self {
        Self::new(notification_pk(id), format!("{DELIVERY_PREFIX}{channel}"))
    }

    /// An entry of a user's inbox, by its place.
    pub fn inbox(id: UserId, place: &str) -> Self {
        Self::new(user_owner(id), format!("{INBOX_PREFIX}{place}"))
    }

    /// A message that gave up; its place among them is its time and its own id.
    pub fn dead_letter(place: &str) -> Self {
        Self::new(DEAD_LETTERS.to_owned(), place)
    }

    /// What stands above a template's locales; it sorts before them, so that a read never sees a newer head than locales.
    pub fn template(code: &str) -> Self {
        Self::new(template_pk(code), "HEAD")
    }

    pub fn template_locale(code: &str, tag: &str) -> Self {
        Self::new(template_pk(code), format!("{LOCALE_PREFIX}{tag}"))
    }

    pub fn idempotency(hash: &str) -> Self {
        Self::new(format!("IDEMPOTENCY#{hash}"), "IDEMPOTENCY")
    }

    /// The key as DynamoDB takes it.
    pub fn attributes(&self) -> std::collections::HashMap<String, AttributeValue> {
        [(PK, &self.pk), (SK, &self.sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone()))).into()
    }
}

/// The partition of all messages that gave up.
pub const DEAD_LETTERS: &str = "DEADLETTER";
/// The partition of all configured channels.
pub const CHANNELS: &str = "CHANNELS";
/// What a delivery's sort key begins with.
pub const DELIVERY_PREFIX: &str = "DELIVERY#";

/// What the sort key of an inbox's entry begins with.
pub const INBOX_PREFIX: &str = "INBOX#";

/// What the sort key of a template's locale begins with.
pub const LOCALE_PREFIX: &str = "LOCALE#";

/// The partition of a template.
pub fn template_pk(code: &str) -> String {
    format!("TEMPLATE#{code}")
}

/// The partition of a user, and the `owner` of what is theirs.
pub fn user_owner(id: UserId) -> String {
    format!("USER#{id}")
}

/// The partition of a notification and its deliveries.
pub fn notification_pk(id: NotificationId) -> String {
    format!("NOTIFICATION#{id}")
}

/// An entry's place in an inbox: by time, and unlike any other's.
pub fn inbox_place(at: Timestamp, id: NotificationId) -> String {
    format!("{at}#{id}")
}

/// A user's place in the index: by creation, and unlike any other's.
pub fn user_at(id: UserId, created_at: Timestamp) -> String {
    format!("{created_at}#{id}")
}
