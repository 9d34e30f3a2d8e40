//! Tells which queue a record comes from.

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use shared::queue::name;

/// The names of the queues besides those that deliveries come from.
#[derive(Clone, Debug)]
pub struct Sources {
    dead_letters: String,
    feedback: String,
}

/// The records of an event, sorted by their queue.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Notifications to be sent.
    pub deliveries: Vec<SqsMessage>,
    /// Messages that were received too often, or that nobody can read.
    pub dead_letters: Vec<SqsMessage>,
    /// The mail provider's feedback on mail that it accepted.
    pub feedback: Vec<SqsMessage>,
}

impl Sources {
    /// From the URL of the dead-letter queue and the ARN of the feedback queue.
    pub fn new(dead_letters: &str, feedback: &str) -> Self {
        Self { dead_letters: name(dead_letters).to_owned(), feedback: name(feedback).to_owned() }
    }

    /// Sorts an event's records. Lambda gives the records of one queue at a time. A record of an unknown queue, for
    /// example of an event that was made by hand, is a delivery.
    pub fn sort(&self, event: SqsEvent) -> Sorted {
        let mut sorted = Sorted::default();
        for record in event.records {
            let source = record.event_source_arn.as_deref().map(name).unwrap_or_default();
            if source == self.dead_letters {
                sorted.dead_letters.push(record);
            } else if source == self.feedback {
                sorted.feedback.push(record);
            } else {
                sorted.deliveries.push(record);
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(arn: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.event_source_arn = Some(arn.to_owned());
        message
    }

    #[test]
    fn a_record_goes_by_its_queue_s_name() {
        let sources = Sources::new("https://sqs.eu-west-1.amazonaws.com/123456789012/dead", "arn:aws:sqs:x:1:back");
        let mut event = SqsEvent::default();
        event.records = ["arn:aws:sqs:x:1:main", "arn:aws:sqs:x:1:dead", "arn:aws:sqs:x:1:back"].map(from).into();
        let Sorted { deliveries, dead_letters, feedback } = sources.sort(event);
        for (records, name) in [(deliveries, "main"), (dead_letters, "dead"), (feedback, "back")] {
            assert_eq!(records.len(), 1);
            assert!(records[0].event_source_arn.as_deref().is_some_and(|arn| arn.ends_with(name)), "{name}");
        }
    }
}
