//! Items as they are stored, and their conversion to and from domain types. Never rename a field here: stored data
//! would be lost.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Item, error::StoreError};
use crate::{
    domain::{Category, Channel, ConfiguredChannel, PauseMode, Provider, Rate, category::Texts},
    hash::sha256_hex,
};

/// The version of what has not been versioned yet.
pub(super) const UNVERSIONED: u64 = 1;

/// The version of a record that is written: a digest of it, since a write does not read what was there. Two versions are the same only
/// if the records are. The record's own version must not be set yet.
pub(super) fn digest_version<T: Serialize>(record: &T) -> u64 {
    let digest = sha256_hex(serde_json::to_string(record).unwrap_or_default().as_bytes());
    let digits = digest.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    digits.unwrap_or_default() + UNVERSIONED + 1
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<Rate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CategoryItem {
    pub pk: String,
    pub sk: String,
    pub handle: String,
    pub name: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Texts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<Channel>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_code: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether only who opted in is in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opt_in: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    #[serde(default)]
    pub position: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl From<CategoryItem> for Category {
    fn from(item: CategoryItem) -> Self {
        let CategoryItem {
            pk: _,
            sk: _,
            handle,
            name,
            description,
            channels,
            template_code,
            critical,
            required,
            opt_in,
            hidden,
            position,
            version: _,
        } = item;
        let default_in = !opt_in;
        Self { handle, name, description, channels, template_code, critical, required, default_in, hidden, position }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PauseItem {
    pub pk: String,
    pub sk: String,
    /// The target by its name.
    pub what: String,
    pub mode: PauseMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_millis: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub paused_by: String,
    pub paused_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// DynamoDB removes a pause after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// Reads an item into a record.
pub(super) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    // The text of the error quotes the item. An item must not reach a log.
    // Not by `from_item`, which builds the map of attributes a second time.
    let item = AttributeValue::M(item);
    serde_dynamo::from_attribute_value(item).map_err(|_| StoreError::Malformed(std::any::type_name::<T>().into()))
}

/// Writes a record as an item.
pub(super) fn write<T: Serialize>(record: &T) -> Result<Item, StoreError> {
    serde_dynamo::to_item(record).map_err(|_| StoreError::Malformed(std::any::type_name::<T>().into()))
}

/// An API key's item.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ApiKeyItem {
    pub pk: String,
    pub sk: String,
    /// The key of the index that lists all API keys by time.
    #[serde(default)]
    pub owner: String,
    #[serde(default)]
    pub at: String,
    pub secret_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The scopes by name. A key that names no scopes has all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    #[serde(default)]
    pub created_at: i64,
}

impl From<ChannelItem> for ConfiguredChannel {
    fn from(item: ChannelItem) -> Self {
        let ChannelItem { pk: _, sk: _, id, name, provider, secret, position, carries, rate_per_second, version: _ } =
            item;
        Self { id, name, provider, secret, position, carries, rate_per_second }
    }
}
