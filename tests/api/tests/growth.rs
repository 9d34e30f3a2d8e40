//! No user can grow until an opt-out does not fit: every part that grows has a budget in bytes, and what takes a user out
//! has none.

use api::{Answer, Client, dynamodb, eventually, options, own, unique_email};
use local::{
    demo::{DEPLOYMENT_SECRET, Demo},
    stack::{Options, Stack},
};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, LinkEpoch, UserId},
    unsubscribe::{OptOut, OptOutKey},
};

use crate::{
    contract3::{Operator, is_fault},
    preference_center,
};

fn tokens(count: usize) -> Value {
    let tokens: Vec<_> = (0..count).map(|n| format!("{n:0>4096}")).collect();
    json!({"settings": {"device_tokens": tokens}})
}

/// Sends a request again while the table asks for fewer: each write of a user of 400 KB is 400 of the 1,000 units that the user's
/// partition takes a second. Contract 3 answers 429 then, and the native API 503.
async fn when_there_is_room(send: impl AsyncFn() -> Answer) -> Answer {
    let full = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
    eventually(async || Some(send().await).filter(|answer| !full.contains(&answer.status))).await
}

/// The size of a value as DynamoDB counts it, without the overhead of the whole item.
fn size(value: &Value) -> usize {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(number)) => number.len().div_ceil(2) + 1,
        ("B", Value::String(base64)) => base64.len() / 4 * 3,
        ("L", Value::Array(list)) => 3 + list.iter().map(|value| size(value) + 1).sum::<usize>(),
        ("M", Value::Object(map)) => 3 + map.iter().map(|(name, value)| name.len() + size(value) + 1).sum::<usize>(),
        _ => 1,
    }
}

/// A user, and what takes the user out of mail.
struct Grown {
    stack: Stack,
    client: Client,
    operator: Operator,
    email: String,
    epoch: LinkEpoch,
}

impl Grown {
    async fn new() -> Self {
        let (stack, client) = own(Options { concurrency: 2, ..options(&[]) }).await;
        let operator = Operator::of(client.clone()).await;
        let email = unique_email();
        let named = client.new_user(json!({"email": email})).await;
        let operator = Operator { user: named["id"].as_str().unwrap().to_owned(), ..operator };
        let epoch = preference_center::epoch(&named);
        Self { stack, client, operator, email, epoch }
    }

    fn path(&self, below: &str) -> String {
        format!("/api/v1/users/{}{below}", self.operator.user)
    }

    async fn mail(&self) -> (String, Value) {
        let body = json!({
            "notification_type": "email", "user_id": self.operator.user, "content": {"body": "x"}, "group": "letters",
        });
        let id = self.client.notify(&body).await;
        let delivery = self.client.settled(&id).await["deliveries"][0].clone();
        (id, delivery)
    }

    /// Opts out in every way, one after the other: each is done, and seen by the next mail.
    async fn leaves(&self) {
        let Self { client, operator, .. } = self;
        let (_, delivery) = self.mail().await;
        assert_eq!(delivery["status"], "sent", "{delivery}");
        // One click.
        let group = Some("letters".to_owned());
        let opt_out = OptOut { user: UserId::parse(&operator.user).unwrap(), channel: Channel::Email, group };
        let token = OptOutKey::derive(DEPLOYMENT_SECRET).unwrap().sign(&opt_out, self.epoch, Clock::system().now());
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = Some(b"List-Unsubscribe=One-Click".to_vec());
        let unsubscribe = format!("/unsubscribe?token={token}");
        let clicked =
            when_there_is_room(async || client.send(Method::POST, &unsubscribe, &form, body.clone()).await).await;
        assert_eq!(clicked.status.as_u16(), 200, "{}", clicked.text);
        assert_eq!(self.mail().await.1["reason"], "group_opted_out");
        // An opt-out by an admin.
        let off = json!({"preferences": {"email": false}});
        let admin = client.token("admin").await;
        let preferences = self.path("/preferences");
        let put = when_there_is_room(async || client.json(Method::PUT, &preferences, &admin, &off).await).await;
        assert_eq!(put.status.as_u16(), 200, "{}", put.text);
        assert_eq!(self.mail().await.1["reason"], "channel_off");
        // A complaint.
        let sent = client.deliveries_to(&self.email).await[0]["message_id"].clone();
        let event = json!({"event": "complaint", "message_id": sent});
        assert_eq!(client.json(Method::POST, "/_local/ses/events", "", &event).await.status.as_u16(), 200);
        client.queues_empty().await;
        eventually(async || {
            let listed = client.get(&self.path("/suppressions"), &admin).await.json();
            (listed["items"][0]["cause"] == "complained").then_some(())
        })
        .await;
        // An erasure.
        let path = self.path("");
        let erased = when_there_is_room(async || client.json(Method::DELETE, &path, &admin, &Value::Null).await).await;
        assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
        assert_eq!(client.get(&self.path(""), &admin).await.status.as_u16(), 404);
    }
}

