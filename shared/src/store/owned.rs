//! The items that the indexes list.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::{
    Item, Store, StoreError,
    merged::RangeOf,
    reads::{BATCH_GET, KeyRange, PARALLEL, key, keyed, text},
    table::{self, Key},
    walk::{Found, Walk},
};
use crate::domain::{Channel, DeliveryStatus, NotificationId, UserId};

/// The number of entries whose items one call reads, and the number of calls that run at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtOnce {
    entries: usize,
    calls: usize,
    /// Whether a notification comes with its recipient and with what the recipient's inbox has of it.
    with_recipients: bool,
    /// Whether the items may be a moment old, as the index is. Then they cost half.
    lately: bool,
}

/// Whether an entry is wanted, by its own items. What is not wanted is not shown, and costs no read of a recipient.
pub(super) type Wanted = Arc<dyn Fn(&[Item]) -> bool + Send + Sync>;

impl AtOnce {
    /// Small items.
    pub const SMALL: Self = Self { entries: BATCH_GET, calls: PARALLEL, with_recipients: false, lately: false };
    /// Items of any size: so many of the largest ones fit into a function's memory.
    pub const LARGE: Self = Self { calls: 2, ..Self::SMALL };
    /// Notifications, each with its deliveries.
    pub const NOTIFICATIONS: Self = Self { entries: BATCH_GET / (1 + Channel::ALL.len()), ..Self::SMALL };
    /// The same, a moment old, each with its recipient too, for one more call.
    pub const WITH_RECIPIENTS: Self = Self { with_recipients: true, lately: true, ..Self::NOTIFICATIONS };
}

