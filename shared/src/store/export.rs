//! All that is held about a person.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::StreamExt;

use super::{
    Item, Store,
    error::StoreError,
    inbox, json, number,
    owned::AtOnce,
    reads::{KeyRange, key, text},
    seen::seen,
    subscription_keys, subscriptions,
    table::{self, Key},
    user_error::UpdateUserError,
    user_item::OWNS_EMAIL,
    walk::Walk,
};
use crate::domain::{
    Timestamp, TopicId, UserId,
    json::{Json, Object},
};

/// Attributes that are internal to the table. An export does not show them.
const INTERNAL: [&str; 15] = [
    table::PK,
    table::SK,
    table::OWNER,
    table::AT,
    table::RECENT,
    table::WRITE_TOKEN,
    "lease",
    "lease_owner",
    "request_hash",
    OWNS_EMAIL,
    "base",
    "recorded",
    "delivered",
    subscription_keys::GENERATION,
    subscription_keys::USER_SINCE,
];

/// The data about a person that exists once.
#[derive(Debug)]
pub struct ExportHead {
    /// The user's own record: profile, preferences, endpoints, whatever the dialect it came by.
    pub user: Object,
    /// The free-form settings; empty where there are none.
    pub settings: Object,
    /// When the user was created. `None`: there are only settings.
    pub since: Option<Timestamp>,
}

/// One entry of an export: of these a person has many.
#[derive(Debug)]
pub enum Exported {
    /// What was sent to the user, with its deliveries.
    Notification(Object),
    /// An answer that is kept to be replayed under an idempotency key.
    Answer(Object),
    /// What stands in the in-app inbox.
    InboxEntry(Object),
    /// A topic that the user is subscribed to.
    Subscription(Object),
}

impl Store {
    /// Reads the data about a user that exists once.
    pub async fn export_head(&self, id: UserId) -> Result<ExportHead, UpdateUserError> {
        let (user, settings) = (Key::user(id), Key::user_settings(id));
        let (item, settings) = futures::try_join!(self.get(&user), self.get(&settings))?;
        let (item, settings) = (item.unwrap_or_default(), settings.unwrap_or_default());
        match seen(item.clone(), None) {
            // A user can have settings and no item.
            Err(UpdateUserError::NotFound) if settings.contains_key(table::SETTINGS) => {}
            found => drop(found?),
        }
        let settings = settings.get(table::SETTINGS).cloned().map(json::object).transpose()?;
        let since = subscriptions::since(&item);
        Ok(ExportHead { user: shown(item)?, settings: settings.unwrap_or_default(), since })
    }

    /// All other data about a user: what the index lists, then the inbox, both oldest first, then the subscriptions. If `after` is given,
    /// only entries after that place. The first call to each asks for `limit` entries. `since` is when the user was created: what may be
    /// left of a subscription of somebody who had the same id before is not this user's.
    pub fn export(
        &self,
        id: UserId,
        since: Option<Timestamp>,
        after: Option<&str>,
        limit: usize,
    ) -> Walk<'_, Exported> {
        let within = |prefix: &str| after.filter(|after| after.starts_with(prefix));
        let (in_inbox, in_subscriptions) = (within(table::INBOX_PREFIX), within(table::SUBSCRIPTION_PREFIX));
        // One more tells whether there are more, and one is `after` itself.
        let first = limit.saturating_add(2);
        let subscriptions = self.walk(subscription_keys::all_of(id).after(in_subscriptions), first, Ok);
        let subscription = move |item: Item| {
            let own = since.map(|since| number(since.millis()));
            if own.is_none() || item.get(subscription_keys::USER_SINCE) != own.as_ref() {
                return Ok(None);
            }
            let topic = text(&item, table::SK).and_then(|sk| sk.strip_prefix(table::SUBSCRIPTION_PREFIX));
            let topic = topic.and_then(TopicId::parse).map(|topic| Json::String(topic.name.to_string()));
            let mut subscription = shown(item)?;
            subscription.extend(topic.map(|topic| ("topic".to_owned(), topic)));
            Ok(Some(Exported::Subscription(subscription)))
        };
        let subscriptions = subscriptions.map(move |found| found?.read(subscription)).boxed();
        if in_subscriptions.is_some() {
            return subscriptions;
        }
        let inbox = self.walk(inbox::all(id).after(in_inbox), first, |item| {
            let mut entry = shown(item)?;
            unfold(&mut entry, &["data"]);
            Ok(Exported::InboxEntry(entry))
        });
        let own = inbox.chain(subscriptions);
        if in_inbox.is_some() {
            return own.boxed();
        }
        let entries = KeyRange::timeline(table::user_owner(id)).after(after);
        let owned = self.bundles(entries, limit, AtOnce::NOTIFICATIONS).map(|found| found?.read(exported));
        owned.chain(own).boxed()
    }
}

