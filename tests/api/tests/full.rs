//! A user whose record is full: each dialect answers a change with its own 4xx, and nothing is written.

use api::{Client, dynamodb, options, own};
use local::{
    demo::DEPLOYMENT_SECRET,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, UserId},
    unsubscribe::{OptOut, OptOutKey},
};

use crate::{
    contract2::{Acme, is_text},
    contract3::{Operator, is_error},
    contract4,
    preference_center::{self, is_page, is_told},
};

/// A group of another dialect whose name alone has half a kilobyte.
fn long_group() -> String {
    "\u{1F600}".repeat(128)
}

/// A stack that only the calling test uses, with one process per function.
async fn stack() -> (Stack, Client) {
    own(Options { concurrency: 1, ..options(&[]) }).await
}

/// Fills the user's item so that less than 450 bytes are left. The filler is in an attribute that the product does not
/// know.
async fn fill(stack: &Stack, id: &str) {
    let filler = "x".repeat(399 * 1024 + 400);
    let update = json!({
        "Key": {"pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}},
        "UpdateExpression": "SET filler = :f",
        "ExpressionAttributeValues": {":f": {"S": filler}},
    });
    dynamodb(stack, "UpdateItem", update).await;
}

/// The user and the version as the native dialect shows them. They must not change.
async fn shown(client: &Client, id: &str) -> Value {
    let answer = client.get(&format!("/api/v1/users/{id}"), &client.token("admin").await).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    json!([answer.json(), answer.version()])
}

#[tokio::test]
async fn the_native_dialect_says_400() {
    let (stack, client) = stack().await;
    let id = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    fill(&stack, &id).await;
    let before = shown(&client, &id).await;
    let body = json!({"push_token": "t".repeat(4000)});
    let path = format!("/api/v1/users/{id}");
    let answer = client.json(Method::PUT, &path, &client.token("admin").await, &body).await;
    let fault = "all data stored for a user must be below 400 KB";
    answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    assert_eq!(shown(&client, &id).await, before);
    stack.shutdown().await;
}

#[tokio::test]
async fn akana_s_says_400() {
    let (stack, client) = stack().await;
    let acme = Acme::on(client.clone()).await;
    fill(&stack, &acme.id).await;
    let before = shown(&client, &acme.id).await;
    let answer = acme.put(json!({"OptedNotification": []})).await;
    is_text(&answer, 400, "All data stored for a user must be below 400 KB");
    assert_eq!(shown(&client, &acme.id).await, before);
    stack.shutdown().await;
}

#[tokio::test]
async fn notiflows_says_422() {
    let (stack, client) = stack().await;
    let operator = Operator::of(client.clone()).await;
    fill(&stack, &operator.user).await;
    let before = shown(&client, &operator.user).await;
    let body = json!({"settings": {"device_tokens": ["t".repeat(4000)]}});
    let answer = operator.send(Method::PUT, &operator.path("fcm"), body).await;
    let message = "must leave the user's whole record within 400 KB";
    let details = json!({"fields": [{"field": "settings", "message": message, "reason": "length"}]});
    is_error(&answer, 422, "validation_failed", details);
    assert_eq!(shown(&client, &operator.user).await, before);
    stack.shutdown().await;
}

#[tokio::test]
async fn valara_s_says_400() {
    let (stack, client) = stack().await;
    let (id, path) = contract4::user(&client).await;
    fill(&stack, &id).await;
    let before = shown(&client, &id).await;
    // The longest language tag that is allowed.
    let language = format!("en-x{}", "-abcdefgh".repeat(27));
    let body = json!({
        "language": language, "timezone": "America/Argentina/ComodRivadavia", "date_time_format": "friendly",
        "measurement_unit": "imperial", "theme": "system",
    });
    let answer = contract4::patch(&client, &path, &contract4::own(&id), &body).await;
    let fault = json!({"field": "body", "message": "all data stored for a user must be below 400 KB"});
    contract4::refused(&answer, "invalid_preference_value", &json!([fault]));
    assert_eq!(shown(&client, &id).await, before);
    stack.shutdown().await;
}

#[tokio::test]
async fn the_preference_centre_and_an_unsubscribe_link_show_a_400_page() {
    const FULL: &str = "So much is stored about you already that nothing more can be added.";
    let (stack, client) = stack().await;
    let visitor = preference_center::Visitor::on(client.clone()).await;
    fill(&stack, &visitor.id).await;
    let before = shown(&client, &visitor.id).await;

    let groups = "api.auto.connect app.alert app.lifecycle app.post appteam contract.state.change news.update \
                  post.comment privateapi ticket.change";
    let off: Vec<_> = groups.split(' ').map(|name| format!("was.group.com.soa.notification.type.{name}=on")).collect();
    is_page(&visitor.post(&off.join("&")).await, 400, FULL);
    let told = json!({"saved": false, "message": format!("Nothing has changed. {FULL}")});
    is_told(&visitor.save(&off.join("&")).await, 400, told);

    let user = UserId::parse(&visitor.id).unwrap();
    let opt_out = OptOut { user, channel: Channel::Email, group: Some(long_group()) };
    let token = OptOutKey::derive(DEPLOYMENT_SECRET).unwrap().sign(
        &opt_out,
        preference_center::epoch(&visitor.user),
        Clock::system().now(),
    );
    let one_click = Some(b"List-Unsubscribe=One-Click".to_vec());
    let path = format!("/unsubscribe?token={token}");
    is_page(&client.send(Method::POST, &path, &[preference_center::FORM], one_click).await, 400, FULL);

    assert_eq!(shown(&client, &visitor.id).await, before);
    stack.shutdown().await;
}
