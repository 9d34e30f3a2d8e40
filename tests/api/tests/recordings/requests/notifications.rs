//! Requests for notifications, the inbox and dead letters.

use api::{eventually, past_for_every_clock};
use local::providers::Answer;
use serde_json::{Value, json};

use super::Good;
use crate::recordings::stage::{Stage, Who};

pub async fn good(stage: &Stage, operation: &str) -> Option<Good> {
    let service = || Good::by(Who::service());
    Some(match operation {
        "sendNotification" => {
            let mut body = email(&stage.user().await);
            body["request_id"] = json!(stage.fresh());
            service().json(body)
        }
        "explainNotification" => {
            service().json(json!({"user_id": stage.user().await, "group": "news", "content": {"body": "Hello"}}))
        }
        "readNotification" => service().at("id", sent(stage, &email(&stage.user().await)).await),
        "cancelNotification" => {
            let mut later = email(&stage.user().await);
            later["send_at"] = json!(in_a_day());
            let id = stage.notify(&later).await;
            stage.delivered(&id, "held").await;
            service().at("id", id)
        }
        "listNotifications" => {
            let user = stage.user().await;
            sent(stage, &email(&user)).await;
            service().at("id", user)
        }
        "listInbox" => inbox(stage).await,
        "changeInboxItem" => {
            let good = inbox(stage).await;
            let path = format!("/api/v1/users/{}/inbox", good.path[0].1);
            let listed = stage.done(200, &good.who, "GET", &path, &Value::Null).await;
            let item = listed["data"]["items"][0]["id"].as_str().unwrap();
            good.at("item_id", item).json(json!({"read": true}))
        }
        "sendRun" => service().json(run(&stage.user().await, stage.fresh())),
        "readRun" | "cancelRun" | "listRunNotifications" => {
            let body = run(&stage.user().await, stage.fresh());
            let sent = stage.done(202, &Who::service(), "POST", "/api/v1/runs", &body).await;
            let id = sent["data"]["run_id"].as_str().unwrap().to_owned();
            eventually(async || {
                let path = format!("/api/v1/runs/{id}");
                let read = stage.done(200, &Who::service(), "GET", &path, &Value::Null).await;
                (read["data"]["status"] == "done").then_some(())
            })
            .await;
            service().at("id", id)
        }
        "runNotiflow" => {
            let (template, handle) = (stage.fresh(), stage.fresh());
            let path = format!("/api/v1/templates/{template}");
            let text = json!({"locales": {"default": {"email": {"subject": "Hello", "text": "How are you, {{ data.name }}?"}}}});
            stage.done(201, &Who::admin(), "PUT", &path, &text).await;
            let category = json!({"name": {"default": "News"}, "template_code": template, "channels": ["email"]});
            stage.done(201, &Who::admin(), "PUT", &format!("/api/v1/categories/{handle}"), &category).await;
            let recipients = json!([{"external_id": stage.fresh(), "first_name": "Ada"}]);
            Good::by(Who::Pair).at("handle", handle).json(json!({"recipients": recipients, "data": {"name": "Ada"}}))
        }
        "listDeadLetters" => {
            dead_letter(stage).await;
            Good::by(Who::admin())
        }
        "redriveDeadLetters" => Good::by(Who::admin()).json(json!({"ids": [dead_letter(stage).await]})),
        "listPauses" | "readPause" | "deletePause" => {
            let what = format!("group:{}", stage.fresh());
            let path = format!("/api/v1/pauses/{what}");
            stage.done(201, &Who::admin(), "PUT", &path, &json!({"note": "Seen"})).await;
            let good = Good::by(Who::admin());
            if operation == "listPauses" { good } else { good.at("what", what) }
        }
        "putPause" => Good::by(Who::admin())
            .at("what", format!("group:{}", stage.fresh()))
            .json(json!({"mode": "drop", "until": in_a_day(), "note": "Why"})),
        _ => return of_contract_3(stage, operation).await,
    })
}

/// Requests of contract 3 for what was sent.
async fn of_contract_3(stage: &Stage, operation: &str) -> Option<Good> {
    let known = [
        "listAllNotifications",
        "readAnyNotification",
        "listDeliveriesOfNotification",
        "listAllDeliveries",
        "readDelivery",
        "listNotificationsOfUser",
        "readNotificationOfUser",
        "listDeliveriesOfUser",
        "readDeliveryOfUser",
    ];
    if !known.contains(&operation) {
        return None;
    }
    let user = stage.user().await;
    if operation.starts_with("listAll") {
        // The clock of each process says which one is the newest.
        past_for_every_clock().await;
    }
    let id = sent(stage, &email(&user)).await;
    let good = Good::by(Who::Pair);
    let good = if operation.ends_with("OfUser") { good.at("external_id", user) } else { good };
    Some(match operation {
        "listAllNotifications" | "listAllDeliveries" => good.query("limit", "1"),
        "readDelivery" | "readDeliveryOfUser" => good.at("delivery_id", format!("{id}.email")),
        "listNotificationsOfUser" | "listDeliveriesOfUser" => good,
        _ => good.at("notification_id", id),
    })
}

pub fn email(user: &str) -> Value {
    json!({"user_id": user, "notification_type": "email", "content": {"subject": "Hello", "body": "How are you?"}})
}

/// A run with one recipient, which waits for a day.
fn run(user: &str, request_id: String) -> Value {
    json!({
        "recipients": [{"user_id": user}], "notification_type": "email", "send_at": in_a_day(),
        "content": {"subject": "Hello", "body": "How are you?"}, "request_id": request_id,
    })
}

/// The time in 24 hours. It has whole milliseconds, because the service stores no more.
pub fn in_a_day() -> String {
    let time = shared::domain::Timestamp::from_millis(crate::recordings::normal::now() + 24 * 60 * 60 * 1000);
    time.to_string()
}

/// Sends a notification and waits until it is sent. Returns its id.
async fn sent(stage: &Stage, body: &Value) -> String {
    let id = stage.notify(body).await;
    stage.delivered(&id, "sent").await;
    id
}

/// A user with one entry in the inbox.
async fn inbox(stage: &Stage) -> Good {
    let user = stage.user().await;
    let content = json!({"title": "Hello", "body": "How are you?"});
    sent(stage, &json!({"user_id": user, "notification_type": "in_app", "content": content})).await;
    Good::by(Who::user(&user)).at("id", user)
}

/// Makes a push message a dead letter, and waits until that is recorded. Returns the dead letter's id.
async fn dead_letter(stage: &Stage) -> String {
    let user = stage.user().await;
    let path = format!("/api/v1/users/{user}");
    let read = stage.done(200, &Who::admin(), "GET", &path, &Value::Null).await;
    let device = read["push_token"].as_str().unwrap().to_owned();
    let refusal = Answer { status: 503, to: Some(device), always: true, ..Answer::default() };
    stage.stack.providers().set_answers("fcm", vec![refusal]).unwrap();
    let body = json!({"user_id": user, "notification_type": "push", "content": {"title": "x", "body": "x"}});
    let notification = stage.notify(&body).await;
    eventually(async || {
        let path = "/api/v1/dead-letters?limit=100";
        let listed = stage.done(200, &Who::admin(), "GET", path, &Value::Null).await;
        let own =
            listed["items"].as_array().unwrap().iter().find(|item| item["notification_id"] == json!(notification));
        own.map(|item| item["id"].as_str().unwrap().to_owned())
    })
    .await
}
