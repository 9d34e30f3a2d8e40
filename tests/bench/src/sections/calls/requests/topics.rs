//! Topics and subscriptions.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;

/// The request for an operation on a topic with one subscriber.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    if !["Topic", "Subscription", "subscribeUser"].iter().any(|word| operation.contains(word)) {
        return Ok(None);
    }
    let (user, topic) = (cast.user().await?, topic());
    cast.world.expect(201, subscribe(cast, &user, &topic)).await?;
    let own = format!("/admin/v1/topics/{topic}");
    let (all, of_user) = (format!("{own}/subscriptions"), format!("/admin/v1/users/{user}/subscriptions"));
    let native = format!("/api/v1/users/{user}/subscriptions");
    let users = |users: &[&str]| -> Value { json!({"user_external_ids": users}) };
    let request = match operation {
        "listTopics" => cast.by_pair(Method::GET, "/admin/v1/topics?limit=2")?,
        "readTopic" => cast.by_pair(Method::GET, own)?,
        "deleteTopic" => cast.by_pair(Method::DELETE, own)?,
        "listTopicSubscriptions" => cast.by_pair(Method::GET, all)?,
        "addTopicSubscriptions" => cast.by_pair(Method::POST, all)?.json(&users(&[&cast.user().await?])),
        "removeTopicSubscriptions" => cast.by_pair(Method::DELETE, all)?.json(&users(&[&user])),
        "listNotiflowsSubscriptions" => cast.by_pair(Method::GET, of_user)?,
        "createNotiflowsSubscription" => {
            let another = format!("/admin/v1/users/{}/subscriptions", cast.user().await?);
            cast.by_pair(Method::POST, another)?.json(&json!({"topic_name": topic}))
        }
        "readNotiflowsSubscription" => cast.by_pair(Method::GET, format!("{of_user}/{topic}"))?,
        "deleteNotiflowsSubscription" => cast.by_pair(Method::DELETE, format!("{of_user}/{topic}"))?,
        "listUserSubscriptions" => cast.by_service(Method::GET, native),
        "subscribeUser" => subscribe(cast, &cast.user().await?, &topic),
        "unsubscribeUser" => cast.by_service(Method::DELETE, format!("{native}/{topic}")),
        _ => return Ok(None),
    };
    Ok(Some(request))
}

fn topic() -> String {
    Uuid::new_v4().simple().to_string()
}

fn subscribe(cast: &Cast, user: &str, topic: &str) -> Request {
    cast.by_service(Method::POST, format!("/api/v1/users/{user}/subscriptions")).json(&json!({"topic": topic}))
}
