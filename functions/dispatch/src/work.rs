//! One message that could be read, and what it tells without a look at the table.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    domain::{Channel, Notification, NotificationId, Timestamp, UserId, dead_letter::About, rate::Instant},
    queue::{Attributes, Message, Queue, Turn},
};

use crate::{
    App,
    verdict::{Kept, Verdict, come_back},
};

/// The first message of a delivery is sent at most this long after its notification was accepted.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A message that was received this often is a suspect: its workers may have died of it.
const SUSPECT: u32 = 3;

/// A message that could be read.
pub struct Work {
    pub record: SqsMessage,
    /// How often it has been received, this time included, and also earlier messages that were sent anew for their turn.
    pub receive: u32,
    /// When it was sent.
    pub sent: Option<Timestamp>,
    /// When its work was due, as [`due`] tells.
    pub due: Option<Timestamp>,
    pub notification_id: NotificationId,
    pub user_id: UserId,
    pub channel: Channel,
    /// Whether it was put off: who sends a message anew says when its work was due.
    is_put_off: bool,
    /// Its turn, if it waits for its provider's rate.
    pub turn: Option<Turn>,
    /// Whether an earlier worker may have put it into the inbox without a lease ([`crate::inboxes`]).
    pub is_in_doubt: bool,
}

/// What a message's own attributes say.
pub fn attributes(record: &SqsMessage) -> Attributes {
    Attributes::read(|name| record.message_attributes.get(name)?.string_value.as_deref())
}

/// A number that SQS says about a message.
fn system_attribute(record: &SqsMessage, name: &str) -> Option<i64> {
    record.attributes.get(name).and_then(|text| text.parse().ok())
}

/// When SQS took the message.
fn sent(record: &SqsMessage) -> Option<Timestamp> {
    system_attribute(record, "SentTimestamp").map(Timestamp::from_millis)
}

/// When the message's work was due. A message that does not say it was due when it was sent.
pub fn due(record: &SqsMessage) -> Option<Timestamp> {
    attributes(record).due.or(sent(record))
}

/// Whether a message that was received this often is worked on alone.
fn is_suspect(receive: u32) -> bool {
    receive >= SUSPECT
}

/// Whether the message of a page of a run is worked on alone.
pub fn is_suspect_page(record: &SqsMessage) -> bool {
    is_suspect(receives(record))
}

/// How often SQS has given out the message, this time included.
fn receives(record: &SqsMessage) -> u32 {
    system_attribute(record, "ApproximateReceiveCount").and_then(|count| u32::try_from(count).ok()).unwrap_or(1)
}

impl Work {
    pub fn new(record: SqsMessage, about: About) -> Self {
        let About { notification_id, user_id, channel } = about;
        let (sent, due) = (sent(&record), due(&record));
        // `given_up` is for the function that records dead letters.
        let Attributes { due: own_due, turn, receives: before, is_given_up: _, is_in_doubt } = attributes(&record);
        let is_put_off = own_due.is_some();
        let receive = receives(&record).saturating_add(before);
        let is_in_doubt = channel == Channel::InApp && (is_in_doubt || receive > 1);
        Self { record, receive, sent, due, is_put_off, notification_id, user_id, channel, turn, is_in_doubt }
    }

    /// Whether the message is worked on alone, so that it takes no other one with it if its worker dies. A message that is
    /// sent anew for a pause begins to count anew: then a worker has lived to send it. One that is sent anew for its turn goes on
    /// counting: nobody has tried yet what workers may die of.
    pub fn is_suspect(&self) -> bool {
        is_suspect(self.receive)
    }

    /// What it says.
    pub fn message(&self) -> Message {
        let Self { notification_id, user_id, channel, .. } = *self;
        Message::Deliver { notification_id, user_id, channel }
    }

    /// Its place in the line for its provider's rate, if it has one. Slots that it had may be used already, so only their time
    /// counts.
    fn place(&self) -> Option<Instant> {
        match self.turn.as_ref()? {
            Turn::Place(place) => Some(*place),
            Turn::Slots(slots) => slots.values().map(|slots| slots.first).max(),
        }
    }

    /// Does with the message what the verdict says. Returns its id if SQS must keep it.
    pub async fn come_back(&self, app: &App, is_in_doubt: bool, verdict: Verdict) -> Option<String> {
        let kept = Kept { place: self.place(), is_in_doubt };
        come_back(self.source(app), &self.record, kept, verdict).await
    }

