//! Which notifications and deliveries a list shows.

use shared::{
    domain::Channel,
    store::{ListedNotification, NotificationFilter as StoreFilter},
};

use super::{
    origin::Origin,
    status::{DeliveryStatus, NotificationStatus},
    view::{channel_id, channels, looked_at},
};

/// The notifications that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    pub status: Option<NotificationStatus>,
    pub topic: Option<String>,
}

/// The deliveries that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub status: Option<DeliveryStatus>,
    pub topic: Option<String>,
    pub channel_id: Option<String>,
}

impl NotificationFilter {
    /// The filter by which the store leaves out notifications; `None` if it takes each.
    pub fn for_store(self) -> Option<StoreFilter> {
        if self.is_empty() { None } else { Some(Box::new(move |listed| self.takes(listed))) }
    }

    /// Whether it takes each notification.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it takes this notification.
    pub fn takes(&self, listed: &ListedNotification) -> bool {
        let status = NotificationStatus::of(&listed.notification, &listed.deliveries);
        self.status.is_none_or(|wanted| wanted == status) && is_of(listed, self.topic.as_deref())
    }
}

impl DeliveryFilter {
    /// The filter by which the store leaves out notifications: those of which it takes no delivery. `None` if it takes each.
    pub fn for_store(self) -> Option<StoreFilter> {
        if self.is_empty() {
            return None;
        }
        Some(Box::new(move |listed| channels(listed).any(|channel| self.takes(listed, channel))))
    }

    /// Whether it takes each delivery.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it takes the delivery on this channel.
    pub fn takes(&self, listed: &ListedNotification, channel: Channel) -> bool {
        let delivery = looked_at(listed, channel);
        let status = delivery.map_or(DeliveryStatus::Pending, |delivery| delivery.status.into());
        self.status.is_none_or(|wanted| wanted == status)
            && is_of(listed, self.topic.as_deref())
            && self.channel_id.as_deref().is_none_or(|wanted| delivery.and_then(channel_id) == Some(wanted))
    }
}

fn is_of(listed: &ListedNotification, topic: Option<&str>) -> bool {
    topic.is_none_or(|wanted| Origin::from(&listed.notification).topic == Some(wanted))
}

#[cfg(test)]
mod tests {
    use shared::domain::{
        AddressOutcome, AddressState, Content, Delivery, DeliveryStatus as Ours, Notification, Timestamp,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_filter_takes_its_own() {
        let id = Uuid::from_u128(1);
        let channels = vec![Channel::Email, Channel::Sms];
        let notification = Notification::new(id.into(), id.into(), channels, Content::emptied(), Timestamp::EPOCH);
        let outcome = |channel: &str, state| {
            let address = AddressOutcome { channel_id: channel.into(), state, provider_message_id: None };
            (channel.to_owned(), address)
        };
        let addresses = [outcome("first", AddressState::Gone), outcome("second", AddressState::Sent)].into();
        let sent = Delivery { status: Ours::Sent, addresses, ..Delivery::queued(Channel::Email, Timestamp::EPOCH) };
        let listed = ListedNotification {
            notification,
            deliveries: vec![sent],
            recipient: None,
            actor: None,
            inbox_entry: None,
        };
        let deliveries = |filter: DeliveryFilter| [Channel::Email, Channel::Sms].map(|one| filter.takes(&listed, one));
        let (all, none) = (DeliveryFilter::default(), NotificationFilter::default());
        assert!(all.is_empty() && none.is_empty() && none.takes(&listed));
        assert_eq!(deliveries(all.clone()), [true, true]);
        for (status, taken) in [
            (DeliveryStatus::Sent, [true, false]),
            (DeliveryStatus::Pending, [false, true]),
            (DeliveryStatus::Failed, [false, false]),
        ] {
            assert_eq!(deliveries(DeliveryFilter { status: Some(status), ..all.clone() }), taken, "{status:?}");
        }
        for (channel, taken) in [("second", [true, false]), ("first", [false, false])] {
            assert_eq!(deliveries(DeliveryFilter { channel_id: Some(channel.into()), ..all.clone() }), taken);
        }
        for (status, taken) in [(DeliveryStatus::Pending, true), (DeliveryStatus::Failed, false)] {
            let filter = DeliveryFilter { status: Some(status), ..all.clone() };
            assert_eq!(filter.for_store().unwrap()(&listed), taken, "one delivery is enough: {status:?}");
        }
        assert!(all.clone().for_store().is_none() && none.for_store().is_none());
        assert_eq!(deliveries(DeliveryFilter { topic: Some("news".into()), ..all }), [false, false]);
        let by_status = |status| NotificationFilter { status: Some(status), topic: None }.takes(&listed);
        assert!(by_status(NotificationStatus::Processing) && !by_status(NotificationStatus::Pending));
        assert!(!NotificationFilter { topic: Some("news".into()), ..NotificationFilter::default() }.takes(&listed));
    }
}
