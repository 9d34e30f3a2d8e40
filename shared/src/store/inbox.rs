//! The in-app inbox. Its entries are in the user's own partition, in the order of their time.

use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError, number,
    reads::KeyRange,
    records, table,
    walk::{Found, Walk},
};
use crate::domain::{InboxChange, InboxEntry, InboxState, NotificationId, Timestamp, UserId, exact};

/// An entry as stored.
#[derive(Debug, Serialize, Deserialize)]
struct InboxItem {
    pk: String,
    sk: String,
    notification_id: NotificationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    body: String,
    /// An object as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived_at: Option<i64>,
    expires_at: i64,
}

impl Store {
    /// A user's inbox, newest first. If `after` is given, only entries older than that place. Of an entry in another state only
    /// the place is returned. The first call asks for `limit` entries.
    pub fn inbox(&self, user: UserId, after: Option<&str>, limit: usize, state: InboxState) -> Walk<'_, InboxEntry> {
        let after = after.map(sort_key);
        // One more tells whether there are more, and one is `after` itself.
        let items = self.walk(all(user).backward().after(after.as_deref()), limit.saturating_add(2), Ok);
        let read = move |found: Found<Item>| {
            let found = found.read(|item| {
                let entry = entry(item)?;
                Ok(Some(entry).filter(|entry| state.takes(entry)))
            })?;
            let place = found.place.strip_prefix(table::INBOX_PREFIX).map(str::to_owned);
            Ok(Found { place: place.unwrap_or(found.place), ..found })
        };
        items.map(move |found| read(found?)).boxed()
    }

    /// Changes an entry, in one write. Returns the entry afterwards, or `None` if there is none.
    pub async fn mark_inbox(
        &self,
        user: UserId,
        place: &str,
        change: InboxChange,
        now: Timestamp,
    ) -> Result<Option<InboxEntry>, StoreError> {
        let InboxChange { read, archived } = change;
        let actions: Vec<_> = [("read_at", read), ("archived_at", archived)]
            .into_iter()
            .filter_map(|(name, is)| {
                Some(match is? {
                    true => Action::SetIfMissing(name.into(), number(now.millis())),
                    false => Action::Remove(name.into()),
                })
            })
            .collect();
        let there = Condition::All(vec![
            Condition::Exists(table::PK.into()),
            Condition::AtLeast(table::EXPIRES_AT.into(), number(now.seconds())),
        ]);
        match self.update(&Key::inbox(user, place), &actions, &there).await {
            Ok(item) => records::read::<InboxItem>(item)?.into_entry().map(Some),
            Err(Refused::Condition(_)) => Ok(None),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}

/// Reads an entry.
pub(super) fn entry(item: Item) -> Result<InboxEntry, StoreError> {
    records::read::<InboxItem>(item)?.into_entry()
}

/// The item of an entry.
pub(super) fn item(user: UserId, entry: &InboxEntry) -> Result<Item, StoreError> {
    records::write(&InboxItem::new(user, &place(entry), entry)?)
}

/// The place of an entry in its inbox.
pub(super) fn place(entry: &InboxEntry) -> String {
    table::inbox_place(entry.created_at, entry.notification_id)
}

/// The range of a user's inbox, oldest first.
pub(super) fn all(user: UserId) -> KeyRange {
    // A place begins with a digit.
    KeyRange::table(table::user_owner(user)).between(sort_key("0"), sort_key("A"))
}

fn sort_key(place: &str) -> String {
    format!("{}{place}", table::INBOX_PREFIX)
}

impl InboxItem {
    fn new(user: UserId, place: &str, entry: &InboxEntry) -> Result<Self, StoreError> {
        let InboxEntry { notification_id, title, body, data, created_at, read_at, archived_at, kept_until } = entry;
        let Key { pk, sk } = Key::inbox(user, place);
        let data = (!data.is_empty()).then(|| serde_json::to_string(data)).transpose().map_err(|_| malformed())?;
        Ok(Self {
            pk,
            sk,
            notification_id: *notification_id,
            title: title.clone(),
            body: body.clone(),
            data,
            created_at: created_at.millis(),
            read_at: read_at.map(Timestamp::millis),
            archived_at: archived_at.map(Timestamp::millis),
            expires_at: kept_until.seconds(),
        })
    }

    fn into_entry(self) -> Result<InboxEntry, StoreError> {
        let Self { pk: _, sk: _, notification_id, title, body, data, created_at, read_at, archived_at, expires_at } =
            self;
        let data = data.map(|data| exact::stored(&data)).transpose().map_err(|_| malformed())?;
        Ok(InboxEntry {
            notification_id,
            title,
            body,
            data: data.unwrap_or_default(),
            created_at: Timestamp::from_millis(created_at),
            read_at: read_at.map(Timestamp::from_millis),
            archived_at: archived_at.map(Timestamp::from_millis),
            kept_until: Timestamp::from_seconds(expires_at),
        })
    }
}

fn malformed() -> StoreError {
    StoreError::Malformed("an inbox entry's JSON".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn what_is_written_is_what_is_read() {
        let user = UserId::random();
        let whole = InboxEntry {
            notification_id: NotificationId::random(),
            title: Some("T".into()),
            body: "b".into(),
            data: serde_json::from_str(r#"{"order": 7, "deep": [null]}"#).unwrap(),
            created_at: Timestamp::from_millis(1_709_287_200_120),
            read_at: Some(Timestamp::from_millis(1_709_287_200_121)),
            archived_at: Some(Timestamp::from_millis(1_709_287_200_122)),
            kept_until: Timestamp::from_millis(1_709_290_000_000),
        };
        let bare =
            InboxEntry { title: None, data: Default::default(), read_at: None, archived_at: None, ..whole.clone() };
        for entry in [whole, bare] {
            let place = table::inbox_place(entry.created_at, entry.notification_id);
            let item = records::write(&InboxItem::new(user, &place, &entry).unwrap()).unwrap();
            assert_eq!(item[table::SK].as_s().unwrap(), &sort_key(&place));
            assert_eq!(records::read::<InboxItem>(item).unwrap().into_entry().unwrap(), entry);
        }
    }

    #[test]
    fn an_entry_as_it_was_once_written_is_read_and_written() {
        let read = |item| records::read::<InboxItem>(item).and_then(InboxItem::into_entry);
        let user = UserId::parse("1380bd43-7363-4adb-9d34-714ba754c8e0").unwrap();
        let new = InboxEntry {
            notification_id: NotificationId::parse("b43c944a-97c8-4774-a0b7-c5c35d368c37").unwrap(),
            title: Some("Hello".into()),
            body: "How are you?".into(),
            data: Default::default(),
            created_at: Timestamp::from_millis(1_795_891_843_060),
            read_at: None,
            archived_at: None,
            kept_until: Timestamp::from_millis(1_798_483_843_000),
        };
        let at = Some(Timestamp::from_millis(1_795_891_843_153));
        let old = InboxEntry { read_at: at, archived_at: at, ..new.clone() };
        for (name, entry) in [("inbox_new", new), ("inbox_read", old)] {
            assert_eq!(read(stored::item(name)).unwrap(), entry, "{name}");
            let place = "2026-11-28T18:50:43.060Z#b43c944a-97c8-4774-a0b7-c5c35d368c37";
            assert_eq!(stored::item(name)[table::SK].as_s().unwrap(), &sort_key(place));
            stored::is_written(name, &InboxItem::new(user, place, &entry).unwrap());
            stored::is_read_but_for(name, read, &[]);
        }
    }
}
