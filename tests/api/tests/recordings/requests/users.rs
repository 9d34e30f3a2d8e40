//! Requests for users of contracts 1 and 3, channel settings, keys, channels and suppressed addresses.

use api::{eventually, past_for_every_clock};
use serde_json::{Value, json};

use super::Good;
use crate::recordings::stage::{Request, Stage, Who};

pub async fn good(stage: &Stage, operation: &str) -> Option<Good> {
    let admin = || Good::by(Who::admin());
    Some(match operation {
        "createUser" => {
            let email = format!("{}@example.com", stage.fresh());
            admin().json(json!({"name": "A User", "email": email, "push_token": "device", "preferences": {"email": true, "push": false}}))
        }
        "findUsers" => {
            newest_two(stage).await;
            admin().query("limit", "2")
        }
        "readUser" | "eraseUser" | "exportUser" => admin().at("id", stage.user().await),
        "changeUser" => {
            let email = format!("{}@example.com", stage.fresh());
            admin().at("id", stage.user().await).json(json!({"name": "New", "email": email}))
        }
        "listSuppressions" => admin().at("id", suppressed(stage).await.0),
        "liftSuppression" => {
            let (id, address) = suppressed(stage).await;
            admin().at("id", id).at("address", address.replace('@', "%40"))
        }
        "listApiKeys" | "listChannels" | "readHealth" => admin(),
        "createApiKey" => admin().json(json!({"name": "Billing", "scopes": ["users:read"]})),
        "deleteApiKey" => {
            let made = stage.done(201, &Who::admin(), "POST", "/api/v1/api-keys", &json!({"name": "Billing"})).await;
            admin().at("api_key", made["api_key"].as_str().unwrap())
        }
        "readChannel" => {
            let id = stage.fresh();
            let body = json!({"provider": "in_app", "name": "Inbox", "position": 9});
            stage.done(201, &Who::admin(), "PUT", &format!("/api/v1/channels/{id}"), &body).await;
            admin().at("channel_id", id)
        }
        "putChannel" => admin()
            .at("channel_id", stage.fresh())
            .json(json!({"provider": "sms", "name": "Text messages", "secret": "tidings/sms", "position": 9})),
        "deleteChannel" => {
            let id = stage.fresh();
            // The worker reads the channels each minute. No recorded message goes out by this one.
            let body = json!({"provider": "sms", "secret": "tidings/sms", "position": 9});
            stage.done(201, &Who::admin(), "PUT", &format!("/api/v1/channels/{id}"), &body).await;
            admin().at("channel_id", id)
        }
        "listUserSubscriptions" | "unsubscribeUser" => {
            let (user, topic) = (stage.user().await, stage.fresh());
            let path = format!("/api/v1/users/{user}/subscriptions");
            stage.done(201, &Who::admin(), "POST", &path, &json!({"topic": topic})).await;
            let good = Good::by(Who::user(&user)).at("id", user);
            if operation == "unsubscribeUser" { good.at("topic", topic) } else { good }
        }
        "subscribeUser" => {
            let user = stage.user().await;
            admin().at("id", user).json(json!({"topic": stage.fresh()}))
        }
        _ => return of_contract_3(stage, operation).await,
    })
}

async fn of_contract_3(stage: &Stage, operation: &str) -> Option<Good> {
    let pair = || Good::by(Who::Pair);
    Some(match operation {
        "listNotiflowsUsers" => {
            newest_two(stage).await;
            pair().query("limit", "2")
        }
        "upsertNotiflowsUser" => pair().at("external_id", known(stage).await).json(json!({
            "first_name": "Grace", "last_name": null, "email": "grace@example.com", "phone": "+491701234567",
            "custom_fields": {"plan": "gold", "address": {"city": "Bern"}},
        })),
        "readNotiflowsUser" | "eraseNotiflowsUser" | "readNotiflowsPreferences" => {
            pair().at("external_id", known(stage).await)
        }
        "changeNotiflowsPreferences" => {
            pair().at("external_id", known(stage).await).json(json!({"channel_types": {"sms": false}}))
        }
        "readOwnPreferences" | "readOwnPreferencesV1" => Good::by(Who::UserKey(stage.user().await)),
        "changeOwnPreferences" | "changeOwnPreferencesV1" => {
            Good::by(Who::UserKey(stage.user().await)).json(json!({"channel_types": {"sms": false}}))
        }
        _ => match topics(stage, operation).await {
            Some(good) => good,
            None => return channel_settings(stage, operation).await,
        },
    })
}

