//! Items as they are stored, and the way to domain types and back. A field that is renamed here is lost data: do not.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Item, StoreError, custom::CUSTOM, handles, json, quiet::QuietItem};
use crate::domain::{
    Cause, Channel, ChannelType, ConfiguredChannel, Endpoint, Provider, Settings, Suppression, Timestamp, User, UserId,
    endpoint::Endpoints, json::Object, user::UserRecord,
};

/// A user's item. The maps are there from the start: a nested path can only be written into a map that exists.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct UserItem {
    pub pk: String,
    pub sk: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address is this user's alone, by an `EMAIL` item.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub owns_email: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_token: Option<String>,
    pub channels: BTreeMap<String, bool>,
    pub groups: BTreeMap<String, bool>,
    pub display: BTreeMap<String, String>,
    /// Written by `quiet.rs`: whole, or empty.
    #[serde(skip_serializing)]
    pub quiet: QuietItem,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// Read by [`Self::read`], since serde_dynamo would hand numbers over as `f64`, and written by `custom.rs` only.
    #[serde(skip)]
    pub custom: Option<Object>,
    /// What is known of the size of `custom`: never less than it is.
    pub custom_bytes: u64,
    /// By `enabled:<handle>` and `<channel type>:<handle>`, flat, so that a change of any needs no other to be there.
    #[serde(skip_serializing)]
    pub handles: BTreeMap<String, bool>,
    pub endpoints: BTreeMap<String, EndpointItem>,
    /// When each endpoint was first written; beside the endpoint, because an upsert replaces that.
    pub endpoints_created: BTreeMap<String, i64>,
    /// Addresses that are not to be used, in lower case.
    pub suppressed: BTreeMap<String, SuppressionItem>,
    pub teams: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    pub version: u64,
    pub created_at: i64,
    pub updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<i64>,
    /// On a tombstone whose erasure is not finished: the unique form of the address that is still to be freed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erasing: Option<ErasingItem>,
}

/// What an unfinished erasure still has to find.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ErasingItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SuppressionItem {
    pub cause: Cause,
    pub at: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EndpointItem {
    pub provider: Provider,
    pub settings: SettingsItem,
    pub updated_at: i64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SettingsItem {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_tokens: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChannelItem {
    pub pk: String,
    pub sk: String,
    pub id: String,
    pub name: String,
    pub provider: Provider,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    #[serde(default)]
    pub position: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carries: Option<Channel>,
}

/// Reads an item into a record.
pub(super) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    // The error's own text quotes the item, which must not reach a log.
    serde_dynamo::from_item(item).map_err(|_| StoreError::Malformed(std::any::type_name::<T>().into()))
}

/// Writes a record as an item.
pub(super) fn write<T: Serialize>(record: &T) -> Result<Item, StoreError> {
    serde_dynamo::to_item(record).map_err(|_| StoreError::Malformed(std::any::type_name::<T>().into()))
}

impl UserItem {
    /// Reads a user's item.
    pub fn read(mut item: Item) -> Result<Self, StoreError> {
        let custom = item.remove(CUSTOM).map(json::object).transpose()?;
        Ok(Self { custom, ..read(item)? })
    }

    /// The user, or the fact that he was erased.
    pub fn into_record(self) -> Result<UserRecord, StoreError> {
        if self.erased_at.is_some() {
            Ok(UserRecord::Erased)
        } else {
            self.into_user().map(Box::new).map(UserRecord::Present)
        }
    }

    pub fn id(&self) -> Option<UserId> {
        self.pk.strip_prefix("USER#").and_then(UserId::parse)
    }

    pub fn into_user(self) -> Result<User, StoreError> {
        let id = self.id().ok_or_else(|| StoreError::Malformed("a user's key holds no id".into()))?;
        Ok(User {
            id,
            name: self.name,
            email: self.email,
            push_token: self.push_token,
            web_push: self.channels.get(ChannelType::WebPush.as_str()).copied(),
            external_id: self.external_id,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            avatar: self.avatar,
            custom: self.custom.unwrap_or_default(),
            handles: handles::read(&self.handles),
            channels: self.channels.into_iter().filter_map(|(name, on)| Some((Channel::parse(&name)?, on))).collect(),
            groups: self.groups,
            display: self.display,
            quiet: self.quiet.into_hours()?,
            endpoints: endpoints(self.endpoints, &self.endpoints_created),
            suppressed: self.suppressed.into_iter().map(|(address, item)| (address, item.into())).collect(),
            teams: self.teams,
            org: self.org,
            version: self.version,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
        })
    }
}

fn endpoints(items: BTreeMap<String, EndpointItem>, created: &BTreeMap<String, i64>) -> Endpoints {
    let endpoint = |(id, item): (String, EndpointItem)| {
        let created_at = created.get(&id).copied().unwrap_or(item.updated_at);
        let SettingsItem { device_tokens, slack_channel_id, slack_user_id, address, phone, url } = item.settings;
        let endpoint = Endpoint {
            provider: item.provider,
            settings: Settings { device_tokens, slack_channel_id, slack_user_id, address, phone, url },
            created_at: Timestamp::from_millis(created_at),
            updated_at: Timestamp::from_millis(item.updated_at),
        };
        (id, endpoint)
    };
    items.into_iter().map(endpoint).collect()
}

impl From<SuppressionItem> for Suppression {
    fn from(item: SuppressionItem) -> Self {
        Self { cause: item.cause, at: Timestamp::from_millis(item.at) }
    }
}

impl EndpointItem {
    pub fn new(provider: Provider, settings: &Settings, now: Timestamp) -> Self {
        let Settings { device_tokens, slack_channel_id, slack_user_id, address, phone, url } = settings.clone();
        let settings = SettingsItem { device_tokens, slack_channel_id, slack_user_id, address, phone, url };
        Self { provider, settings, updated_at: now.millis() }
    }
}

/// An API key's item.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ApiKeyItem {
    pub pk: String,
    pub sk: String,
    /// The index's keys: all keys by time.
    #[serde(default)]
    pub owner: String,
    #[serde(default)]
    pub at: String,
    pub secret_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// By name; none said is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    #[serde(default)]
    pub created_at: i64,
}

impl From<ChannelItem> for ConfiguredChannel {
    fn from(item: ChannelItem) -> Self {
        let ChannelItem { pk: _, sk: _, id, name, provider, secret, position, carries } = item;
        Self { id, name, provider, secret, position, carries }
    }
}

/// The attribute names that a user's item has besides the profile, each an empty map at the start.
pub(super) fn empty_maps() -> HashMap<String, aws_sdk_dynamodb::types::AttributeValue> {
    ["custom", "handles", "quiet"]
        .map(|name| (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::M(HashMap::new())))
        .into()
}
