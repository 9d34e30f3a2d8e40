//! The id of a delivery: the notification's id, a full stop, and the channel type in contract 3's words. So it is known before there is
//! a delivery, it is always the same, and the delivery is found by it without a look-up.

use std::fmt;

use shared::domain::{Channel, ChannelType, NotificationId};

/// The id of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryId {
    pub notification: NotificationId,
    pub channel: Channel,
}

impl DeliveryId {
    /// Reads an id. `None` if no delivery can have it.
    pub fn parse(text: &str) -> Option<Self> {
        let (notification, channel) = text.split_once('.')?;
        match ChannelType::parse(channel)? {
            ChannelType::Of(channel) => Some(Self { notification: NotificationId::parse(notification)?, channel }),
            // No notification is sent there.
            ChannelType::WebPush => None,
        }
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.notification, ChannelType::Of(self.channel).as_str())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_no_other_text_is_one() {
        let notification = NotificationId::from(Uuid::from_u128(7));
        for channel in Channel::ALL {
            let id = DeliveryId { notification, channel };
            assert_eq!(DeliveryId::parse(&id.to_string()), Some(id));
        }
        let push = DeliveryId { notification, channel: Channel::Push }.to_string();
        assert_eq!(push, "00000000-0000-0000-0000-000000000007.mobile_push");
        for bad in ["", ".", "x.email", &notification.to_string(), &format!("{notification}.push"), &format!("{push}.")]
        {
            assert_eq!(DeliveryId::parse(bad), None, "{bad}");
        }
        assert_eq!(DeliveryId::parse(&format!("{notification}.web_push")), None);
    }
}