#[tokio::test]
async fn a_user_who_has_grown_as_far_as_it_goes_can_leave_in_every_way() {
    let grown = Grown::new().await;
    let Grown { client, operator, .. } = &grown;
    // By the user's own key: the devices of one channel fill the budget.
    let demo = Demo::new().unwrap();
    let key = demo.sign(&demo.user_key_claims(&operator.user));
    let headers = [("x-notiflows-api-key", operator.api_key.as_str()), ("x-notiflows-user-key", key.as_str())];
    let own = async |channel: &str, count: usize| {
        let path = format!("/user/channels/{}/settings", operator.channels[channel].as_str().unwrap());
        let body = tokens(count).to_string().into_bytes();
        when_there_is_room(async || client.send(Method::PUT, &path, &headers, Some(body.clone())).await).await
    };
    assert_eq!(own("fcm", 50).await.status.as_u16(), 200);
    is_fault(&own("apns", 50).await, "settings", "length");
    assert_eq!(own("apns", 2).await.status.as_u16(), 200);
    // Choices about single groups, with the longest names there are.
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    let refused = 'full: {
        for page in 0..40 {
            let name = |n: usize| format!("{:😀>128}", page * 10 + n);
            let handles: Map<_, _> = (0..10).map(|n| (name(n), json!({"enabled": false}))).collect();
            let body = json!({"notiflows": handles});
            let put = when_there_is_room(async || operator.send(Method::PUT, &path, body.clone()).await).await;
            if !put.status.is_success() {
                break 'full put;
            }
        }
        panic!("it never ends");
    };
    is_fault(&refused, "notiflows", "length");
    let custom = json!({"custom_fields": {"a": "x".repeat(8000)}, "first_name": "😀".repeat(200)});
    let path = format!("/admin/v1/users/{}", operator.user);
    let put = when_there_is_room(async || operator.send(Method::PUT, &path, custom.clone()).await).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    grown.leaves().await;
    grown.stack.shutdown().await;
}

#[tokio::test]
async fn a_user_who_grew_before_there_were_budgets_can_leave_and_shrink_and_not_grow() {
    let grown = Grown::new().await;
    let Grown { stack, operator, .. } = &grown;
    let list: Vec<_> = (0..46).map(|n| json!({"S": format!("{n:0>4096}")})).collect();
    let endpoint = |provider: &str| json!({"M": {"provider": {"S": provider}, "updated_at": {"N": "1"}, "settings": {"M": {"device_tokens": {"L": list}}}}});
    let [fcm, apns] = ["fcm", "apns"].map(|name| operator.channels[name].as_str().unwrap());
    let endpoints = json!({"M": {fcm: endpoint("fcm"), apns: endpoint("apns")}});
    let fill = json!({
        "Key": {"pk": {"S": format!("USER#{}", operator.user)}, "sk": {"S": "USER"}},
        "UpdateExpression": "SET endpoints = :full", "ExpressionAttributeValues": {":full": endpoints},
    });
    dynamodb(stack, "UpdateItem", fill).await;
    let put = async |count| {
        when_there_is_room(async || operator.send(Method::PUT, &operator.path("fcm"), tokens(count)).await).await
    };
    is_fault(&put(50).await, "settings", "length");
    let shrunk = put(45).await;
    assert_eq!(shrunk.status.as_u16(), 200, "{}", shrunk.text);
    // The name fills the item: there is not even room for one opt-out.
    let key = json!({"pk": {"S": format!("USER#{}", operator.user)}, "sk": {"S": "USER"}});
    let item = dynamodb(stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    let left = 400 * 1024 - size(&json!({"M": item})) - 24;
    let name = format!("{}{}", item["name"]["S"].as_str().unwrap(), "n".repeat(left));
    let fill = json!({
        "Key": key, "UpdateExpression": "SET #name = :name", "ExpressionAttributeNames": {"#name": "name"},
        "ExpressionAttributeValues": {":name": {"S": name}},
    });
    dynamodb(stack, "UpdateItem", fill).await;
    grown.leaves().await;
    grown.stack.shutdown().await;
}
