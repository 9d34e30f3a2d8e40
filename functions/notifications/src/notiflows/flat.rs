//! The deliveries of a list of notifications, as one list. A delivery's place is its notification's place, `#` and its channel.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use shared::{
    domain::Channel,
    store::{Found, ListedNotification, PageStart, StoreError, Walk, is_notification_place},
};

use super::view::channels;

/// A delivery of a list.
#[derive(Clone, Debug)]
pub struct ListedDelivery {
    pub listed: Arc<ListedNotification>,
    pub channel: Channel,
}

/// Whether this is a place in a list of deliveries.
pub fn is_delivery_place(text: &str) -> bool {
    split(text).is_some()
}

/// The place of the notification, and the channel.
pub fn split(place: &str) -> Option<(&str, Channel)> {
    let (place, channel) = place.rsplit_once('#')?;
    Some((place, Channel::parse(channel)?)).filter(|_| is_notification_place(place))
}

/// The place of a delivery.
pub fn place_of(notification: &str, channel: Channel) -> String {
    format!("{notification}#{channel}")
}

/// The start of the list of notifications that has a delivery at or after `start`.
pub fn start_of(start: Option<&PageStart>) -> Option<PageStart> {
    let of = |place: &String| split(place).map_or_else(|| place.clone(), |(place, _)| place.to_owned());
    start.map(|start| match start {
        PageStart::After(place) => PageStart::After(of(place)),
        PageStart::Before(place) => PageStart::Before(of(place)),
    })
}

/// The deliveries of these notifications from `start` on. The list of notifications begins with the one whose delivery is there.
pub fn deliveries<'a>(
    notifications: Walk<'a, ListedNotification>,
    start: Option<&PageStart>,
) -> Walk<'a, ListedDelivery> {
    let (is_backward, from) = match start {
        None => (false, None),
        Some(PageStart::After(place)) => (false, Some(place.clone())),
        Some(PageStart::Before(place)) => (true, Some(place.clone())),
    };
    let from = from.and_then(|place| split(&place).map(|(place, channel)| (place.to_owned(), channel)));
    let flat = notifications.map_ok(move |found| {
        let after = from.as_ref().filter(|(place, _)| *place == found.place).map(|(_, channel)| *channel);
        stream::iter(of_one(found, is_backward, after).into_iter().map(Ok::<_, StoreError>))
    });
    flat.try_flatten().boxed()
}

/// The deliveries of one notification, without those up to `after`.
fn of_one(found: Found<ListedNotification>, is_backward: bool, after: Option<Channel>) -> Vec<Found<ListedDelivery>> {
    let Found { place, item, is_followed } = found;
    let mut order = Channel::ALL.to_vec();
    if is_backward {
        order.reverse();
    }
    let Some(listed) = item.map(Arc::new) else {
        // It has no delivery to be shown, and the next page begins after all that it might have.
        let last = order.last().map(|channel| place_of(&place, *channel));
        return last.map(|place| Found { place, item: None, is_followed }).into_iter().collect();
    };
    let rest = order.iter().position(|channel| Some(*channel) == after).map_or(0, |at| at + 1);
    let has: Vec<_> = channels(&listed).collect();
    let rest: Vec<_> = order.into_iter().skip(rest).filter(|channel| has.contains(channel)).collect();
    let last = rest.last().copied();
    let found = |channel| Found {
        place: place_of(&place, channel),
        item: Some(ListedDelivery { listed: listed.clone(), channel }),
        is_followed: is_followed || Some(channel) != last,
    };
    rest.into_iter().map(found).collect()
}

#[cfg(test)]
mod tests {
    use shared::domain::{Content, Notification, NotificationId, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn place(n: u128) -> String {
        format!("{}#{}", Timestamp::EPOCH, NotificationId::from(Uuid::from_u128(n)))
    }

    fn notification(n: u128, channels: &[Channel]) -> Found<ListedNotification> {
        let id = Uuid::from_u128(n);
        let notification =
            Notification::new(id.into(), id.into(), channels.to_vec(), Content::emptied(), Timestamp::EPOCH);
        let item = ListedNotification {
            notification,
            deliveries: Vec::new(),
            recipient: None,
            actor: None,
            inbox_entry: None,
        };
        Found { place: place(n), item: Some(item), is_followed: false }
    }

    async fn places(notifications: Vec<Found<ListedNotification>>, start: Option<PageStart>) -> Vec<String> {
        let walk = stream::iter(notifications.into_iter().map(Ok)).boxed();
        deliveries(walk, start.as_ref()).map(|found| found.unwrap().place).collect().await
    }

    #[tokio::test]
    async fn deliveries_come_in_one_order_and_a_page_goes_on_within_a_notification() {
        use Channel::{Email, InApp, Push};
        let all = || vec![notification(1, &[InApp, Email, Push]), notification(2, &[Email])];
        let [one, two] = [1, 2].map(place);
        let whole = [place_of(&one, Email), place_of(&one, Push), place_of(&one, InApp), place_of(&two, Email)];
        assert_eq!(places(all(), None).await, whole);
        for (n, place) in whole.iter().enumerate().take(3) {
            assert_eq!(places(all(), Some(PageStart::After(place.clone()))).await, whole[n + 1..]);
        }
        let back = || vec![notification(2, &[Email]), notification(1, &[Email, Push, InApp])];
        let reversed: Vec<_> = whole[..3].iter().rev().cloned().collect();
        assert_eq!(places(back(), Some(PageStart::Before(whole[3].clone()))).await, reversed);
        let hidden = Found { item: None, ..notification(1, &[]) };
        assert_eq!(places(vec![hidden], None).await, [place_of(&one, InApp)]);
    }

    #[test]
    fn a_place_of_another_list_is_none_of_this_one() {
        let one = place_of(&place(1), Channel::Push);
        assert_eq!(split(&one), Some((place(1).as_str(), Channel::Push)));
        assert!(is_delivery_place(&one) && !is_notification_place(&one));
        for bad in [place(1), format!("{}#fax", place(1)), "x#email".to_owned(), String::new()] {
            assert!(!is_delivery_place(&bad), "{bad}");
        }
        assert_eq!(start_of(Some(&PageStart::Before(one))), Some(PageStart::Before(place(1))));
    }
}