/// Requests for a topic that has one subscriber, and for that user.
async fn topics(stage: &Stage, operation: &str) -> Option<Good> {
    const ALL: [&str; 10] = [
        "listTopics",
        "readTopic",
        "deleteTopic",
        "listTopicSubscriptions",
        "addTopicSubscriptions",
        "removeTopicSubscriptions",
        "listNotiflowsSubscriptions",
        "createNotiflowsSubscription",
        "readNotiflowsSubscription",
        "deleteNotiflowsSubscription",
    ];
    if !ALL.contains(&operation) {
        return None;
    }
    let (user, name) = (known(stage).await, stage.fresh());
    let path = format!("/admin/v1/users/{user}/subscriptions");
    stage.done(201, &Who::Pair, "POST", &path, &json!({"topic_name": name})).await;
    let topic = || Good::by(Who::Pair).at("name", name.clone());
    let subscriber = || Good::by(Who::Pair).at("external_id", user.clone());
    Some(match operation {
        "listTopics" => Good::by(Who::Pair).query("limit", "1"),
        "readTopic" | "deleteTopic" | "listTopicSubscriptions" => topic(),
        "addTopicSubscriptions" => {
            let other = known(stage).await;
            topic().json(json!({"user_external_ids": [user, other]}))
        }
        "removeTopicSubscriptions" => topic().json(json!({"user_external_ids": [user]})),
        "listNotiflowsSubscriptions" => subscriber(),
        "createNotiflowsSubscription" => subscriber().json(json!({"topic_name": stage.fresh()})),
        _ => subscriber().at("name", name.clone()),
    })
}

/// Requests for the application under both paths, and for the user's own. The settings exist already, and a `PUT`
/// replaces them.
async fn channel_settings(stage: &Stage, operation: &str) -> Option<Good> {
    let plain = operation.trim_end_matches("V1").replace("Own", "");
    if !["putChannelSettings", "readChannelSettings", "deleteChannelSettings"].contains(&plain.as_str()) {
        return None;
    }
    let channel = stage.told("/channels/fcm");
    let user = stage.user().await;
    let tokens = json!({"settings": {"device_tokens": ["ExampleTokenABCDEF123456789"]}});
    let path = format!("/admin/users/{user}/channel-settings/{channel}");
    stage.done(200, &Who::Pair, "PUT", &path, &tokens).await;
    let good =
        if operation.contains("Own") { Good::by(Who::UserKey(user)) } else { Good::by(Who::Pair).at("user_id", user) };
    let good = good.at("channel_id", channel);
    Some(if plain.starts_with("put") { good.json(json!({"settings": {"device_tokens": ["another"]}})) } else { good })
}

/// Creates a user of contract 3. Returns the external id.
async fn known(stage: &Stage) -> String {
    let id = stage.fresh();
    let body = json!({"first_name": "Ada", "email": format!("{id}@example.com"), "custom_fields": {"plan": "free"}});
    stage.done(201, &Who::Pair, "PUT", &format!("/admin/v1/users/{id}"), &body).await;
    id
}

/// Creates two users, the newest by the clock of each process. Their ids are made of their external ids, so that one call for both
/// has them in the same order each time.
async fn newest_two(stage: &Stage) {
    for _ in 0..2 {
        past_for_every_clock().await;
        known(stage).await;
    }
}

/// Creates a user whose mail bounced. Returns the user's id and the address.
async fn suppressed(stage: &Stage) -> (String, String) {
    let user = stage.user().await;
    let path = format!("/api/v1/users/{user}");
    let address =
        stage.done(200, &Who::admin(), "GET", &path, &Value::Null).await["email"].as_str().unwrap().to_owned();
    let mail = json!({"user_id": user, "notification_type": "email", "content": {"subject": "x", "body": "x"}});
    let notification = stage.notify(&mail).await;
    stage.delivered(&notification, "sent").await;
    let sent = stage.stack.providers().deliveries_where(|delivery| delivery["to"] == json!(address));
    let bounce = json!({"message_id": sent[0]["message_id"], "event": "bounce"});
    stage.expect(200, &Request::new("POST", "/_local/ses/events").json(&bounce)).await;
    let path = format!("/api/v1/users/{user}/suppressions");
    eventually(async || {
        let listed = stage.done(200, &Who::admin(), "GET", &path, &Value::Null).await;
        listed["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(())
    })
    .await;
    (user, address)
}
