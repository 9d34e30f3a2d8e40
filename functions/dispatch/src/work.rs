//! One message that could be read, and what it tells without a look at the table.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    domain::{Channel, Notification, NotificationId, Timestamp, UserId},
    queue::Message,
};

/// The first message of a delivery is sent at most this long after its notification was accepted.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A message that could be read.
pub struct Work {
    pub record: SqsMessage,
    /// How often the message has been received, this time included.
    pub receive: u32,
    /// When it was sent.
    pub sent: Option<Timestamp>,
    pub notification_id: NotificationId,
    pub user_id: UserId,
    pub channel: Channel,
}

impl Work {
    pub fn new(record: SqsMessage, message: Message) -> Self {
        let Message::Deliver { notification_id, user_id, channel } = message;
        let attribute = |name: &str| record.attributes.get(name).and_then(|text| text.parse::<i64>().ok());
        let receive = attribute("ApproximateReceiveCount").and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
        let sent = attribute("SentTimestamp").map(Timestamp::from_millis);
        Self { record, receive, sent, notification_id, user_id, channel }
    }

    /// Whether the delivery has no record yet, as far as the message tells: a message of a held, redriven or repeated
    /// delivery is sent anew, later. A wrong guess costs one call and does no harm.
    pub fn is_first(&self, notification: &Notification) -> bool {
        self.receive == 1
            && self.sent.is_none_or(|sent| sent.saturating_duration_since(notification.created_at) <= AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use shared::{domain::Content, random::Randomness};

    use super::*;

    fn is_first(attributes: &[(&str, &str)]) -> bool {
        let (id, user, at) =
            (Randomness::seeded(1).uuid().into(), UserId::from_bytes([1; 16]), Timestamp::from_millis(100_000));
        let notification = Notification::new(id, user, vec![Channel::Push], Content::emptied(), at);
        let Notification { id: notification_id, user_id, .. } = notification;
        let message = Message::Deliver { notification_id, user_id, channel: Channel::Push };
        let mut record = SqsMessage::default();
        record.attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Work::new(record, message).is_first(&notification)
    }

    #[test]
    fn a_message_is_its_delivery_s_first_unless_it_came_before_or_was_sent_later() {
        let (once, twice) = (("ApproximateReceiveCount", "1"), ("ApproximateReceiveCount", "2"));
        let sent = |at| ("SentTimestamp", at);
        assert!(is_first(&[once, sent("100900")]));
        assert!(is_first(&[once, sent("99000")]), "clocks differ");
        assert!(is_first(&[]), "by hand");
        assert!(!is_first(&[twice, sent("100900")]));
        assert!(!is_first(&[once, sent("102001")]), "held, and sent anew");
    }
}
