//! The table's keys, its index, and the attributes that several kinds of items have. Only this file builds keys.

use aws_sdk_dynamodb::types::AttributeValue;

use super::parts;
use crate::domain::{
    AddressHash, Channel, DeviceHash, NotificationId, PauseTarget, RunId, Timestamp, TopicId, UserId, run::PageId,
    topic::Generation,
};

pub const PK: &str = "pk";
pub const SK: &str = "sk";

/// The sparse index. It lists the items that have `owner` and `at`, in the order of `at`: for example a user's
/// notifications by time (`owner` is the user's key), and all users by their creation.
pub const TIMELINE: &str = "timeline";
pub const OWNER: &str = "owner";
/// The second sparse index. It lists all notifications in the order of `at`, whoever they are to. They stand in parts: see
/// [`recent_part`].
pub const RECENT: &str = "recent";
pub const AT: &str = "at";

pub const VERSION: &str = "version";
pub const UPDATED_AT: &str = "updated_at";
/// The write token: 16 random bytes of the last write, by which a repeated write recognises its own work.
pub const WRITE_TOKEN: &str = "mark";
pub const ERASED_AT: &str = "erased_at";
/// The free-form settings (contract 5). They have an item of their own.
pub const SETTINGS: &str = "settings";
/// Epoch seconds after which DynamoDB removes the item.
pub const EXPIRES_AT: &str = "expires_at";

/// The sort key of an answer that is kept under an idempotency key.
pub const IDEMPOTENCY: &str = "IDEMPOTENCY";

/// The list of every user who exists: the `owner` of its parts begins with this. A user from before there were parts has just this.
pub const USERS: &str = "USERS";

/// The `owner` of every API key.
pub const API_KEYS: &str = "API_KEYS";

/// The `owner` of the head of every template.
pub const TEMPLATES: &str = "TEMPLATES";

/// The `owner` of every draft of a template.
pub const TEMPLATE_DRAFTS: &str = "TEMPLATE_DRAFTS";

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

    /// The suppression of an address.
    pub fn suppressed(address: &AddressHash) -> Self {
        Self::new(format!("{SUPPRESSED_PREFIX}{}", address.0), "SUPPRESSED")
    }

    /// The owner of a device.
    pub fn device(device: &DeviceHash) -> Self {
        Self::new(format!("{DEVICE_PREFIX}{}", device.0), "DEVICE")
    }

    pub fn channel(id: &str) -> Self {
        Self::new(CHANNELS.to_owned(), format!("CHANNEL#{id}"))
    }

    pub fn category(handle: &str) -> Self {
        Self::new(CATEGORIES.to_owned(), format!("{CATEGORY_PREFIX}{handle}"))
    }

    pub fn pause(target: &PauseTarget) -> Self {
        Self::new(PAUSES.to_owned(), format!("PAUSE#{target}"))
    }

    /// The schedule of a configured channel's rate.
    pub fn rate(channel_id: &str) -> Self {
        Self::new(format!("RATE#{channel_id}"), "RATE")
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

    /// The entry at this place in a user's inbox.
    pub fn inbox(id: UserId, place: &str) -> Self {
        Self::new(user_owner(id), format!("{INBOX_PREFIX}{place}"))
    }

    /// One copy of a topic. All copies say the same.
    pub fn topic(id: &TopicId, copy: usize) -> Self {
        // The number comes first: an organisation's name may have any characters.
        Self::new(format!("TOPIC#{copy}#{id}"), "TOPIC")
    }

    /// What is left of a topic that was deleted, until its subscriptions are removed.
    pub fn ended_topic(generation: Generation) -> Self {
        Self::new(format!("ENDEDTOPIC#{generation}"), "ENDED")
    }

    /// A user's subscription to a topic.
    pub fn subscription(user: UserId, topic: &TopicId) -> Self {
        Self::new(user_owner(user), format!("{SUBSCRIPTION_PREFIX}{topic}"))
    }

    /// A run as it was accepted.
    pub fn run(id: RunId) -> Self {
        Self::new(run_pk(id), "RUN")
    }

    /// The state of a run: an item of its own, which is small, because each batch of its deliveries reads it.
    pub fn run_state(id: RunId) -> Self {
        Self::new(run_pk(id), "STATE")
    }

    /// The run that a request has made, by a hash of the request: the request may come again.
    pub fn run_request(hash: &str) -> Self {
        Self::new(format!("RUNREQUEST#{hash}"), "RUNREQUEST")
    }

    /// A page of a run's recipients, by its name: those that the request names and that have no room in the run itself, or those that
    /// were found under a topic.
    pub fn run_page(id: RunId, page: &str) -> Self {
        Self::new(run_pk(id), format!("{PAGE_PREFIX}{page}"))
    }

    /// A page of a run that is expanded.
    pub fn run_done(id: RunId, page: &PageId) -> Self {
        Self::new(run_pk(id), format!("{DONE_PREFIX}{page}"))
    }

    /// A dead letter. Its place is its time and its own id.
    pub fn dead_letter(place: &str) -> Self {
        Self::new(parts::partition(DEAD_LETTERS, parts::part_of(place.as_bytes())), place)
    }

    /// The same, written before dead letters stood in parts.
    pub fn old_dead_letter(place: &str) -> Self {
        Self::new(DEAD_LETTERS.to_owned(), place)
    }

    /// Whether it is a dead letter's.
    pub fn is_dead_letter(&self) -> bool {
        let part = self.pk.strip_prefix(DEAD_LETTERS);
        part.is_some_and(|part| part.is_empty() || part.starts_with('#'))
    }

    /// The head of a template. It sorts before the locales, so that a read never sees a head that is newer than the
    /// locales.
    pub fn template(code: &str) -> Self {
        Self::new(template_pk(code), "HEAD")
    }

    pub fn template_locale(code: &str, tag: &str) -> Self {
        Self::new(template_pk(code), format!("{LOCALE_PREFIX}{tag}"))
    }

    /// A version of a template that was replaced.
    pub fn template_version(code: &str, version: u64) -> Self {
        Self::new(template_history_pk(code), template_version_sk(version))
    }

    /// A part of what a version of a template said.
    pub fn template_version_text(code: &str, version: u64, part: usize) -> Self {
        Self::new(template_history_pk(code), format!("TEXT#{version:013}#{part}"))
    }

    /// The draft of a template.
    pub fn template_draft(code: &str) -> Self {
        Self::new(template_history_pk(code), DRAFT)
    }

    /// A part of what the draft of a template says.
    pub fn template_draft_text(code: &str, part: usize) -> Self {
        Self::new(template_history_pk(code), format!("{DRAFT}#{part}"))
    }

    pub fn idempotency(hash: &str) -> Self {
        Self::new(format!("IDEMPOTENCY#{hash}"), IDEMPOTENCY)
    }

    /// The key as DynamoDB takes it.
    pub fn attributes(&self) -> std::collections::HashMap<String, AttributeValue> {
        [(PK, &self.pk), (SK, &self.sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone()))).into()
    }
}

