//! `POST /_local/ses/events` publishes an event of SES about an email, to the topics and queues of the template.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Refused, Shared, read};
use crate::providers::feedback::{Event, Feedback, envelope};

/// Sends the event to each queue that is subscribed to it. Answers with these queues and the messages' ids.
pub(super) async fn publish(State(control): Shared, body: Bytes) -> Result<Json<Value>, Refused> {
    let feedback: Feedback = read(&body)?;
    if feedback.event == Event::Complaint && feedback.bounce_type.is_some() {
        return Err(Refused(StatusCode::BAD_REQUEST, "a complaint has no `bounce_type`; leave it out".to_owned()));
    }
    let missing = |message: String| Refused(StatusCode::NOT_FOUND, message);
    let Some(email) = control.providers.email(&feedback.message_id) else {
        return Err(missing(format!("SES's stand-in took no email under the id {:?}", feedback.message_id)));
    };
    let Some(set) = email.pointer("/request/body/ConfigurationSetName").and_then(Value::as_str) else {
        let why = "the email was sent without a configuration set, and SES publishes nothing about such a one";
        return Err(missing(why.to_owned()));
    };
    for address in feedback.suppresses(&email) {
        control.providers.suppress(&address);
    }
    let event = feedback.event.name();
    let mut sent = Vec::new();
    for way in control.publishing.ways(set, event) {
        let queue = control.queues.iter().find(|queue| queue.logical_id == way.queue);
        let Some(queue) = queue else { continue };
        let message = envelope(&way.topic, &feedback.record(&email)).to_string();
        let id = control.queue_client.send(&queue.url, &message).await.map_err(|error| {
            Refused(StatusCode::BAD_GATEWAY, format!("the queue {} takes no message: {error}", queue.logical_id))
        })?;
        sent.push(json!({"queue": queue.logical_id, "message_id": id}));
    }
    if sent.is_empty() {
        return Err(missing(format!(
            "template.yaml has no queue for it: no topic that the configuration set {set:?} publishes a {event} to, \
             by an event destination that is enabled, has a subscription"
        )));
    }
    Ok(Json(json!({"sent": sent})))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::{Client, Method};

    use super::*;
    use crate::control::tests::{QUEUE_URL, Running, start};

    /// Sends an email to SES's stand-in. Returns the email's id.
    async fn sent(stack: &Running, configuration_set: Option<&str>) -> String {
        let email = json!({
            "FromEmailAddress": "from@example.com",
            "Destination": {"ToAddresses": ["to@example.com"]},
            "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}}},
            "EmailTags": [{"Name": "notification_id", "Value": "n-1"}],
            "ConfigurationSetName": configuration_set,
        });
        let url = format!("{}/v2/email/outbound-emails", stack.providers.ses_endpoint());
        let answer = Client::new().post(url).header("authorization", "AWS4-HMAC-SHA256 secret").json(&email).send();
        let answer: Value = answer.await.unwrap().json().await.unwrap();
        answer["MessageId"].as_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn an_event_reaches_the_queue_in_sns_s_envelope() {
        let stack = start().await;
        let id = sent(&stack, Some("set")).await;
        let body = json!({"message_id": id, "event": "bounce"});
        let answer = stack.call(Method::POST, "/ses/events", body).await;
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let received = stack.sqs.receive(QUEUE_URL, 10, Duration::from_secs(1)).await.unwrap();
        assert_eq!(answer["sent"], json!([{"queue": "Queue", "message_id": received[0].message_id()}]));
        let envelope: Value = serde_json::from_str(received[0].body().unwrap()).unwrap();
        assert_eq!(envelope["TopicArn"], "arn:topic");
        let record: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
        assert_eq!(record["mail"]["messageId"], json!(id));
        assert_eq!(record["mail"]["tags"]["notification_id"], json!(["n-1"]));
    }

    #[tokio::test]
    async fn an_event_that_reaches_nobody_is_refused_in_words() {
        let stack = start().await;
        let (silent, other) = (sent(&stack, None).await, sent(&stack, Some("other")).await);
        let known = sent(&stack, Some("set")).await;
        let cases = [
            (json!({"message_id": "x", "event": "bounce"}), 404, "no email under the id \"x\""),
            (json!({"message_id": silent, "event": "bounce"}), 404, "without a configuration set"),
            (json!({"message_id": other, "event": "bounce"}), 404, "\"other\" publishes a bounce to"),
            (json!({"message_id": known, "event": "complaint"}), 404, "publishes a complaint to"),
            (json!({"message_id": known, "event": "complaint", "bounce_type": "Permanent"}), 400, "bounce_type"),
            (json!({"message_id": known, "event": "open"}), 400, "unknown variant"),
        ];
        for (body, status, words) in cases {
            let refused = stack.message(Method::POST, "/ses/events", body).await;
            assert!(refused.0 == status && refused.1.contains(words), "{refused:?}");
        }
    }
}
