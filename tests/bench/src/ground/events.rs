//! Events of API Gateway and SQS: the files of `events/`, with another request in them.

use bytes::Bytes;
use serde_json::{Value, json};
use shared::domain::{Channel, NotificationId, UserId};
use shared::queue::Message;

use crate::section::Fault;

/// The event in `events/` with the name `file`, with this path, this body and these additional headers.
pub fn request(file: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<Bytes, Fault> {
    let mut event = read(file)?;
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
    for (name, value) in headers {
        event["headers"][*name] = json!(value);
    }
    if let Some(body) = body {
        let text = body.to_string();
        event["headers"]["content-length"] = json!(text.len().to_string());
        event["body"] = json!(text);
    }
    Ok(Bytes::from(event.to_string()))
}

/// An event with a batch of messages of the queue with that ARN, each received for the first time.
pub fn batch(arn: &str, deliveries: &[(NotificationId, UserId)], channel: Channel) -> Result<Bytes, Fault> {
    let record = &read("dispatch/sqs-batch.json")?["Records"][0];
    let records = deliveries.iter().map(|(notification_id, user_id)| {
        let message = Message::Deliver { notification_id: *notification_id, user_id: *user_id, channel };
        let mut record = record.clone();
        record["messageId"] = json!(uuid::Uuid::new_v4());
        record["body"] = json!(message.to_json());
        record["eventSourceARN"] = json!(arn);
        record
    });
    Ok(Bytes::from(json!({"Records": records.collect::<Vec<_>>()}).to_string()))
}

fn read(file: &str) -> Result<Value, Fault> {
    let path = local::stack::binaries::workspace().join("events").join(file);
    let text = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_event_asks_for_what_it_was_made_for() {
        let body = json!({"a": "é"});
        let file = "preferences/put-channel-preferences.json";
        let event = request(file, "/x", &[("authorization", "Bearer t")], Some(&body)).unwrap();
        let event: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!((&event["rawPath"], &event["requestContext"]["http"]["path"]), (&json!("/x"), &json!("/x")));
        assert_eq!(
            (&event["headers"]["authorization"], &event["headers"]["content-length"]),
            (&json!("Bearer t"), &json!("10"))
        );
        assert_eq!(event["body"], json!(r#"{"a":"é"}"#));
        assert_eq!(event["requestContext"]["http"]["method"], json!("PUT"), "the rest is the file's");
    }

    #[test]
    fn each_message_of_a_batch_has_its_own_id() {
        let deliveries = [
            (NotificationId::from(Uuid::new_v4()), UserId::from(Uuid::new_v4())),
            (NotificationId::from(Uuid::new_v4()), UserId::from(Uuid::new_v4())),
        ];
        let event: Value = serde_json::from_slice(&batch("arn:q", &deliveries, Channel::Slack).unwrap()).unwrap();
        let records = event["Records"].as_array().unwrap();
        assert_eq!(records.len(), 2);
        assert_ne!(records[0]["messageId"], records[1]["messageId"]);
        let message = Message::from_json(records[1]["body"].as_str().unwrap()).unwrap();
        let (notification_id, user_id) = deliveries[1];
        assert_eq!(message, Message::Deliver { notification_id, user_id, channel: Channel::Slack });
    }
}
