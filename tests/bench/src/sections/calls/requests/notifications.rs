//! Notifications, the inbox, dead letters.

use local::providers::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;
use crate::sections::calls::endpoints::text;

/// The request for an operation of this function.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    const ROOT: &str = "/api/v1/notifications";
    const RUNS: &str = "/api/v1/runs";
    let request = match operation {
        "sendNotification" => {
            let body = email(&cast.user().await?);
            cast.by_service(Method::POST, ROOT).json(&body)
        }
        "explainNotification" => {
            let body = json!({"user_id": cast.user().await?, "group": "news", "content": {"body": "Hello"}});
            cast.by_service(Method::POST, format!("{ROOT}/explain")).json(&body)
        }
        "readNotification" => {
            let id = sent(cast, email(&cast.user().await?)).await?;
            cast.by_service(Method::GET, format!("{ROOT}/{id}"))
        }
        "cancelNotification" => {
            let mut later = email(&cast.user().await?);
            later["send_at"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string());
            let id = cast.notify(&later).await?;
            cast.delivered(&id, "held").await?;
            cast.by_service(Method::DELETE, format!("{ROOT}/{id}"))
        }
        "listNotifications" => {
            let user = cast.user().await?;
            sent(cast, email(&user)).await?;
            cast.by_service(Method::GET, format!("/api/v1/users/{user}/notifications"))
        }
        "listInbox" => {
            let user = with_inbox(cast).await?;
            Request::new(Method::GET, format!("/api/v1/users/{user}/inbox")).bearer(&cast.own(&user))
        }
        "changeInboxItem" => {
            let user = with_inbox(cast).await?;
            let (path, token) = (format!("/api/v1/users/{user}/inbox"), cast.own(&user));
            let inbox = Request::new(Method::GET, path.clone()).bearer(&token);
            let item = text(&cast.world.expect(200, inbox).await?.json()["data"]["items"][0], "id")?;
            Request::new(Method::PATCH, format!("{path}/{item}")).bearer(&token).json(&json!({"read": true}))
        }
        "sendRun" => cast.by_service(Method::POST, RUNS).json(&run(&cast.user().await?)),
        "readRun" | "cancelRun" | "listRunNotifications" => {
            let sent = cast.by_service(Method::POST, RUNS).json(&run(&cast.user().await?));
            let path = format!("{RUNS}/{}", text(&cast.world.expect(202, sent).await?.json()["data"], "run_id")?);
            cast.until("the run", async || {
                let read = cast.world.expect(200, cast.by_service(Method::GET, path.clone())).await?.json();
                Ok((read["data"]["status"] == "done").then_some(()))
            })
            .await?;
            match operation {
                "readRun" => cast.by_service(Method::GET, path),
                "cancelRun" => cast.by_service(Method::DELETE, path),
                _ => cast.by_service(Method::GET, format!("{path}/notifications")),
            }
        }
        "runNotiflow" => {
            let own = uuid::Uuid::new_v4().simple().to_string();
            let text = json!({"locales": {"default": {"email": {"subject": "Hello", "text": "How are you?"}}}});
            let template = cast.by_admin(Method::PUT, format!("/api/v1/templates/{own}")).json(&text);
            cast.world.expect(201, template).await?;
            let category = json!({"name": {"default": "News"}, "template_code": own, "channels": ["email"]});
            let category = cast.by_admin(Method::PUT, format!("/api/v1/categories/{own}")).json(&category);
            cast.world.expect(201, category).await?;
            let body = json!({"recipients": [{"external_id": cast.user().await?}]});
            cast.by_pair(Method::POST, format!("/admin/v1/notiflows/{own}/run"))?.json(&body)
        }
        "listDeadLetters" => {
            dead_letter(cast).await?;
            cast.by_admin(Method::GET, "/api/v1/dead-letters")
        }
        "redriveDeadLetters" => {
            let id = dead_letter(cast).await?;
            cast.by_admin(Method::POST, "/api/v1/dead-letters/redrive").json(&json!({"ids": [id]}))
        }
        "putPause" => cast.by_admin(Method::PUT, pause()).json(&json!({"note": "Why"})),
        "listPauses" | "readPause" | "deletePause" => {
            let pause = pause();
            cast.world.expect(201, cast.by_admin(Method::PUT, pause.clone()).json(&json!({}))).await?;
            match operation {
                "listPauses" => cast.by_admin(Method::GET, "/api/v1/pauses"),
                "readPause" => cast.by_admin(Method::GET, pause),
                _ => cast.by_admin(Method::DELETE, pause),
            }
        }
        _ => return of_contract_3(cast, operation).await,
    };
    Ok(Some(request))
}

