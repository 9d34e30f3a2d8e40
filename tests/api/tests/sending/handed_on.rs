//! A device belongs to one person: the last user who registered its token, in whatever way.

use api::{Client, dynamodb, options, own, unique, unique_email};
use local::{demo::Demo, stack::Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    contract3::Operator,
    faults::{faults, got},
};

/// A way to register a token.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Contract 1, as a new user.
    Create,
    /// Contract 1, by a change.
    Change,
    /// Contract 3: the settings of a channel.
    Settings,
    /// Contract 3: the user's own request.
    Own,
    /// Contract 3: an upsert of a new user, and of one who is there.
    NewUser,
    KnownUser,
}

const ALL: [Way; 6] = [Way::Create, Way::Change, Way::Settings, Way::Own, Way::NewUser, Way::KnownUser];

/// Registers the token for a new user. Returns the user's id.
async fn register(client: &Client, way: Way, token: &str) -> String {
    let operator = Operator::of(client.clone()).await;
    let settings = json!({"device_tokens": [format!("other-{token}"), token]});
    let entries = json!({"channel_settings": [{"channel_id": operator.channels["fcm"], "settings": settings}]});
    let answer = match way {
        Way::Create => {
            return client.new_user(json!({"push_token": token})).await["id"].as_str().unwrap().to_owned();
        }
        Way::Change => again(client, &operator.user, token).await,
        Way::Settings => operator.send(Method::PUT, &operator.path("fcm"), json!({"settings": settings})).await,
        Way::Own => {
            let demo = Demo::new().unwrap();
            let key = demo.sign(&demo.user_key_claims(&operator.user));
            let keys = [("x-notiflows-api-key", operator.api_key.as_str()), ("x-notiflows-user-key", key.as_str())];
            let path = format!("/user/channels/{}/settings", operator.channels["fcm"].as_str().unwrap());
            let body = json!({"settings": settings}).to_string().into_bytes();
            client.send(Method::PUT, &path, &keys, Some(body)).await
        }
        Way::NewUser => {
            let path = format!("/admin/v1/users/00000000-0000-4000-8000-{:012}", unique() % 1_000_000_000_000);
            let made = operator.send(Method::PUT, &path, entries).await;
            assert_eq!(made.status.as_u16(), 201, "{}", made.text);
            return made.json()["id"].as_str().unwrap().to_owned();
        }
        Way::KnownUser => operator.send(Method::PUT, &format!("/admin/v1/users/{}", operator.user), entries).await,
    };
    assert!(answer.status.is_success(), "{way:?}: {}", answer.text);
    operator.user
}

/// Registers the token for a user who is there.
async fn again(client: &Client, user: &str, token: &str) -> api::Answer {
    let path = format!("/api/v1/users/{user}");
    client.json(Method::PUT, &path, &client.token("admin").await, &json!({"push_token": token})).await
}

fn push(user: &str) -> Value {
    json!({"notification_type": "push", "user_id": user, "content": {"body": format!("for {user}")}})
}

/// Sends a push message to the user. Returns the state of its delivery and the reason, once it is settled.
async fn pushed(client: &Client, user: &str) -> (Value, Value) {
    let delivery = client.settled(&client.notify(&push(user)).await).await["deliveries"][0].clone();
    (delivery["status"].clone(), delivery["reason"].clone())
}

/// How many messages for this user the device got.
async fn count(client: &Client, token: &str, user: &str) -> usize {
    let got = got(client).await.remove(token).unwrap_or_default();
    got.iter().filter(|call| call.to_string().contains(&format!("for {user}"))).count()
}

fn sent() -> (Value, Value) {
    (json!("sent"), Value::Null)
}

fn skipped() -> (Value, Value) {
    (json!("skipped"), json!("device_handed_on"))
}

