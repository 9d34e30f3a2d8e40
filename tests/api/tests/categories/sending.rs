//! What a category says of its notifications.

use std::time::Duration;

use api::{Client, dynamodb, unique};
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Clock;

use super::{by_admin, catalogue, forget, path, stack};
use crate::contract3::Operator;

/// What a notification becomes: the channels and the outcome of each, and what `explain` has said of it before.
async fn told(client: &Client, body: &Value) -> (Value, Value) {
    let said = client.json(Method::POST, "/api/v1/notifications/explain", &client.token("service").await, body).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.text);
    let explained = said.json()["data"]["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["channel"], one["reason"], one["trace"]]))
        .collect();
    let data = client.settled(&client.notify(body).await).await;
    let deliveries = data["deliveries"].as_array().unwrap();
    let done = deliveries.iter().map(|one| json!([one["channel"], one["reason"], one["trace"]])).collect();
    (Value::Array(explained), Value::Array(done))
}

/// The channels with their reasons, after `explain` and the worker said the same.
async fn outcome(client: &Client, body: &Value) -> Value {
    let (explained, done) = told(client, body).await;
    assert_eq!(explained, done, "{body}");
    done.as_array().unwrap().iter().map(|one| json!([one[0], one[1]])).collect()
}

async fn template(client: &Client, code: &str, parts: Value) {
    let body = json!({"locales": {"default": parts}});
    let put = by_admin(client, Method::PUT, &format!("/api/v1/templates/{code}"), body).await;
    assert_eq!(put.status.as_u16(), 201, "{}", put.text);
}

