//! Runs of the worker: its calls to DynamoDB and SQS for one message, and the requests that the providers get.

use local::providers::Answer;
use serde_json::{Map, Value, json};

use super::{
    exchange::Recording,
    requests::notifications::{email, in_a_day},
    stage::{Request, Stage, Who},
};

/// The runs by name.
pub const ALL: [&str; 9] =
    ["sent", "pushed", "in_the_inbox", "skipped", "retried", "dead_lettered", "address_gone", "held", "bounced"];

const WORKER: &str = "dispatch";

/// Records one run.
pub async fn record(stage: &Stage, run: &str) -> Vec<Value> {
    let mut recording = Recording::begin(stage, run, WORKER);
    let user = stage.user().await;
    let push =
        json!({"user_id": user, "notification_type": "push", "content": {"title": "Hello", "body": "How are you?"}});
    // The device's name is the last one that `stage.fresh` made for this run.
    let device = format!("device-{run}-1");
    let refuse = |status: u16, times: Option<u64>, body: Option<Value>| {
        let answer =
            Answer { status, body, to: Some(device.clone()), times, always: times.is_none(), ..Answer::default() };
        stage.stack.providers().set_answers("fcm", vec![answer]).unwrap();
    };
    match run {
        "sent" => send(stage, &mut recording, &email(&user), "sent").await,
        "pushed" => send(stage, &mut recording, &push, "sent").await,
        "in_the_inbox" => {
            let content = json!({"title": "Hello", "body": "How are you?"});
            let body = json!({"user_id": user, "notification_type": "in_app", "content": content});
            send(stage, &mut recording, &body, "sent").await;
        }
        "skipped" => {
            let path = format!("/api/v1/users/{user}/preferences");
            stage.done(200, &Who::user(&user), "PUT", &path, &json!({"preferences": {"email": false}})).await;
            send(stage, &mut recording, &email(&user), "skipped").await;
        }
        "retried" => {
            refuse(503, Some(1), None);
            send(stage, &mut recording, &push, "sent").await;
        }
        "dead_lettered" => {
            refuse(503, None, None);
            send(stage, &mut recording, &push, "dead_lettered").await;
        }
        "address_gone" => {
            let kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
            let details = json!([{"@type": kind, "errorCode": "UNREGISTERED"}]);
            refuse(404, Some(1), Some(json!({"error": {"code": 404, "message": "x", "details": details}})));
            send(stage, &mut recording, &push, "failed").await;
        }
        "held" => {
            let mut later = email(&user);
            later["send_at"] = json!(in_a_day());
            send(stage, &mut recording, &later, "held").await;
        }
        "bounced" => {
            send(stage, &mut recording, &email(&user), "sent").await;
            let sent = stage.stack.providers().deliveries_where(|delivery| delivery["to"] == "bounced-1@example.com");
            let event = json!({"message_id": sent[0]["message_id"], "event": "bounce"});
            recording
                .observe("bounce", async || {
                    stage.expect(200, &Request::new("POST", "/_local/ses/events").json(&event)).await;
                    stage.client.queues_empty().await;
                    Vec::new()
                })
                .await;
        }
        other => panic!("nobody has said what {other} is"),
    }
    recording.exchanges()
}

/// Starts the worker again and sends one notification. Waits until its only delivery has this status.
async fn send(stage: &Stage, recording: &mut Recording<'_>, body: &Value, status: &str) {
    stage.forget(WORKER).await;
    let observed = recording.observe(status, async || {
        stage.stack.providers().clear_deliveries();
        let notification = stage.notify(body).await;
        stage.delivered(&notification, status).await;
        stage.client.queues_empty().await;
        let got = stage.stack.providers().deliveries().iter().map(seen).collect();
        vec![("notification", body.clone()), ("providers", got)]
    });
    observed.await;
}

/// What a provider received. Headers that the HTTP client adds are left out.
fn seen(delivery: &Value) -> Value {
    let request = &delivery["request"];
    let of_the_product = |(name, _): &(&String, &Value)| {
        name.starts_with("apns")
            || name.starts_with("webhook")
            || ["content-type", "x-amz-target"].contains(&name.as_str())
    };
    let headers: Map<_, _> = request["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(of_the_product)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "provider": delivery["provider"], "channel": delivery["channel"], "to": delivery["to"],
        "request": {"method": request["method"], "path": request["path"], "headers": headers, "body": request["body"]},
        "response": delivery["response"],
    })
}