    /// The queue that the message came from.
    fn source<'a>(&self, app: &'a App) -> &'a Queue {
        app.queue.source(self.record.event_source_arn.as_deref())
    }

    /// Whether the delivery has no record yet, as far as the message tells: a message of a held, redriven or repeated
    /// delivery is sent anew, later. Those of a run are sent when their page is expanded, which may be seconds or hours after the run was
    /// accepted. A wrong guess costs one call and does no harm.
    pub fn is_first(&self, notification: &Notification) -> bool {
        let is_at_once =
            || self.sent.is_none_or(|sent| sent.saturating_duration_since(notification.created_at) <= AT_ONCE);
        let is_of_page = || notification.run.is_some() && !self.is_put_off;
        self.receive == 1 && !self.is_in_doubt && (is_at_once() || is_of_page())
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::sqs::SqsMessageAttribute;
    use shared::{domain::Content, random::Randomness};

    use super::*;

    fn work(attributes: &[(&str, &str)], own: &[(&str, &str)]) -> (Work, Notification) {
        let (id, user, at) =
            (Randomness::seeded(1).uuid().into(), UserId::from_bytes([1; 16]), Timestamp::from_millis(100_000));
        let notification = Notification::new(id, user, vec![Channel::Push], Content::emptied(), at);
        let Notification { id: notification_id, user_id, .. } = notification;
        let about = About { notification_id, user_id, channel: Channel::Push };
        let mut record = SqsMessage::default();
        record.attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        for (name, value) in own {
            let mut attribute = SqsMessageAttribute::default();
            attribute.string_value = Some((*value).to_owned());
            record.message_attributes.insert((*name).to_owned(), attribute);
        }
        (Work::new(record, about), notification)
    }

    fn is_first(attributes: &[(&str, &str)]) -> bool {
        let (work, notification) = work(attributes, &[]);
        work.is_first(&notification)
    }

    #[test]
    fn work_is_due_when_its_message_says_and_else_when_it_was_sent() {
        let sent = ("SentTimestamp", "100900");
        let due = |own: &[(&str, &str)]| work(&[sent], own).0.due.map(Timestamp::millis);
        assert_eq!(due(&[("due", "107000")]), Some(107_000));
        assert_eq!((due(&[]), due(&[("due", "soon")])), (Some(100_900), Some(100_900)));
        assert_eq!(work(&[], &[]).0.due, None);
    }

    #[test]
    fn a_message_has_the_place_that_it_was_given_or_that_of_its_last_slot() {
        let place = |turn| work(&[], &[("turn", turn)]).0.place().map(Instant::micros);
        assert_eq!((place("place 7"), place("slots a 5 2 b 9 1"), place("soon")), (Some(7), Some(9), None));
    }

    #[test]
    fn the_third_receive_makes_a_suspect() {
        let is_suspect = |count| work(&[("ApproximateReceiveCount", count)], &[]).0.is_suspect();
        assert_eq!(["1", "2", "3", "99"].map(is_suspect), [false, false, true, true]);
        let page = |count: &str| is_suspect_page(&work(&[("ApproximateReceiveCount", count)], &[]).0.record);
        assert_eq!(["1", "2", "3", "99"].map(page), [false, false, true, true]);
        // It was received before it was sent anew for its turn.
        let received = |count, before| work(&[("ApproximateReceiveCount", count)], &[("receives", before)]).0.receive;
        assert_eq!((received("1", "0"), received("1", "2"), received("2", "x")), (1, 3, 2));
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

    #[test]
    fn a_message_of_a_run_is_its_delivery_s_first_whenever_its_page_is_expanded() {
        let is_first = |receives: &'static str, own: &[(&str, &str)]| {
            let attributes = [("ApproximateReceiveCount", receives), ("SentTimestamp", "9999999")];
            let (work, notification) = work(&attributes, own);
            let run = Some(Randomness::seeded(2).uuid().into());
            work.is_first(&Notification { run, ..notification })
        };
        assert!(is_first("1", &[]), "hours after the run was accepted");
        assert!(!is_first("2", &[]));
        assert!(!is_first("1", &[("due", "9000000")]), "put off");
    }
}
