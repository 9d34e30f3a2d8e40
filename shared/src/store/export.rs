//! All that is held about a person, as one document.

use aws_sdk_dynamodb::types::AttributeValue;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Item, Store,
    error::StoreError,
    inbox, json,
    seen::seen,
    table::{self, Key},
    user_error::UpdateUserError,
    user_item::OWNS_EMAIL,
};
use crate::domain::{
    Timestamp, UserId,
    json::{Json, Object},
};

/// A page ends when it has more bytes of JSON than this. An answer of a function has at most 6 MB.
const PAGE_BYTES: usize = 4_000_000;
/// The number of an inbox's entries that one call reads.
const INBOX_AT_ONCE: usize = 100;

/// Attributes that are internal to the table. An export does not show them.
const INTERNAL: [&str; 12] = [
    table::PK,
    table::SK,
    table::OWNER,
    table::AT,
    table::WRITE_TOKEN,
    "lease",
    "lease_owner",
    "request_hash",
    OWNS_EMAIL,
    "base",
    "recorded",
    "delivered",
];

/// All that is held about a person.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Export {
    /// The user's own record: profile, preferences, endpoints, whatever the dialect it came by.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub user: Object,
    /// The free-form settings; empty where there are none.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub settings: Object,
    /// What was sent to the user, oldest first, each with its deliveries.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub notifications: Vec<Object>,
    /// What stands in the in-app inbox, oldest first.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub inbox: Vec<Object>,
    /// Answers that are kept to be replayed under an idempotency key.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub answers: Vec<Object>,
    /// The version of the user's own record; 0 where there is none.
    #[serde(skip)]
    pub version: u64,
    /// Where the next page begins, if there is more than fits into one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Store {
    /// One page of all that is held about a user. The page begins after the place `after`, which is the `next` of the
    /// page before. `None` gives the first page.
    pub async fn export_user(&self, id: UserId, after: Option<&str>) -> Result<Export, UpdateUserError> {
        let item = self.get(&Key::user(id)).await?.unwrap_or_default();
        let settings = self.get(&Key::user_settings(id)).await?.unwrap_or_default();
        let version = match seen(item.clone(), None) {
            // A user can have settings and no item.
            Err(UpdateUserError::NotFound) if settings.contains_key(table::SETTINGS) => 0,
            found => found?.version,
        };
        let settings = settings.get(table::SETTINGS).cloned().map(json::object).transpose()?;
        let mut export = Export {
            user: shown(item)?,
            settings: settings.unwrap_or_default(),
            notifications: Vec::new(),
            inbox: Vec::new(),
            answers: Vec::new(),
            version,
            next: None,
        };
        if let Some(place) = after.and_then(|after| after.strip_prefix(table::INBOX_PREFIX)) {
            self.export_inbox(id, Some(place), 0, &mut export).await?;
            return Ok(export);
        }
        let mut bytes = 0;
        for entry in self.timeline(&table::user_owner(id)).await? {
            let (Some(at), Some(pk)) = (text(&entry, table::AT), text(&entry, table::PK)) else { continue };
            // A dead letter has no more data about a person than its notification's record has.
            if after.is_some_and(|after| at.as_str() <= after) || pk == table::DEAD_LETTERS {
                continue;
            }
            let one = self.partition_shown(pk).await?;
            bytes += serde_json::to_string(&one).map_or(0, |text| text.len());
            if pk.starts_with("IDEMPOTENCY#") {
                export.answers.push(one)
            } else {
                export.notifications.push(one)
            }
            if bytes > PAGE_BYTES {
                export.next = Some(at.clone());
                return Ok(export);
            }
        }
        self.export_inbox(id, None, bytes, &mut export).await?;
        Ok(export)
    }

    /// Adds the inbox's entries after the place `after` to a page that already has `bytes` bytes.
    async fn export_inbox(
        &self,
        id: UserId,
        after: Option<&str>,
        mut bytes: usize,
        export: &mut Export,
    ) -> Result<(), StoreError> {
        let mut last = after.map(str::to_owned);
        loop {
            let begin = last.clone();
            let items = self.inbox_items(id, begin.as_deref(), None, true, INBOX_AT_ONCE).await?;
            let is_last = items.len() < INBOX_AT_ONCE;
            for item in items {
                let Some(place) = inbox::place_of(&item).filter(|place| begin.as_ref() != Some(place)) else {
                    continue;
                };
                if bytes > PAGE_BYTES {
                    export.next = last.map(|last| format!("{}{last}", table::INBOX_PREFIX));
                    return Ok(());
                }
                let mut one = shown(item)?;
                unfold(&mut one, &["data"]);
                bytes += serde_json::to_string(&one).map_or(0, |text| text.len());
                export.inbox.push(one);
                last = Some(place);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// A partition as one object: its item, with its deliveries in `deliveries`.
    async fn partition_shown(&self, pk: &str) -> Result<Object, StoreError> {
        let (mut whole, mut deliveries) = (Object::new(), Vec::new());
        for item in self.partition(pk).await? {
            let is_delivery = text(&item, table::SK).is_some_and(|sk| sk.starts_with(table::DELIVERY_PREFIX));
            if is_delivery { deliveries.push(Json::Object(shown(item)?)) } else { whole.extend(shown(item)?) }
        }
        unfold(&mut whole, &["content", "metadata"]);
        if !deliveries.is_empty() {
            whole.insert("deliveries".to_owned(), Json::Array(deliveries));
        }
        Ok(whole)
    }
}

/// Replaces the named JSON texts by the objects that they hold. Content, metadata and data are stored as JSON text.
fn unfold(whole: &mut Object, names: &[&str]) {
    for name in names {
        if let Some(Json::String(text)) = whole.get(*name)
            && let Ok(object) = Json::object(text, name)
        {
            whole.insert((*name).to_owned(), Json::Object(object));
        }
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

/// An item as a person can read it: without internal attributes, and with its times as text.
fn shown(mut item: Item) -> Result<Object, StoreError> {
    item.retain(|name, _| !INTERNAL.contains(&name.as_str()));
    for (name, milliseconds_each) in [
        ("created_at", 1),
        ("read_at", 1),
        ("archived_at", 1),
        ("updated_at", 1),
        ("at_millis", 1),
        ("lease_until", 1),
        ("until", 1),
        ("send_at", 1),
        ("not_after", 1),
        ("not_before", 1),
        ("cancelled_at", 1),
        ("held_until", 1),
        ("expires_at", 1000),
    ] {
        if let Some(AttributeValue::N(number)) = item.get(name)
            && let Ok(number) = number.parse::<i64>()
        {
            let time = Timestamp::from_millis(number.saturating_mul(milliseconds_each)).to_string();
            item.insert(name.to_owned(), AttributeValue::S(time));
        }
    }
    json::object(AttributeValue::M(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_table_s_is_not_a_person_s() {
        let s = |text: &str| AttributeValue::S(text.into());
        let n = |number: &str| AttributeValue::N(number.into());
        let item = [
            ("pk", s("USER#1")),
            ("mark", AttributeValue::B(vec![1_u8].into())),
            ("name", s("Ada")),
            ("created_at", n("1709287200000")),
            ("expires_at", n("1709287200")),
        ];
        let item = item.map(|(name, value)| (name.to_owned(), value)).into();
        let shown = serde_json::to_value(shown(item).unwrap()).unwrap();
        let time = "2024-03-01T10:00:00.000Z";
        assert_eq!(shown, serde_json::json!({"name": "Ada", "created_at": time, "expires_at": time}));
    }
}
