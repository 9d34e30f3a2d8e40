//! The in-app inbox. Its entries are in the user's own partition, in the order of their time.

use serde::{Deserialize, Serialize};

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError, calls::KeyRange, notifications::is_expired, number,
    records, retry, table, transaction::Cancelled,
};
use crate::domain::{InboxChange, InboxEntry, InboxState, NotificationId, Timestamp, UserId};

/// The most tries of writing an entry, if other writes of its user get in its way.
const ROUNDS: u32 = 6;
/// The most entries that are read for one page. If few of them have the wanted state, the page is short and has a place
/// from which to go on.
const LOOKED_AT: usize = 1000;
/// The number of entries that each later call for a page reads, after the first call has not found enough of them.
const AT_ONCE: usize = 100;
/// A page ends when its texts have more bytes than this. An answer of a function has at most 6 MB.
const PAGE_BYTES: usize = 3_000_000;

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

/// An entry and its place. The place is the entry's id within the user's inbox.
pub type Placed = (String, InboxEntry);

/// A page of an inbox, newest first.
#[derive(Debug, Default)]
pub struct InboxPage {
    /// The entries in the wanted state.
    pub entries: Vec<Placed>,
    /// The place of the last entry that was read, also if its state is not the wanted one.
    pub last: Option<String>,
    /// Whether there may be older entries.
    pub more: bool,
}

/// The result of writing an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The entry is in the inbox at this place. This call or an earlier one has written it.
    At(String),
    /// There is no such user, or the user was erased.
    NoUser,
}

impl Store {
    /// Puts an entry into a user's inbox. An entry that is there already stays as it is, because the user may have
    /// changed it. The same transaction checks that the user exists, so that every entry is written before the user's
    /// erasure, which removes it.
    pub async fn put_inbox(&self, user: UserId, entry: &InboxEntry) -> Result<Delivered, StoreError> {
        let place = table::inbox_place(entry.created_at, entry.notification_id);
        let item = records::write(&InboxItem::new(user, &place, entry)?)?;
        let is_there =
            Condition::All(vec![Condition::Exists(table::PK.into()), Condition::Missing(table::ERASED_AT.into())]);
        let is_new = Condition::Missing(table::PK.into());
        let parts = vec![self.check_part(&Key::user(user), &is_there)?, self.put_part(item, Some(&is_new))?];
        for round in 1..=ROUNDS {
            match self.transact(parts.clone()).await? {
                Ok(()) => return Ok(Delivered::At(place)),
                Err(Cancelled::Part(0)) => return Ok(Delivered::NoUser),
                Err(Cancelled::Part(_)) => return Ok(Delivered::At(place)),
                Err(Cancelled::Conflict) => retry::pause(round, &self.random).await,
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()))
    }

    /// A page of a user's inbox, newest first. If `after` is given, only entries older than that place.
    pub async fn inbox(
        &self,
        user: UserId,
        after: Option<&str>,
        limit: usize,
        state: InboxState,
        now: Timestamp,
    ) -> Result<InboxPage, StoreError> {
        let mut page = InboxPage { last: after.map(str::to_owned), ..InboxPage::default() };
        // One more for `more`, and one for the place that the page begins after.
        let mut at_once = limit.saturating_add(2);
        let (mut looked_at, mut bytes) = (0, 0);
        loop {
            let begin = page.last.clone();
            let items = self.inbox_items(user, None, begin.as_deref(), false, at_once).await?;
            let is_last = items.len() < at_once;
            for item in items {
                let Some(place) = place_of(&item).filter(|place| begin.as_ref() != Some(place)) else { continue };
                looked_at += 1;
                if !is_expired(&item, now) {
                    let item: InboxItem = records::read(item)?;
                    let size = item.size();
                    let entry = item.into_entry()?;
                    if state.takes(&entry) {
                        page.more = page.entries.len() == limit || bytes > PAGE_BYTES;
                        if page.more {
                            return Ok(page);
                        }
                        bytes += size;
                        page.entries.push((place.clone(), entry));
                    }
                }
                page.last = Some(place);
            }
            page.more = !is_last;
            if is_last || looked_at >= LOOKED_AT {
                return Ok(page);
            }
            at_once = AT_ONCE;
        }
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

    /// At most `most` items of a user's inbox, from the place `low` to the place `high`, both included.
    pub(super) async fn inbox_items(
        &self,
        user: UserId,
        low: Option<&str>,
        high: Option<&str>,
        forward: bool,
        most: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let owner = table::user_owner(user);
        // A place begins with a digit.
        let bound = |place: Option<&str>, end: &str| format!("{}{}", table::INBOX_PREFIX, place.unwrap_or(end));
        let (low, high) = (bound(low, "0"), bound(high, "A"));
        let wanted =
            KeyRange { index: None, hash: (table::PK, owner.as_str()), sort: table::SK, low: &low, high: &high };
        self.query_range(wanted, forward, most).await
    }
}

/// An item's place in its inbox.
pub(super) fn place_of(item: &Item) -> Option<String> {
    item.get(table::SK)?.as_s().ok()?.strip_prefix(table::INBOX_PREFIX).map(str::to_owned)
}

impl InboxItem {
    fn new(user: UserId, place: &str, entry: &InboxEntry) -> Result<Self, StoreError> {
        let InboxEntry { notification_id, title, body, data, created_at, read_at, archived_at, kept_until } = entry;
        let Key { pk, sk } = Key::inbox(user, place);
        let data = (!data.is_empty()).then(|| serde_json::to_string(data)).transpose().map_err(malformed)?;
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

    /// The size of the entry's texts, in bytes.
    fn size(&self) -> usize {
        [self.title.as_deref(), Some(&self.body), self.data.as_deref()].into_iter().flatten().map(str::len).sum()
    }

    fn into_entry(self) -> Result<InboxEntry, StoreError> {
        let Self { pk: _, sk: _, notification_id, title, body, data, created_at, read_at, archived_at, expires_at } =
            self;
        let data = data.map(|data| serde_json::from_str(&data)).transpose().map_err(malformed)?;
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

fn malformed(_: serde_json::Error) -> StoreError {
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
            assert_eq!(place_of(&item), Some(place));
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
            assert_eq!(place_of(&stored::item(name)).as_deref(), Some(place));
            stored::is_written(name, &InboxItem::new(user, place, &entry).unwrap());
            stored::is_read_but_for(name, read, &[]);
        }
    }
}