/// An entry of the index as one object. The deliveries of a notification are in it.
fn exported(items: Vec<Item>) -> Result<Option<Exported>, StoreError> {
    let (mut whole, mut deliveries, mut of) = (None, Vec::new(), None);
    for item in items {
        if text(&item, table::SK).is_some_and(|sk| sk.starts_with(table::DELIVERY_PREFIX)) {
            let mut delivery = shown(item)?;
            unfold(&mut delivery, &["trace"]);
            deliveries.push(Json::Object(delivery));
        } else {
            of = key(&item);
            whole = Some(shown(item)?);
        }
    }
    // A dead letter has no more data about a person than the notification's own record has.
    let is_letter = of.as_ref().is_some_and(Key::is_dead_letter);
    let Some(mut whole) = whole.filter(|_| !is_letter) else { return Ok(None) };
    unfold(&mut whole, &["content", "metadata"]);
    if !deliveries.is_empty() {
        whole.insert("deliveries".to_owned(), Json::Array(deliveries));
    }
    let is_answer = of.is_some_and(|key| key.pk.starts_with("IDEMPOTENCY#"));
    Ok(Some(if is_answer { Exported::Answer(whole) } else { Exported::Notification(whole) }))
}

/// Replaces the named JSON texts by what they hold. Content, metadata, data and traces are stored as JSON text.
fn unfold(whole: &mut Object, names: &[&str]) {
    for name in names {
        if let Some(Json::String(text)) = whole.get(*name)
            && let Ok(held @ (Json::Object(_) | Json::Array(_))) = Json::parse(text, name)
        {
            whole.insert((*name).to_owned(), held);
        }
    }
}

/// Attributes whose names in the table mislead, each with the name that a person reads. The first is the end of the record itself, and
/// the second that of the notification.
const RENAMED: [(&str, &str); 3] = [("expires_at", "kept_until"), ("not_after", "expires_at"), ("at_millis", "at")];

/// An item as a person can read it: without internal attributes, and with its times as text.
fn shown(mut item: Item) -> Result<Object, StoreError> {
    item.retain(|name, _| !INTERNAL.contains(&name.as_str()));
    for (stored, name) in RENAMED {
        if let Some(value) = item.remove(stored) {
            item.insert(name.to_owned(), value);
        }
    }
    for (name, milliseconds_each) in [
        ("created_at", 1),
        ("read_at", 1),
        ("archived_at", 1),
        ("updated_at", 1),
        ("push_token_at", 1),
        ("at", 1),
        ("lease_until", 1),
        ("until", 1),
        ("send_at", 1),
        ("expires_at", 1),
        ("not_before", 1),
        ("cancelled_at", 1),
        ("held_until", 1),
        ("kept_until", 1000),
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
            ("not_after", n("1709287200001")),
            ("at_millis", n("1709287200002")),
        ];
        let item = item.map(|(name, value)| (name.to_owned(), value)).into();
        let shown = serde_json::to_value(shown(item).unwrap()).unwrap();
        let time = "2024-03-01T10:00:00.000Z";
        let (end, at) = ("2024-03-01T10:00:00.001Z", "2024-03-01T10:00:00.002Z");
        assert_eq!(
            shown,
            serde_json::json!({"name": "Ada", "created_at": time, "kept_until": time, "expires_at": end, "at": at})
        );
    }

    #[test]
    fn a_delivery_s_trace_is_a_list_and_not_a_text() {
        let s = |text: &str| AttributeValue::S(text.into());
        let item = |sk: &str, more: (&str, AttributeValue)| {
            Item::from([("pk", s("NOTIFICATION#1")), ("sk", s(sk)), more].map(|(name, value)| (name.to_owned(), value)))
        };
        let trace = r#"[{"rule":"due","saw":"at once","said":"pass"}]"#;
        let items = vec![item("NOTIFICATION", ("content", s("{}"))), item("DELIVERY#push", ("trace", s(trace)))];
        let Some(Exported::Notification(whole)) = exported(items).unwrap() else { panic!("no notification") };
        let step = serde_json::json!({"rule": "due", "saw": "at once", "said": "pass"});
        let expected = serde_json::json!({"content": {}, "deliveries": [{"trace": [step]}]});
        assert_eq!(serde_json::to_value(whole).unwrap(), expected);
    }
}