impl Store {
    /// The items of the index's entries, by sort key. A notification comes with its deliveries. The first call to the index asks
    /// for `limit` entries and for some more. These are not read together with the first `limit` ones, because a page that has
    /// enough items only needs to know that they exist.
    pub(super) fn bundles(&self, range: KeyRange, limit: usize, at_once: AtOnce) -> Walk<'_, Vec<Item>> {
        // One more tells whether there are more, and one is the place at which the range begins.
        self.bundle_pages(self.walk_pages(range, limit.saturating_add(2), entry), limit, at_once, None)
    }

    /// The same for entries of several partitions of the index, each of which is first asked for its own number of entries.
    pub(super) fn merged_bundles(&self, ranges: Vec<RangeOf>, limit: usize, at_once: AtOnce) -> Walk<'_, Vec<Item>> {
        self.bundle_pages(self.entries(ranges, limit), limit, at_once, None)
    }

    /// The entries of several partitions of the index, in one order.
    pub(super) fn entries(
        &self,
        ranges: Vec<RangeOf>,
        limit: usize,
    ) -> impl Stream<Item = Result<Vec<Found<Key>>, StoreError>> + Send {
        self.merged_pages(ranges, limit.saturating_add(1), entry)
    }

    /// The items of entries that were found otherwise, only what is wanted.
    pub(super) fn bundle_pages<'a>(
        &'a self,
        entries: impl Stream<Item = Result<Vec<Found<Key>>, StoreError>> + Send + 'a,
        limit: usize,
        at_once: AtOnce,
        wanted: Option<Wanted>,
    ) -> Walk<'a, Vec<Item>> {
        let mut together = limit;
        let bundles = entries.map_ok(move |mut page| {
            let others = page.split_off(page.len().min(together));
            // What follows a full page was not enough, and is read as it comes.
            together = together.checked_sub(page.len()).filter(|left| *left > 0).unwrap_or(usize::MAX);
            if let Some(last) = page.last_mut() {
                last.is_followed |= !others.is_empty();
            }
            self.bundle_all(page, at_once, &wanted).chain(self.bundle_all(others, at_once, &wanted))
        });
        bundles.try_flatten().boxed()
    }

    fn bundle_all(
        &self,
        entries: Vec<Found<Key>>,
        at_once: AtOnce,
        wanted: &Option<Wanted>,
    ) -> impl Stream<Item = Result<Found<Vec<Item>>, StoreError>> + Send + use<'_> {
        let chunks = entries.chunks(at_once.entries);
        let calls: Vec<_> = chunks.map(|chunk| self.bundle(chunk.to_vec(), at_once, wanted.clone())).collect();
        let read = stream::iter(calls).buffered(at_once.calls);
        read.map_ok(|bundles| stream::iter(bundles.into_iter().map(Ok))).try_flatten()
    }

    async fn bundle(
        &self,
        entries: Vec<Found<Key>>,
        at_once: AtOnce,
        wanted: Option<Wanted>,
    ) -> Result<Vec<Found<Vec<Item>>>, StoreError> {
        let keys = once(entries.iter().filter_map(|entry| entry.item.as_ref()).flat_map(belongings));
        let mut bundles = HashMap::<_, Vec<_>>::new();
        let items = if at_once.lately { self.batch_get_lately(keys).await? } else { self.batch_get(keys).await? };
        for item in items {
            bundles.entry(key(&item).map(|key| head(&key))).or_default().push(item);
        }
        if let Some(wanted) = wanted {
            bundles.retain(|_, items| wanted(items));
        }
        if at_once.with_recipients {
            self.add_recipients(bundles.values_mut(), at_once.lately).await?;
        }
        let mut bundle = |key: Key| {
            let mut items = bundles.remove(&Some(head(&key))).unwrap_or_default();
            items.sort_by(|one, other| text(one, table::SK).cmp(&text(other, table::SK)));
            Ok((!items.is_empty()).then_some(items))
        };
        entries.into_iter().map(|entry| entry.read(&mut bundle)).collect()
    }

    /// Adds to the items of each notification its recipient, and the entry that it has in the recipient's inbox. Costs one call for all
    /// of them.
    pub(super) async fn add_recipients<'a>(
        &self,
        bundles: impl Iterator<Item = &'a mut Vec<Item>>,
        lately: bool,
    ) -> Result<(), StoreError> {
        let bundles: Vec<_> = bundles.map(|items| (recipient_keys(items), items)).collect();
        let keys: HashSet<_> = bundles.iter().flat_map(|(keys, _)| keys).cloned().collect();
        let found = if lately { self.batch_get_lately(keys).await? } else { self.batch_get(keys).await? };
        let found: HashMap<_, _> = keyed(found).collect();
        for (keys, items) in bundles {
            items.extend(keys.iter().filter_map(|key| found.get(key).cloned()));
        }
        Ok(())
    }
}

/// Each key once: DynamoDB refuses a `BatchGetItem` that names one twice
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>). An entry can be listed twice while it moves.
pub(super) fn once(keys: impl Iterator<Item = Key>) -> Vec<Key> {
    let mut seen = HashSet::new();
    keys.filter(|key| seen.insert(key.clone())).collect()
}

/// The keys of a notification's recipient, and of its entry in the recipient's inbox if it was delivered there.
fn recipient_keys(items: &[Item]) -> Vec<Key> {
    let of = |sk: &Key| items.iter().find(|item| text(item, table::SK) == Some(sk.sk.as_str()));
    let Some(id) = items.iter().find_map(|item| notification_of(text(item, table::PK)?)) else { return Vec::new() };
    let Some(head) = of(&Key::notification(id)) else { return Vec::new() };
    let Some(user) = text(head, "user_id").and_then(UserId::parse) else { return Vec::new() };
    let is_in_inbox = of(&Key::delivery(id, Channel::InApp))
        .is_some_and(|delivery| text(delivery, "status") == Some(DeliveryStatus::Sent.as_str()));
    // An entry's place in the inbox is its notification's place in the index.
    let place = text(head, table::AT).filter(|_| is_in_inbox);
    [Key::user(user)].into_iter().chain(place.map(|place| Key::inbox(user, place))).collect()
}

fn entry(item: Item) -> Result<Key, StoreError> {
    key(&item).ok_or_else(|| StoreError::Malformed("an entry of the index without a key".into()))
}

