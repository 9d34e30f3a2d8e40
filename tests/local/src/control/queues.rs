//! Counts the messages that wait, are being processed, or gave up.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::aws::sqs::{Counts, Sqs};
use crate::template::Queue;

/// The counts by logical id, and their sums. A message in a dead-letter queue counts only as dead-lettered.
pub async fn counts(sqs: &Sqs, queues: &[Queue]) -> Result<Value, aws_sdk_sqs::Error> {
    let dead_letter_arns: BTreeSet<_> = queues.iter().filter_map(dead_letter_arn).collect();
    let mut each = Map::new();
    let mut live = Counts::default();
    let mut dead_lettered = 0;
    for queue in queues {
        let counts = sqs.counts(&queue.url).await?;
        each.insert(queue.logical_id.clone(), json!(counts));
        if dead_letter_arns.contains(&queue.arn) {
            dead_lettered += counts.total();
        } else {
            live += counts;
        }
    }
    Ok(json!({
        "visible": live.visible,
        "in_flight": live.in_flight,
        "delayed": live.delayed,
        "dead_lettered": dead_lettered,
        "queues": each,
    }))
}

/// The ARN of a queue's dead-letter queue, if it has one.
fn dead_letter_arn(queue: &Queue) -> Option<String> {
    let policy: Value = serde_json::from_str(queue.attributes.get("RedrivePolicy")?).ok()?;
    policy.get("deadLetterTargetArn")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_queue_is_one_that_another_queue_names() {
        let policy = json!({"deadLetterTargetArn": "arn:dlq", "maxReceiveCount": 5}).to_string();
        let queue = Queue {
            logical_id: "Queue".to_owned(),
            name: "q".to_owned(),
            url: String::new(),
            arn: "arn:q".to_owned(),
            attributes: [("RedrivePolicy".to_owned(), policy)].into(),
        };
        assert_eq!(dead_letter_arn(&queue).as_deref(), Some("arn:dlq"));
        let plain = Queue { attributes: Default::default(), ..queue };
        assert_eq!(dead_letter_arn(&plain), None);
    }
}