#[tokio::test]
async fn what_a_notification_does_not_say_its_category_says() {
    let (stack, client) = stack().await;
    let user = client.new_user(json!({"push_token": "device"})).await;
    let says = |text: &str| json!({"email": {"subject": "S", "text": text}, "push": {"title": "T", "body": text}});
    template(&client, "weekly", says("From the category: {{ who }}")).await;
    template(&client, "own", json!({"email": {"subject": "S", "text": "From the notification"}})).await;
    let weekly = json!({"channels": ["push", "email", "slack"], "template_code": "weekly"});
    catalogue(&stack, &client, &[("weekly", weekly), ("alarm", json!({"critical": true})), ("plain", json!({}))]).await;
    let body = |more: Value| {
        let mut body = json!({"user_id": user["id"]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    // Its channels, in its order, as far as its template speaks there.
    let by_category = body(json!({"category": "weekly", "variables": {"who": "Ada"}}));
    assert_eq!(outcome(&client, &by_category).await, json!([["push", null], ["email", null]]));
    let mail = client.deliveries_to(user["email"].as_str().unwrap()).await.pop().unwrap();
    assert_eq!(mail["request"]["body"]["Content"]["Simple"]["Body"]["Text"]["Data"], "From the category: Ada");
    // What the notification says wins, by the older name of the field too.
    let own = body(json!({"group": "weekly", "template_code": "own"}));
    assert_eq!(outcome(&client, &own).await, json!([["email", null]]));
    let words = body(json!({"category": "weekly", "channels": ["email"], "content": {"body": "x"}}));
    assert_eq!(outcome(&client, &words).await, json!([["email", null]]));
    // Critical by its category, unless it says otherwise.
    let off = json!({"preferences": {"email": false}});
    let preferences = format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap());
    assert_eq!(by_admin(&client, Method::PUT, &preferences, off).await.status.as_u16(), 200);
    let alarm = |more: Value| {
        let mut alarm = body(json!({"category": "alarm", "notification_type": "email", "content": {"body": "x"}}));
        alarm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        alarm
    };
    assert_eq!(outcome(&client, &alarm(json!({}))).await, json!([["email", null]]));
    assert_eq!(outcome(&client, &alarm(json!({"critical": false}))).await, json!([["email", "channel_off"]]));
    // A category that has no template says nothing of what is sent, and one that does not exist neither.
    let service = client.token("service").await;
    for handle in ["plain", "nowhere"] {
        let nothing =
            client.json(Method::POST, "/api/v1/notifications", &service, &body(json!({"category": handle}))).await;
        let fault =
            "template_code or content is required: the notification names none, and its category has no template";
        nothing.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let missing =
        client.json(Method::POST, "/api/v1/notifications", &service, &body(json!({"category": "weekly"}))).await;
    let fault = "variables.who is required: the template uses it";
    missing.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    // A new category is known where the notification needs it, if the catalogue was not read in the last five seconds.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let put =
        by_admin(&client, Method::PUT, &path("new"), json!({"name": {"default": "New"}, "template_code": "own"})).await;
    assert_eq!(put.status.as_u16(), 201);
    let sent = body(json!({"category": "new"}));
    assert_eq!(outcome(&client, &sent).await, json!([["email", "channel_off"]]));
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn nobody_is_out_of_a_required_category_and_its_mail_has_no_one_click() {
    let (stack, client) = stack().await;
    let operator = Operator::of(client.clone()).await;
    let preferences = format!("/admin/v1/users/{}/preferences", operator.user);
    let out = json!({"notiflows": {"alerts": {"enabled": false}, "news": {"enabled": false}}});
    assert_eq!(operator.send(Method::PUT, &preferences, out).await.status.as_u16(), 200);
    let text = json!({"email": {"subject": "S", "text": "{{ unsubscribe_url }} {{ preferences_url }}"}});
    template(&client, "links", text).await;
    let body = |handle: &str| json!({"user_id": operator.user, "category": handle, "notification_type": "email", "template_code": "links"});
    assert_eq!(outcome(&client, &body("alerts")).await, json!([["email", "group_opted_out"]]), "it is none yet");
    catalogue(&stack, &client, &[("alerts", json!({"required": true}))]).await;
    assert_eq!(outcome(&client, &body("alerts")).await, json!([["email", null]]));
    assert_eq!(outcome(&client, &body("news")).await, json!([["email", "group_opted_out"]]));
    let user = client.get(&format!("/api/v1/users/{}", operator.user), &client.token("admin").await).await.json();
    let mail = client.deliveries_to(user["email"].as_str().unwrap()).await.pop().unwrap();
    let simple = &mail["request"]["body"]["Content"]["Simple"];
    let names: Vec<_> = simple["Headers"].as_array().unwrap().iter().map(|header| header["Name"].clone()).collect();
    assert_eq!(names, ["List-Unsubscribe", "Auto-Submitted"]);
    let link = simple["Headers"][0]["Value"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
    let preferences = link.strip_prefix(client.url()).expect("a link of this stack");
    assert!(preferences.starts_with("/preferences?token="), "{preferences}");
    assert_eq!(client.send(Method::GET, preferences, &[], None).await.status.as_u16(), 200);
    // Both links of the text are that link, to the same user. They may be signed a second later, and then end a second later.
    let (one, other) = simple["Body"]["Text"]["Data"].as_str().unwrap().split_once(' ').unwrap();
    let up_to_the_user = link.len().min(client.url().len() + "/preferences?token=".len() + 20);
    assert_eq!((one, &one[..up_to_the_user]), (other, &link[..up_to_the_user]));
    let of_text = one.strip_prefix(client.url()).expect("a link of this stack");
    assert_eq!(client.send(Method::GET, of_text, &[], None).await.status.as_u16(), 200);
    // It is required no more: the opt-out that stayed counts again.
    assert_eq!(by_admin(&client, Method::DELETE, &path("alerts"), Value::Null).await.status.as_u16(), 204);
    forget(&stack).await;
    assert_eq!(outcome(&client, &body("alerts")).await, json!([["email", "group_opted_out"]]));
    stack.shutdown().await;
}

#[tokio::test]
async fn only_who_opted_in_gets_what_is_opt_in() {
    let (stack, client) = stack().await;
    let operator = Operator::of(client.clone()).await;
    catalogue(&stack, &client, &[("offers", json!({"default_in": false}))]).await;
    let body =
        json!({"user_id": operator.user, "category": "offers", "notification_type": "email", "content": {"body": "x"}});
    let (_, done) = told(&client, &body).await;
    assert_eq!(done[0][1], "group_opted_out", "{done}");
    let step = done[0][2].as_array().unwrap().last().unwrap().clone();
    assert_eq!(step, json!({"rule": "group_in", "saw": "offers never set, opt-in", "said": "stop"}));
    let preferences = format!("/admin/v1/users/{}/preferences", operator.user);
    let read = operator.send(Method::GET, &preferences, Value::Null).await.json();
    assert_eq!(read["notiflows"], json!({"offers": {"name": "offers", "enabled": false, "channel_types": {}}}));
    let opt_in = json!({"notiflows": {"offers": {"enabled": true, "name": "mine"}}});
    let put = operator.send(Method::PUT, &preferences, opt_in).await;
    assert_eq!(put.json()["notiflows"]["offers"]["enabled"], true, "{}", put.text);
    assert_eq!(outcome(&client, &body).await, json!([["email", null]]));
    stack.shutdown().await;
}

#[tokio::test]
async fn what_was_accepted_stays_accepted_when_its_category_has_no_template_any_more() {
    let (stack, client) = stack().await;
    let user = client.new_user(json!({})).await;
    template(&client, "own", json!({"email": {"subject": "S", "text": "Hello {{ who }}"}})).await;
    catalogue(&stack, &client, &[("weekly", json!({"template_code": "own"}))]).await;
    let service = client.token("service").await;
    let post = async |body: &Value| client.json(Method::POST, "/api/v1/notifications", &service, body).await;
    let body = json!({
        "user_id": user["id"], "category": "weekly", "request_id": unique().to_string(), "variables": {"who": "Ada"},
    });
    let first = post(&body).await;
    assert_eq!(first.status.as_u16(), 202, "{}", first.text);
    catalogue(&stack, &client, &[("weekly", json!({}))]).await;
    let again = post(&body).await;
    assert_eq!((again.status.as_u16(), again.json()), (202, first.json()));
    let mut other = body.clone();
    other["variables"]["who"] = json!("Eve");
    assert_eq!(post(&other).await.status.as_u16(), 409);
    other["request_id"] = json!(unique().to_string());
    assert_eq!(post(&other).await.status.as_u16(), 400);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_worker_knows_a_new_opt_in_category_before_it_sends_to_who_never_chose() {
    let (stack, client) = stack().await;
    let user = client.new_user(json!({})).await;
    let body =
        json!({"user_id": user["id"], "category": "offers", "notification_type": "email", "content": {"body": "x"}});
    let reason = async || client.settled(&client.notify(&body).await).await["deliveries"][0]["reason"].clone();
    assert_eq!(reason().await, json!(null), "it is no category, and now the worker has read the catalogue");
    // What it has read in the last five seconds it does not read again.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let opt_in = json!({"name": {"default": "Offers"}, "default_in": false});
    assert_eq!(by_admin(&client, Method::PUT, &path("offers"), opt_in).await.status.as_u16(), 201);
    assert_eq!(reason().await, "group_opted_out");
    stack.shutdown().await;
}

/// Accepts a notification that is sent some seconds later.
async fn accepted(client: &Client, user: &Value, handle: &str) -> String {
    let due = Clock::system().now().plus(Duration::from_secs(6));
    let body = json!({
        "user_id": user["id"], "category": handle, "notification_type": "email", "content": {"body": "x"},
        "send_at": due.to_string(),
    });
    client.notify(&body).await
}

#[tokio::test]
async fn what_waits_under_an_opt_in_category_stays_opt_in_when_the_category_is_deleted() {
    let (stack, client) = stack().await;
    let user = client.new_user(json!({})).await;
    catalogue(&stack, &client, &[("offers", json!({"default_in": false})), ("news", json!({}))]).await;
    let offer = accepted(&client, &user, "offers").await;
    let news = accepted(&client, &user, "news").await;
    for handle in ["offers", "news"] {
        assert_eq!(by_admin(&client, Method::DELETE, &path(handle), Value::Null).await.status.as_u16(), 204);
    }
    forget(&stack).await;
    let reason = async |id: &str| client.settled(id).await["deliveries"][0]["reason"].clone();
    assert_eq!((reason(&offer).await, reason(&news).await), (json!("group_opted_out"), Value::Null));
    stack.shutdown().await;
}

/// A later version may have written a category that this one cannot read.
#[tokio::test]
async fn what_has_a_category_that_cannot_be_read_waits_and_is_not_sent_as_if_it_had_none() {
    let (stack, client) = stack().await;
    let user = client.new_user(json!({})).await;
    catalogue(&stack, &client, &[("news", json!({}))]).await;
    let waits = accepted(&client, &user, "news").await;
    let key = json!({"pk": {"S": "CATEGORIES"}, "sk": {"S": "CATEGORY#news"}});
    let update = json!({
        "Key": key, "UpdateExpression": "SET #h = :h", "ExpressionAttributeNames": {"#h": "hidden"},
        "ExpressionAttributeValues": {":h": {"S": "?"}},
    });
    dynamodb(&stack, "UpdateItem", update).await;
    forget(&stack).await;
    let body =
        json!({"user_id": user["id"], "category": "news", "notification_type": "email", "content": {"body": "x"}});
    for path in ["/api/v1/notifications", "/api/v1/notifications/explain"] {
        let refused = client.json(Method::POST, path, &client.token("service").await, &body).await;
        assert_eq!(refused.status.as_u16(), 503, "{path}: {}", refused.text);
    }
    // The delivery is due, and the worker has found that it cannot read the category.
    let waiting = async || {
        let operations = client.get("/_local/calls", "").await.json()["sqs"]["operations"].clone();
        (operations["SendMessage"]["calls"].as_u64().or(operations["SendMessageBatch"]["calls"].as_u64()) > Some(0))
            .then_some(())
    };
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    api::eventually(waiting).await;
    let opt_in = json!({"name": {"default": "News"}, "default_in": false});
    assert_eq!(by_admin(&client, Method::PUT, &path("news"), opt_in).await.status.as_u16(), 200);
    assert_eq!(client.settled(&waits).await["deliveries"][0]["reason"], "group_opted_out");
    stack.shutdown().await;
}
