//! The exact request that each provider gets.

use serde_json::{Value, json};

use super::{WAYS, World};
use crate::faults::{Recipient, got, settled};

/// The path of the request, and the headers that depend on the message.
fn envelope(name: &str, recipient: &Recipient, id: &str) -> (String, Value) {
    let device = &recipient.address;
    match name {
        "ses" => ("/v2/email/outbound-emails".into(), json!({})),
        "fcm" => ("/v1/projects/tidings-demo/messages:send".into(), json!({"authorization": "[redacted]"})),
        "apns" => {
            let headers = json!({
                "authorization": "[redacted]", "apns-topic": "com.example.tidings", "apns-push-type": "alert",
                "apns-priority": "10", "apns-collapse-id": id,
            });
            (format!("/3/device/{device}"), headers)
        }
        "slack" => ("/api/chat.postMessage".into(), json!({"authorization": "[redacted]"})),
        "sms" => ("/".into(), json!({"x-amz-target": "PinpointSMSVoiceV2.SendTextMessage"})),
        _ => {
            let path = device.splitn(4, '/').nth(3).unwrap_or_default();
            (format!("/{path}"), json!({"content-type": "application/json"}))
        }
    }
}

/// The sender's own words. Only Slack would read them as markup.
const TEXT: &str = "It works <!everyone> & <b>";

fn body(name: &str, Recipient { user, address, .. }: &Recipient, id: &str, asked: &Value) -> Value {
    let part = |text: &str| json!({"Data": text, "Charset": "UTF-8"});
    match name {
        "ses" => json!({
            "FromEmailAddress": "notifications@tidings.example",
            "Destination": {"ToAddresses": [address]},
            // Another test checks the link in these headers.
            "Content": {"Simple": {
                "Subject": part("Hello"), "Body": {"Text": part(TEXT)},
                "Headers": asked["Content"]["Simple"]["Headers"],
            }},
            "EmailTags": [{"Name": "notification_id", "Value": id}, {"Name": "user_id", "Value": user}],
            "ConfigurationSetName": asked["ConfigurationSetName"],
        }),
        "fcm" => json!({"message": {
            "token": address, "notification": {"title": "Hello", "body": TEXT}, "data": {"notification_id": id},
            "android": {"notification": {"tag": id}}, "webpush": {"notification": {"tag": id}},
            "apns": {"headers": {"apns-collapse-id": id}, "payload": {"aps": {"sound": "default"}}},
        }}),
        "apns" => json!({
            "aps": {"alert": {"title": "Hello", "body": TEXT}, "sound": "default"}, "notification_id": id,
        }),
        "slack" => json!({"channel": address, "text": "It works &lt;!everyone&gt; &amp; &lt;b&gt;"}),
        "sms" => json!({
            "DestinationPhoneNumber": address, "OriginationIdentity": "+12065550100", "MessageBody": TEXT,
            "MessageType": "TRANSACTIONAL", "Context": {"notification_id": id, "user_id": user},
        }),
        _ => json!({
            "type": "notification", "timestamp": asked["timestamp"],
            "data": {"notification_id": id, "user_id": user, "channel": "sms", "words": {"sms": TEXT}},
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_provider_is_asked_once_for_exactly_what_its_interface_says() {
    let world = World::start(2, &[]).await;
    let recipients = world.recipients().await;
    let mut ids = Vec::new();
    for recipient in &recipients {
        let content = json!({"subject": "Hello", "body": TEXT});
        let asked = json!({"notification_type": recipient.channel, "user_id": recipient.user, "content": content});
        ids.push(world.client.notify(&asked).await);
    }
    let deliveries = settled(&world.client, &ids).await;
    world.client.is_drained().await;
    let got = got(&world.client).await;
    assert_eq!(got.len(), WAYS.len());
    for (((way, recipient), id), delivery) in WAYS.iter().zip(&recipients).zip(&ids).zip(&deliveries) {
        let name = way.stand_in;
        assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{name}: {delivery}");
        let calls = &got[&recipient.address];
        assert_eq!(calls.len(), 1, "{name}");
        let (call, request) = (&calls[0], &calls[0]["request"]);
        let seen = (&call["provider"], &call["channel"], &request["method"], &call["response"]["status"]);
        assert_eq!(seen, (&json!(name), &json!(way.channel), &json!("POST"), &json!(200)), "{call}");
        let (path, headers) = envelope(name, recipient, id);
        assert_eq!(request["path"], path);
        for (header, value) in headers.as_object().expect("headers") {
            assert_eq!(&request["headers"][header], value, "{name}: {header}");
        }
        assert_eq!(request["body"], body(name, recipient, id, &request["body"]), "{name}");
        // The answer of a webhook has no message id.
        assert_eq!(delivery["provider_message_id"].is_string(), name != "webhook", "{name}: {delivery}");
    }
    world.stack.shutdown().await;
}
