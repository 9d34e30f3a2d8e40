//! Makes Lambda's event for a batch of messages.

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The `Records` event for a batch from the queue `arn`.
pub fn event(messages: &[Message], arn: &str, region: &str) -> Value {
    let records = messages.iter().map(|message| record(message, arn, region));
    json!({"Records": records.collect::<Vec<_>>()})
}

fn record(message: &Message, arn: &str, region: &str) -> Value {
    let attributes = message.attributes.iter().flatten();
    let attributes: Map<_, _> = attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    let own = message.message_attributes.iter().flatten();
    let own: Map<_, _> = own.map(|(name, value)| (name.clone(), attribute(value))).collect();
    let mut record = json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "attributes": attributes,
        "messageAttributes": own,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    });
    if let Some(md5) = message.md5_of_message_attributes() {
        record["md5OfMessageAttributes"] = json!(md5);
    }
    record
}

fn attribute(value: &MessageAttributeValue) -> Value {
    let mut attribute = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    });
    if let Some(text) = value.string_value() {
        attribute["stringValue"] = json!(text);
    }
    if let Some(binary) = value.binary_value() {
        attribute["binaryValue"] = json!(STANDARD.encode(binary));
    }
    attribute
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageSystemAttributeName;

    use super::*;

    #[test]
    fn a_message_becomes_a_whole_record() {
        let text = MessageAttributeValue::builder().data_type("String").string_value("late");
        let bytes = MessageAttributeValue::builder().data_type("Binary").binary_value(vec![1, 2].into());
        let message = Message::builder()
            .message_id("m-1")
            .receipt_handle("r-1")
            .body("{}")
            .md5_of_body("99914b932bd37a50b983c5e7c90ae93b")
            .md5_of_message_attributes("abc")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "2")
            .message_attributes("reason", text.build().unwrap())
            .message_attributes("raw", bytes.build().unwrap())
            .build();
        let arn = "arn:aws:sqs:us-east-1:000000000000:q";
        let expected = json!({"Records": [{
            "messageId": "m-1",
            "receiptHandle": "r-1",
            "body": "{}",
            "attributes": {"ApproximateReceiveCount": "2"},
            "messageAttributes": {
                "reason": {"stringValue": "late", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
                "raw": {"binaryValue": "AQI=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
            },
            "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
            "md5OfMessageAttributes": "abc",
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": "us-east-1",
        }]});
        let event = event(&[message], arn, "us-east-1");
        assert_eq!(event, expected);
        serde_json::from_value::<aws_lambda_events::sqs::SqsEvent>(event).unwrap();
    }
}