/// The partitions of dead letters begin with this.
pub const DEAD_LETTERS: &str = "DEADLETTER";
/// The partition key of a suppressed address begins with this.
pub const SUPPRESSED_PREFIX: &str = "SUPPRESSED#";
/// The partition key of a device begins with this.
pub const DEVICE_PREFIX: &str = "DEVICE#";
/// The partition of all configured channels.
pub const CHANNELS: &str = "CHANNELS";
/// The partition of all categories.
pub const CATEGORIES: &str = "CATEGORIES";
/// The partition of all pauses.
pub const PAUSES: &str = "PAUSES";
/// The beginning of a category's sort key.
pub const CATEGORY_PREFIX: &str = "CATEGORY#";
/// The beginning of a delivery's sort key.
pub const DELIVERY_PREFIX: &str = "DELIVERY#";

/// The beginning of the sort key of an entry in an inbox.
pub const INBOX_PREFIX: &str = "INBOX#";

/// The beginning of the sort key of a page of a run's recipients.
pub const PAGE_PREFIX: &str = "PAGE#";

/// The beginning of the sort key of an expanded page of a run.
pub const DONE_PREFIX: &str = "DONE#";

/// The partition of a run.
pub fn run_pk(id: RunId) -> String {
    format!("RUN#{id}")
}

/// The beginning of the sort key of a subscription.
pub const SUBSCRIPTION_PREFIX: &str = "SUBSCRIPTION#";

/// The beginning of the sort key of a template's locale.
pub const LOCALE_PREFIX: &str = "LOCALE#";

/// The partition of a template.
pub fn template_pk(code: &str) -> String {
    format!("TEMPLATE#{code}")
}

/// The sort key of the draft of a template. Those of its text follow it.
pub const DRAFT: &str = "DRAFT";

/// The partition of a template's draft, and of its versions that were replaced. It is not the template's own: workers read all of
/// that one, and code from before there were versions takes each item of it for a locale or the head.
pub fn template_history_pk(code: &str) -> String {
    format!("TEMPLATEHISTORY#{code}")
}

/// The beginning of the sort key of a version of a template.
pub const VERSION_PREFIX: &str = "VERSION#";

/// The sort key of a version. A version is a time in milliseconds when its template begins, so it has 13 digits until the year 2286.
fn template_version_sk(version: u64) -> String {
    format!("{VERSION_PREFIX}{version:013}")
}

/// The partition of a user, and the `owner` of the items that belong to the user.
pub fn user_owner(id: UserId) -> String {
    format!("USER#{id}")
}

/// The user of [`user_owner`]'s text.
pub fn user_of_owner(owner: &str) -> Option<UserId> {
    owner.strip_prefix("USER#").and_then(UserId::parse)
}

/// The partition of a notification and its deliveries.
pub fn notification_pk(id: NotificationId) -> String {
    format!("NOTIFICATION#{id}")
}

/// An entry's place in an inbox. Places sort by time, and no two entries have the same place.
pub fn inbox_place(at: Timestamp, id: NotificationId) -> String {
    format!("{at}#{id}")
}

/// The part of the list of users in which this user stands.
pub fn users_part(id: UserId) -> String {
    parts::partition(USERS, parts::part_of(&id.to_bytes()))
}

/// The number of the parts of the list of all notifications. A table takes 40,000 write units a second by default
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>), and these parts take more: they are
/// never what limits how many notifications are accepted.
pub const RECENT_PARTS: usize = 64;

/// The part of the list of all notifications in which this one stands. The attribute has the index's name.
pub fn recent_part(id: NotificationId) -> String {
    parts::partition("RECENT", parts::part_among(id.uuid().as_bytes(), RECENT_PARTS))
}

/// All parts of the list of all notifications.
pub fn recent_parts() -> impl Iterator<Item = String> {
    (0..RECENT_PARTS).map(|part| parts::partition("RECENT", part))
}

/// A notification's place in the indexes. Places sort by the time of acceptance, and no two notifications have the same place.
pub fn notification_at(id: NotificationId, created_at: Timestamp) -> String {
    format!("{created_at}#{id}")
}

/// A user's place in the index. Places sort by the time of creation, and no two users have the same place.
pub fn user_at(id: UserId, created_at: Timestamp) -> String {
    format!("{created_at}#{id}")
}
