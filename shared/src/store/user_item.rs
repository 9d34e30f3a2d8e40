//! A user's item: its attributes, their names, and the conversion to a domain user. Never rename an attribute here:
//! stored data would be lost.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{
    Item,
    error::StoreError,
    handles, json,
    quiet::QuietItem,
    records,
    table::{self, Key},
};
use crate::domain::{
    Cause, Channel, ChannelType, Endpoint, Provider, Settings, Suppression, Timestamp, User, UserId,
    display::{Preference, language},
    endpoint::Endpoints,
    json::Object,
    user::{Text, UserRecord},
};

pub(super) const PUSH_TOKEN_AT: &str = "push_token_at";
pub(super) const CHANNELS: &str = "channels";
pub(super) const GROUPS: &str = "groups";
pub(super) const DISPLAY: &str = "display";
pub(super) const QUIET: &str = "quiet";
pub(super) const CUSTOM: &str = "custom";
/// The attribute with an upper bound for the size of `custom` in bytes. An exact write stores the exact size; no write
/// stores less than the size.
pub(super) const CUSTOM_BYTES: &str = "custom_bytes";
pub(super) const HANDLES: &str = "handles";
/// The attribute with an upper bound for the bytes of `handles`, as DynamoDB counts them.
pub(super) const HANDLES_BYTES: &str = "handles_bytes";
pub(super) const ENDPOINTS: &str = "endpoints";
/// The attribute with an upper bound for the bytes of `endpoints` and `endpoints_created`.
pub(super) const ENDPOINTS_BYTES: &str = "endpoints_bytes";
pub(super) const ENDPOINTS_CREATED: &str = "endpoints_created";
pub(super) const SUPPRESSED: &str = "suppressed";
pub(super) const TEAMS: &str = "teams";
pub(super) const ORG: &str = "org";
pub(super) const CREATED_AT: &str = "created_at";
pub(super) const LINKS_ENDED: &str = "links_ended";
pub(super) const OWNS_EMAIL: &str = "owns_email";
pub(super) const ERASING: &str = "erasing";

/// The attribute's name of a text.
pub(super) fn attribute(text: Text) -> &'static str {
    match text {
        Text::Name => "name",
        Text::Email => "email",
        Text::PushToken => "push_token",
        Text::FirstName => "first_name",
        Text::LastName => "last_name",
        Text::Phone => "phone",
        Text::Avatar => "avatar",
    }
}

/// A user's item. A new item has all its maps, because DynamoDB can write a nested path only into a map that exists.
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
    /// Whether an `EMAIL` item reserves the address for this user.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub owns_email: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_token: Option<String>,
    /// When the push token was last registered. A token that was registered before there were such times has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_token_at: Option<i64>,
    pub channels: BTreeMap<String, bool>,
    pub groups: BTreeMap<String, bool>,
    pub display: BTreeMap<String, String>,
    /// Only an edit writes it, as a whole. It is empty if there are no quiet hours.
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
    /// [`Self::read`] reads it, because serde_dynamo would give numbers as `f64`. Only an edit writes it.
    #[serde(skip)]
    pub custom: Option<Object>,
    /// An upper bound for the size of `custom`, in bytes.
    pub custom_bytes: u64,
    /// The keys are `enabled:<handle>` and `<channel type>:<handle>`. The map is flat, so that each value can be
    /// written although no other value exists.
    #[serde(skip_serializing)]
    pub handles: BTreeMap<String, bool>,
    pub endpoints: BTreeMap<String, EndpointItem>,
    /// When each endpoint was first written. The time is not in the endpoint itself, because an upsert replaces the
    /// endpoint.
    pub endpoints_created: BTreeMap<String, i64>,
    /// The suppressed addresses, in lower case.
    pub suppressed: BTreeMap<String, SuppressionItem>,
    pub teams: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// How often the user's preference links have been ended. It is absent until they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links_ended: Option<u32>,
    pub version: u64,
    pub created_at: i64,
    pub updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<i64>,
    /// The rest of an erasure that is not finished. Only a tombstone has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erasing: Option<ErasingItem>,
}

/// The data that an unfinished erasure still needs.
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
    /// Only an endpoint that is switched off has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<i64>,
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

impl UserItem {
    /// The item of a new user without any data.
    pub fn new(id: UserId, now: Timestamp) -> Self {
        let Key { pk, sk } = Key::user(id);
        Self {
            pk,
            sk,
            owner: Some(table::users_part(id)),
            at: Some(table::user_at(id, now)),
            version: 1,
            created_at: now.millis(),
            updated_at: now.millis(),
            ..Self::default()
        }
    }

    /// The item for DynamoDB. It is for a new user only: the values in `quiet`, `custom` and `handles` are not written.
    pub fn write(&self) -> Result<Item, StoreError> {
        let mut item = records::write(self)?;
        item.extend([QUIET, CUSTOM, HANDLES].map(|name| (name.to_owned(), AttributeValue::M(HashMap::new()))));
        Ok(item)
    }

    /// Reads a user's item.
    pub fn read(mut item: Item) -> Result<Self, StoreError> {
        let custom = item.remove(CUSTOM).map(json::object).transpose()?;
        Ok(Self { custom, ..records::read(item)? })
    }

    /// The user, or [`UserRecord::Erased`] for a tombstone.
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
            display: preferred(self.display),
            quiet: self.quiet.into_hours()?,
            endpoints: endpoints(self.endpoints, &self.endpoints_created),
            suppressed: self.suppressed.into_iter().map(|(address, item)| (address, item.into())).collect(),
            teams: self.teams,
            org: self.org,
            links_ended: self.links_ended.unwrap_or_default(),
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
            gone_at: item.gone_at.map(Timestamp::from_millis),
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
        Self { provider, settings, updated_at: now.millis(), gone_at: None }
    }
}

/// The display preferences. A language may be stored in a form that was once taken and is not its canonical one: `iw` for `he`.
fn preferred(mut display: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(language) = display.get_mut(Preference::Language.name()) {
        *language = language::preferred(language);
    }
    display
}