#[tokio::test]
async fn whoever_registers_a_phone_last_has_it_by_whatever_way() {
    let (stack, client) = own(options(&[])).await;
    for (number, way) in ALL.into_iter().enumerate() {
        let token = format!("phone-{number}-{}", unique());
        let former = register(&client, Way::Create, &token).await;
        assert_eq!(pushed(&client, &former).await, sent(), "{way:?}");
        let new = register(&client, way, &token).await;
        assert_eq!(pushed(&client, &former).await, skipped(), "{way:?}");
        assert_eq!(pushed(&client, &new).await, sent(), "{way:?}");
        // `explain` says the same, and the former owner's record still shows the token.
        let service = client.token("service").await;
        let said = client.json(Method::POST, "/api/v1/notifications/explain", &service, &push(&former)).await.json();
        let said = &said["data"]["channels"][0];
        assert_eq!(said["reason"], "device_handed_on", "{said}");
        assert!(said["trace"].to_string().contains("1 registered by another user since"), "{said}");
        let read = client.get(&format!("/api/v1/users/{former}"), &client.token("admin").await).await.json();
        assert_eq!(read["push_token"], token);
        // The phone comes back. With settings, the new owner has another device, which still gets it.
        assert_eq!(again(&client, &former, &token).await.status.as_u16(), 200);
        assert_eq!(pushed(&client, &former).await, sent(), "{way:?}");
        let has_another = !matches!(way, Way::Create | Way::Change);
        assert_eq!(pushed(&client, &new).await, if has_another { sent() } else { skipped() }, "{way:?}");
        assert_eq!((count(&client, &token, &former).await, count(&client, &token, &new).await), (2, 1), "{way:?}");
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_request_that_is_refused_or_replayed_takes_no_phone_away() {
    let (stack, client) = own(options(&[])).await;
    let token = format!("phone-{}", unique());
    let (admin, org_admin) = (client.token("admin").await, client.token("org_admin").await);
    let operator = Operator::of(client.clone()).await;
    let taken = unique_email();
    let other = client.new_user(json!({"email": taken})).await["id"].as_str().unwrap().to_owned();
    // Another user registers the phone with an idempotency key, and then its owner does.
    let keyed = async || {
        let authorization = format!("Bearer {admin}");
        let headers = [("authorization", authorization.as_str()), ("idempotency-key", "a-key-of-this-test")];
        let body = json!({"push_token": token}).to_string().into_bytes();
        client.send(Method::PUT, &format!("/api/v1/users/{other}"), &headers, Some(body)).await.status.as_u16()
    };
    assert_eq!(keyed().await, 200);
    let owner = register(&client, Way::Change, &token).await;
    assert_eq!(keyed().await, 200, "it is the first answer");

    let body = json!({"push_token": token});
    let create = json!({"name": "A", "email": taken, "push_token": token});
    assert_eq!(client.json(Method::POST, "/api/v1/users", &admin, &create).await.status.as_u16(), 409);
    let nobody = "/api/v1/users/00000000-0000-4000-8000-00000000000a";
    assert_eq!(client.json(Method::PUT, nobody, &admin, &body).await.status.as_u16(), 404);
    let path = format!("/api/v1/users/{other}");
    assert_eq!(client.json(Method::PUT, &path, &org_admin, &body).await.status.as_u16(), 404, "another organisation's");
    let authorization = format!("Bearer {admin}");
    let stale = [("authorization", authorization.as_str()), ("if-match", "\"99\"")];
    let answer = client.send(Method::PUT, &path, &stale, Some(body.to_string().into_bytes())).await;
    assert_eq!(answer.status.as_u16(), 412, "{}", answer.text);
    let bad = json!({"push_token": token, "name": 5});
    assert_eq!(client.json(Method::PUT, &path, &admin, &bad).await.status.as_u16(), 400);
    let settings = json!({"settings": {"device_tokens": [token]}});
    let of_nobody = operator.path("fcm").replace(&operator.user, "nobody-is-called-so");
    assert_eq!(operator.send(Method::PUT, &of_nobody, settings).await.status.as_u16(), 404);
    assert_eq!(pushed(&client, &owner).await, sent());
    stack.shutdown().await;
}

#[tokio::test]
async fn at_every_point_at_most_one_person_has_the_phone() {
    let (stack, client) = own(options(&[])).await;
    let token = format!("phone-{}", unique());
    let former = register(&client, Way::Create, &token).await;
    let new = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    // The device gets its new owner, and the user is not written.
    let down = json!([{"operation": "UpdateItem", "caller": "users", "kind": "error", "containing": ["USER#"]}]);
    faults(&client, json!({"dynamodb": down})).await;
    assert_eq!(again(&client, &new, &token).await.status.as_u16(), 503);
    faults(&client, json!({})).await;
    assert_eq!(pushed(&client, &former).await, skipped());
    assert_eq!(pushed(&client, &new).await, (json!("skipped"), json!("no_address")));
    assert_eq!(again(&client, &new, &token).await.status.as_u16(), 200);
    assert_eq!(pushed(&client, &new).await, sent());
    // Neither the removal of the token nor the erasure gives the phone back to its former owner, who handed it on.
    let admin = client.token("admin").await;
    let path = format!("/api/v1/users/{new}");
    let removed = client.json(Method::PUT, &path, &admin, &json!({"push_token": null})).await;
    assert_eq!(removed.status.as_u16(), 200, "{}", removed.text);
    assert_eq!(pushed(&client, &former).await, skipped());
    assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status.as_u16(), 204);
    assert_eq!(pushed(&client, &former).await, skipped());
    // What is left names neither the user nor the token.
    let left = dynamodb(&stack, "Scan", json!({})).await;
    let devices = left["Items"].as_array().unwrap().iter().filter(|item| item["sk"]["S"] == "DEVICE");
    let devices: Vec<_> = devices.map(Value::to_string).collect();
    assert!(!devices.is_empty() && devices.iter().all(|item| !item.contains(&new) && !item.contains(&token)));
    assert_eq!(count(&client, &token, &former).await, 0);
    stack.shutdown().await;
}

/// Deletes the item of every device, as if all had been registered before there were such items.
async fn forget_devices(stack: &Stack) {
    let all = dynamodb(stack, "Scan", json!({})).await["Items"].as_array().unwrap().clone();
    for item in all.iter().filter(|item| item["sk"]["S"] == "DEVICE") {
        dynamodb(stack, "DeleteItem", json!({"Key": {"pk": item["pk"], "sk": item["sk"]}})).await;
    }
}

#[tokio::test]
async fn a_phone_without_an_item_is_sent_to_as_before_and_one_that_cannot_be_looked_up_waits() {
    let (stack, client) = own(options(&[])).await;
    let token = format!("phone-{}", unique());
    let first = register(&client, Way::Create, &token).await;
    let second = register(&client, Way::Settings, &token).await;
    forget_devices(&stack).await;
    for user in [&first, &second] {
        assert_eq!(pushed(&client, user).await, sent());
    }
    // The same registration again is the last one now.
    assert_eq!(again(&client, &first, &token).await.status.as_u16(), 200);
    assert_eq!(pushed(&client, &first).await, sent());
    let before = count(&client, &token, &second).await;
    assert_eq!(pushed(&client, &second).await, sent(), "to the other device");
    assert_eq!(count(&client, &token, &second).await, before);

    let down = json!([{"operation": "BatchGetItem", "kind": "error", "containing": ["DEVICE#"]}]);
    faults(&client, json!({"dynamodb": down})).await;
    let before = count(&client, &token, &first).await;
    let id = client.notify(&push(&first)).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(count(&client, &token, &first).await, before, "nobody knows whose it is");
    faults(&client, json!({})).await;
    let delivery = client.settled(&id).await["deliveries"][0].clone();
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(1)), "{delivery}");
    assert_eq!(count(&client, &token, &first).await, before + 1);
    stack.shutdown().await;
}
