//! Lists of notifications, all or a user's, by the time of acceptance: each with its deliveries, its recipient, and what the
//! recipient's inbox has of it. All notifications stand in many parts of an index, so that no rate of sending fills one of them.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, future::try_join_all};

use super::{
    Item, Key, Store, StoreError, inbox,
    owned::{AtOnce, Wanted, notification_of},
    parts,
    reads::{KeyRange, key, text},
    recent::{self, Within},
    records,
    sent::{DeliveryItem, NotificationItem},
    table,
    time_list::PageStart,
    user_list::present_user,
    walk::Walk,
};
use crate::domain::{Delivery, InboxEntry, Notification, NotificationId, Timestamp, User, UserId};

/// The page of notifications that a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListNotifications {
    /// Only this user's.
    pub of: Option<UserId>,
    /// The number of notifications that the first call asks for.
    pub limit: usize,
    /// The place at which the page begins. `None` begins at the newest notification.
    pub start: Option<PageStart>,
    /// Whether the notification at that place is in the page, too.
    pub is_inclusive: bool,
    /// Only notifications accepted later than this.
    pub created_after: Option<Timestamp>,
    /// Only notifications accepted earlier than this.
    pub created_before: Option<Timestamp>,
}

/// A notification as a list has it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedNotification {
    /// The notification.
    pub notification: Notification,
    /// The deliveries that a worker has looked at.
    pub deliveries: Vec<Delivery>,
    /// The recipient. `None` if there is no such user, or the user was erased.
    pub recipient: Option<User>,
    /// The user whose doing it tells of. A list has none: whoever reads a notification's run finds out.
    pub actor: Option<User>,
    /// The entry in the recipient's inbox, if the notification was delivered there and the entry is still there.
    pub inbox_entry: Option<InboxEntry>,
}

/// Whether a list shows a notification, by the notification and its deliveries: neither its recipient nor the inbox is known yet.
pub type NotificationFilter = Box<dyn Fn(&ListedNotification) -> bool + Send + Sync>;