/// The keys of an entry's items. The deliveries of a notification come before the notification, and a subscription before its user.
pub(super) fn belongings(entry: &Key) -> Vec<Key> {
    match notification_of(&entry.pk) {
        None => match subscriber(entry) {
            Some(user) => vec![entry.clone(), user],
            None => vec![entry.clone()],
        },
        Some(id) => {
            let deliveries = Channel::ALL.into_iter().map(|channel| Key::delivery(id, channel));
            deliveries.chain([Key::notification(id)]).collect()
        }
    }
}

/// The key that is the same for all items of one entry.
fn head(key: &Key) -> Key {
    let head = notification_of(&key.pk).map(Key::notification).or_else(|| subscriber(key));
    head.unwrap_or_else(|| key.clone())
}

/// The key of the user whose subscription this is. One list has one topic's subscriptions, so no two of its entries have the same user.
fn subscriber(key: &Key) -> Option<Key> {
    let is_subscription = key.sk.starts_with(table::SUBSCRIPTION_PREFIX);
    table::user_of_owner(&key.pk).filter(|_| is_subscription).map(Key::user)
}

pub(super) fn notification_of(pk: &str) -> Option<NotificationId> {
    pk.strip_prefix("NOTIFICATION#").and_then(NotificationId::parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Timestamp, TopicId, UserId},
        store::string,
    };

    #[test]
    fn an_entry_stands_for_itself_and_a_notification_for_its_deliveries_too() {
        let id = NotificationId::random();
        let all = belongings(&Key::notification(id));
        assert_eq!((all.len(), all.last()), (1 + Channel::ALL.len(), Some(&Key::notification(id))));
        assert!(all.iter().all(|key| head(key) == Key::notification(id)));
        let letter = Key::dead_letter("x");
        assert_eq!((belongings(&letter), head(&letter)), (vec![letter.clone()], letter));
        assert!(AtOnce::NOTIFICATIONS.entries * all.len() <= BATCH_GET);
        let user = UserId::random();
        let subscription = Key::subscription(user, &TopicId::parse("news").unwrap());
        assert_eq!(belongings(&subscription), [subscription.clone(), Key::user(user)]);
        assert_eq!((head(&subscription), head(&Key::user(user))), (Key::user(user), Key::user(user)));
    }

    #[test]
    fn a_key_of_two_entries_is_asked_for_once() {
        let (user, news) = (UserId::random(), TopicId::parse("news").unwrap());
        let entry = Key::subscription(user, &news);
        let keys = once([&entry, &entry].into_iter().flat_map(belongings));
        assert_eq!(keys, [entry, Key::user(user)]);
    }

    #[test]
    fn a_recipient_is_read_and_the_inbox_only_if_the_notification_is_there() {
        let (id, user) = (NotificationId::random(), UserId::random());
        let at = table::notification_at(id, Timestamp::EPOCH);
        let item = |key: Key, more: &[(&str, &str)]| {
            let more = more.iter().map(|(name, value)| ((*name).to_owned(), string(*value)));
            key.attributes().into_iter().chain(more).collect::<Item>()
        };
        let head = item(Key::notification(id), &[("user_id", &user.to_string()), ("at", &at)]);
        let delivery = |channel, status| item(Key::delivery(id, channel), &[("status", status)]);
        let alone = vec![Key::user(user)];
        for (deliveries, keys) in [
            (vec![], alone.clone()),
            (vec![delivery(Channel::Email, "sent"), delivery(Channel::InApp, "skipped")], alone),
            (vec![delivery(Channel::InApp, "sent")], vec![Key::user(user), Key::inbox(user, &at)]),
        ] {
            assert_eq!(recipient_keys(&[deliveries, vec![head.clone()]].concat()), keys);
        }
        assert_eq!(recipient_keys(&[delivery(Channel::InApp, "sent")]), [], "what is left of an erased one");
        assert_eq!(at, table::inbox_place(Timestamp::EPOCH, id));
    }
}