/// Contract 3's requests for what was sent.
async fn of_contract_3(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    let below: fn(&str, &str) -> String = match operation {
        "listAllNotifications" => |_, _| "notifications".to_owned(),
        "readAnyNotification" => |_, id| format!("notifications/{id}"),
        "listDeliveriesOfNotification" => |_, id| format!("notifications/{id}/deliveries"),
        "listAllDeliveries" => |_, _| "deliveries".to_owned(),
        "readDelivery" => |_, id| format!("deliveries/{id}.email"),
        "listNotificationsOfUser" => |user, _| format!("users/{user}/notifications"),
        "readNotificationOfUser" => |user, id| format!("users/{user}/notifications/{id}"),
        "listDeliveriesOfUser" => |user, _| format!("users/{user}/deliveries"),
        "readDeliveryOfUser" => |user, id| format!("users/{user}/deliveries/{id}.email"),
        _ => return Ok(None),
    };
    let user = cast.user().await?;
    let id = sent(cast, email(&user)).await?;
    Ok(Some(cast.by_pair(Method::GET, format!("/admin/v1/{}", below(&user, &id)))?))
}

/// The path of a pause that stops nothing.
fn pause() -> String {
    format!("/api/v1/pauses/group:{}", uuid::Uuid::new_v4().simple())
}

fn email(user: &str) -> Value {
    json!({"user_id": user, "notification_type": "email", "content": {"subject": "Hello", "body": "How are you?"}})
}

/// A run with one recipient, which waits for a day.
fn run(user: &str) -> Value {
    let mut run = email("");
    let due = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    if let Value::Object(run) = &mut run {
        run.remove("user_id");
        run.insert("recipients".to_owned(), json!([{"user_id": user}]));
        run.insert("send_at".to_owned(), json!(due.to_string()));
    }
    run
}

/// Sends a notification, and waits until it has been sent. Returns the id.
async fn sent(cast: &Cast, body: Value) -> Result<String, Fault> {
    let id = cast.notify(&body).await?;
    cast.delivered(&id, "sent").await?;
    Ok(id)
}

/// A user with one inbox entry.
async fn with_inbox(cast: &Cast) -> Result<String, Fault> {
    let user = cast.user().await?;
    let content = json!({"title": "Hello", "body": "How are you?"});
    sent(cast, json!({"user_id": user, "notification_type": "in_app", "content": content})).await?;
    Ok(user)
}

/// Makes a push message give up, and waits until that is recorded. Returns the dead letter's id.
async fn dead_letter(cast: &Cast) -> Result<String, Fault> {
    let device = format!("dead-{}", uuid::Uuid::new_v4().simple());
    let refusal = Answer { status: 503, to: Some(device.clone()), always: true, ..Answer::default() };
    cast.world.stack.providers().set_answers("fcm", vec![refusal])?;
    let user = cast.world.new_user(&json!({"push_token": device})).await?;
    let body = json!({"user_id": user, "notification_type": "push", "content": {"title": "x", "body": "x"}});
    let notification = cast.notify(&body).await?;
    let letters = cast.by_admin(Method::GET, "/api/v1/dead-letters?limit=100");
    cast.until("a dead letter", async || {
        let listed = cast.world.expect(200, letters.clone()).await?.json();
        let items = listed["items"].as_array().into_iter().flatten();
        let own = items.into_iter().find(|item| item.to_string().contains(&notification));
        own.map(|item| text(item, "id")).transpose()
    })
    .await
}