impl Store {
    /// Notifications, the newest first. With [`PageStart::Before`] they are read in the other direction: away from that place, so
    /// the oldest first. A change of the table reaches the index a moment later, so a new notification may be missing. All
    /// notifications that are older than the list of all are only in the lists of their users. All of it may be a moment old.
    ///
    /// Only what `filter` takes is shown; it is asked before the recipients and the inboxes are read.
    pub fn list_notifications(
        &self,
        wanted: &ListNotifications,
        filter: Option<NotificationFilter>,
    ) -> Walk<'_, ListedNotification> {
        // One more tells whether there are more, and one is the place at which the page begins.
        let most = wanted.limit.saturating_add(2);
        let first = if wanted.of.is_some() { most } else { parts::share_among(most, table::RECENT_PARTS) };
        // What stands among a run's recipients is found by the entry of the run.
        let within = Within::of(wanted.start.as_ref(), wanted.is_inclusive).filter(|_| wanted.of.is_none());
        let is_inclusive = wanted.is_inclusive || within.is_some();
        let directed = |range: KeyRange| {
            let (range, place) = match &wanted.start {
                None => return range.backward(),
                Some(PageStart::After(place)) => (range.backward(), place),
                Some(PageStart::Before(place)) => (range, place),
            };
            let place = if within.is_some() { recent::entry_of(place) } else { place };
            if is_inclusive { range.starting_at(place) } else { range.after(Some(place)) }
        };
        let ranges: Vec<_> = ranges(wanted).into_iter().map(|range| (directed(range), first)).collect();
        let takes = filter.map(|filter| -> Wanted { Arc::new(move |items| takes(items, &filter)) });
        let is_forward = matches!(wanted.start, Some(PageStart::Before(_)));
        let entries = self.entries(ranges, wanted.limit);
        let entries = self.each_notification(entries, within, is_forward);
        let found = self.bundle_pages(entries, wanted.limit, AtOnce::WITH_RECIPIENTS, takes);
        found.map(|found| found?.read(listed)).boxed()
    }

    /// Whether there are notifications on the other side of the place where the list begins, or at it. Mostly the notification at
    /// the place is still there, which one small read tells; else all parts are asked.
    pub async fn notifications_behind(&self, wanted: &ListNotifications) -> Result<bool, StoreError> {
        let (place, is_forward) = match &wanted.start {
            None => return Ok(false),
            Some(PageStart::After(place)) => (place, true),
            Some(PageStart::Before(place)) => (place, false),
        };
        let place = if wanted.of.is_some() { place } else { recent::entry_of(place) };
        let own = recent::part_of(place);
        let (near, others): (Vec<_>, Vec<_>) = ranges(wanted)
            .into_iter()
            .partition(|range| wanted.of.is_some() || own.as_deref() == Some(range.partition()));
        for ranges in [near, others] {
            let first = ranges.into_iter().map(async |range| {
                let range = if is_forward { range } else { range.backward() }.starting_at(place);
                self.walk(range, 1, Ok).try_next().await
            });
            if try_join_all(first).await?.iter().any(Option::is_some) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One notification, as the lists have it, strongly consistent.
    pub async fn listed_notification(&self, id: NotificationId) -> Result<Option<ListedNotification>, StoreError> {
        let mut items = self.partition(&table::notification_pk(id)).await?;
        self.add_recipients([&mut items].into_iter(), false).await?;
        listed(items)
    }
}

/// The ranges in which the wanted notifications stand, oldest first. A place begins with a digit, that of anything else that is a
/// user's with a letter. It is a time, `#` and an id: `$` is the character after it.
fn ranges(wanted: &ListNotifications) -> Vec<KeyRange> {
    let low = wanted.created_after.map_or_else(|| "0".to_owned(), |time| format!("{time}$"));
    let high = wanted.created_before.map_or_else(|| "A".to_owned(), |time| format!("{time}#"));
    let ranges = match wanted.of {
        Some(user) => vec![KeyRange::timeline(table::user_owner(user))],
        None => table::recent_parts().map(KeyRange::recent).collect(),
    };
    ranges.into_iter().map(|range| range.between(low.clone(), high.clone())).collect()
}

/// Whether the filter takes what these items are. What cannot be read is taken: whoever reads it then finds out why.
fn takes(items: &[Item], filter: &NotificationFilter) -> bool {
    listed(items.to_vec()).map_or(true, |listed| listed.is_some_and(|listed| filter(&listed)))
}

/// Reads the items of a notification. `None` if it is gone, and only others' items are left.
fn listed(items: Vec<Item>) -> Result<Option<ListedNotification>, StoreError> {
    let (mut notification, mut deliveries, mut recipient, mut inbox_entry) = (None, Vec::new(), None, None);
    for item in items {
        let sk = text(&item, table::SK).unwrap_or_default();
        let is_notification =
            key(&item).is_some_and(|key| notification_of(&key.pk).map(Key::notification) == Some(key));
        if is_notification {
            notification = Some(records::read::<NotificationItem>(item)?.into_notification()?);
        } else if sk.starts_with(table::DELIVERY_PREFIX) {
            deliveries.push(records::read::<DeliveryItem>(item)?.into());
        } else if sk.starts_with(table::INBOX_PREFIX) {
            inbox_entry = Some(inbox::entry(item)?);
        } else {
            recipient = present_user(item);
        }
    }
    Ok(notification.map(|notification| ListedNotification {
        notification,
        deliveries,
        recipient,
        actor: None,
        inbox_entry,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(of: Option<UserId>) -> ListNotifications {
        ListNotifications { of, limit: 25, start: None, is_inclusive: false, created_after: None, created_before: None }
    }

    #[test]
    fn all_stand_in_many_parts_and_a_user_s_in_one() {
        let all = ranges(&wanted(None));
        assert_eq!(all.len(), table::RECENT_PARTS);
        let id = NotificationId::random();
        assert_eq!(all.iter().filter(|range| range.partition() == table::recent_part(id)).count(), 1);
        let user = UserId::random();
        let own = ranges(&wanted(Some(user)));
        assert_eq!(own.iter().map(KeyRange::partition).collect::<Vec<_>>(), [table::user_owner(user)]);
    }
}
