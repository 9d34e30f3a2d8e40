//! `/api/v1/users/{id}/inbox`: the inbox is a channel without an external provider.

use api::{Answer, Client, dynamodb, options, own};
use local::{
    demo::Demo,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{NotificationId, Timestamp},
};
use uuid::Uuid;

use crate::counts::calls;

/// A stack with an inbox channel, and one user.
struct World {
    stack: Stack,
    client: Client,
    id: String,
    token: String,
}

impl World {
    async fn new() -> Self {
        let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
        client.set_up_inbox().await;
        let id = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
        let demo = Demo::new().unwrap();
        let token = demo.sign(&demo.claims(&id));
        Self { stack, client, id, token }
    }

    /// Sends a notification to the inbox and waits until it is settled. Returns the notification.
    async fn send(&self, title: &str, more: Value) -> Value {
        let content = json!({"title": title, "body": format!("words of {title}")});
        let mut body = json!({"user_id": self.id, "notification_type": "in_app", "content": content});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = self.client.settled(&self.client.notify(&body).await).await;
        assert_eq!(sent["deliveries"][0]["status"], "sent", "{sent}");
        sent
    }

    /// Sends a notification from a template, with data for the application. Returns the notification.
    async fn send_packed(&self) -> Value {
        let admin = self.client.token("admin").await;
        let words =
            json!({"in_app": {"title": "Order {{ order }}", "body": "It is packed", "data": {"order": "{{ order }}"}}});
        let template = json!({"locales": {"default": words}});
        let put = self.client.json(Method::PUT, "/api/v1/templates/packed", &admin, &template).await;
        assert_eq!(put.status, 201, "{}", put.text);
        let body = json!({
            "user_id": self.id, "notification_type": "in_app", "template_code": "packed", "variables": {"order": "A7"},
        });
        let sent = self.client.settled(&self.client.notify(&body).await).await;
        assert_eq!(sent["deliveries"][0]["status"], "sent", "{sent}");
        sent
    }

    /// The key of the inbox entry that this notification made.
    fn key(&self, sent: &Value) -> Value {
        let text = |name: &str| sent[name].as_str().unwrap().to_owned();
        let place = format!("INBOX#{}#{}", text("created_at"), text("notification_id"));
        json!({"pk": {"S": format!("USER#{}", self.id)}, "sk": {"S": place}})
    }

    /// Writes `entries` copies of one entry that the worker wrote, each with this text, directly into the table.
    async fn fill(&self, entries: i64, text: &str) {
        let key = self.key(&self.send("copied", json!({})).await);
        let original = dynamodb(&self.stack, "GetItem", json!({"Key": key})).await["Item"].clone();
        dynamodb(&self.stack, "DeleteItem", json!({"Key": key})).await;
        let copies: Vec<_> = (0..entries)
            .map(|number| {
                let (id, at) =
                    (NotificationId::from(Uuid::new_v4()), Timestamp::from_millis(1_709_287_200_000 + number));
                let mut copy = original.clone();
                copy["sk"] = json!({"S": format!("INBOX#{at}#{id}")});
                copy["notification_id"] = json!({"S": id});
                copy["title"] = json!({"S": number.to_string()});
                copy["body"] = json!({"S": text});
                copy["created_at"] = json!({"N": at.millis().to_string()});
                json!({"PutRequest": {"Item": copy}})
            })
            .collect();
        for copies in copies.chunks(25) {
            let written = dynamodb(&self.stack, "BatchWriteItem", json!(copies)).await;
            assert!(written["UnprocessedItems"].as_object().is_none_or(|left| left.is_empty()), "{written}");
        }
    }

    async fn get(&self, query: &str) -> Answer {
        self.client.get(&format!("/api/v1/users/{}/inbox{query}", self.id), &self.token).await
    }

    async fn titles(&self, query: &str) -> Vec<String> {
        let answer = self.get(query).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let items = answer.json()["data"]["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
    }

    async fn patch(&self, item: &Value, body: Value) -> Answer {
        let path = format!("/api/v1/users/{}/inbox/{}", self.id, item.as_str().unwrap());
        self.client.json(Method::PATCH, &path, &self.token, &body).await
    }

    async fn table(&self) -> String {
        dynamodb(&self.stack, "Scan", json!({})).await.to_string()
    }
}

#[tokio::test]
async fn what_is_sent_is_there_newest_first_until_it_is_read_and_put_aside() {
    let world = World::new().await;
    world.get("").await.is(
        200,
        json!({
            "success": true, "message": "Inbox retrieved successfully",
            "data": {"items": [], "page": {"limit": 25, "after": null, "has_more_after": false}},
        }),
    );
    let mut sent = Vec::new();
    for title in ["a", "b", "c"] {
        sent.push(world.send(title, json!({})).await);
    }
    let whole = world.get("").await.json();
    let items = whole["data"]["items"].as_array().unwrap();
    assert_eq!(world.titles("").await, ["c", "b", "a"]);
    let newest = json!({
        "id": sent[2]["deliveries"][0]["provider_message_id"], "notification_id": sent[2]["notification_id"],
        "title": "c", "body": "words of c", "created_at": sent[2]["created_at"],
    });
    assert_eq!(items[0], newest);

    let first = world.get("?limit=2").await.json();
    let page = &first["data"]["page"];
    assert_eq!((&first["data"]["items"], &page["has_more_after"]), (&json!(items[..2]), &json!(true)));
    let rest = world.get(&format!("?limit=2&after={}", page["after"].as_str().unwrap())).await.json();
    let last = json!({"items": items[2..], "page": {"limit": 2, "after": null, "has_more_after": false}});
    assert_eq!(rest["data"], last);

    let read = world.patch(&items[0]["id"], json!({"read": true})).await;
    let mut expected = newest.clone();
    expected["read_at"] = read.json()["data"]["read_at"].clone();
    assert!(expected["read_at"].is_string(), "{}", read.text);
    let changed = |data: &Value| json!({"success": true, "data": data, "message": "Inbox item updated successfully"});
    read.is(200, changed(&expected));
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    world.patch(&items[0]["id"], json!({"read": true})).await.is(200, changed(&expected));
    assert_eq!(world.titles("?state=unread").await, ["b", "a"]);
    assert_eq!(world.titles("?state=unread&limit=1").await, ["b"], "what is not wanted takes no place on the page");
    assert_eq!(world.titles("?state=read").await, ["c"]);

    let archived = world.patch(&items[1]["id"], json!({"archived": true})).await;
    assert!(archived.json()["data"]["archived_at"].is_string(), "{}", archived.text);
    assert_eq!(world.titles("").await, ["c", "a"]);
    assert_eq!(world.titles("?state=archived").await, ["b"]);
    assert_eq!(world.titles("?state=all").await, ["c", "b", "a"]);
    world.patch(&items[0]["id"], json!({"read": false})).await.is(200, changed(&newest));
    world.patch(&items[1]["id"], json!({"archived": false})).await.is(200, changed(&items[1]));
    assert_eq!(world.get("").await.json(), whole);

    let refused = |errors: &str| json!({"statusCode": 400, "message": "Validation failed", "errors": [errors]});
    let states = "state must be one of unread, read, archived, all";
    world.get("?state=new").await.is(400, refused(states));
    world.get("?limit=0").await.is(400, refused("limit must be a whole number from 1 to 100"));
    world.get("?after=x").await.is(400, refused("after must be the cursor of an earlier page"));
    let neither = "read or archived is required: each must be true or false";
    world.patch(&items[0]["id"], json!({})).await.is(400, refused(neither));
    let missing = json!({"statusCode": 404, "message": "Inbox item not found"});
    world.patch(&json!("x"), json!({"read": true})).await.is(404, missing.clone());
    let other = world.client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{other}/inbox/{}", items[0]["id"].as_str().unwrap());
    let admin = world.client.token("admin").await;
    world.client.json(Method::PATCH, &path, &admin, &json!({"read": true})).await.is(404, missing);
    world.stack.shutdown().await;
}

#[tokio::test]
async fn what_is_delivered_again_stays_as_the_user_left_it() {
    let world = World::new().await;
    let sent = world.send("once", json!({"request_id": "inbox-1"})).await;
    let id = &sent["deliveries"][0]["provider_message_id"];
    let read = world.patch(id, json!({"read": true})).await.json();
    // The state after a worker that died before it could record the delivery.
    let id = sent["notification_id"].as_str().unwrap();
    let key = json!({"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": "DELIVERY#in_app"}});
    dynamodb(&world.stack, "DeleteItem", json!({"Key": key})).await;
    let again = world.send("once", json!({"request_id": "inbox-1"})).await;
    assert_eq!(again["deliveries"][0]["provider_message_id"], sent["deliveries"][0]["provider_message_id"]);
    assert_eq!(world.get("").await.json()["data"]["items"], json!([read["data"]]));
    world.stack.shutdown().await;
}

#[tokio::test]
async fn an_inbox_that_cannot_be_written_is_tried_again() {
    let world = World::new().await;
    // More refusals than there are retries, of the call for many entries and of the one for a single entry.
    let refused = |operation: &str, times: u64| json!({"operation": operation, "containing": ["INBOX#"], "kind": "throttle", "times": times});
    let faults = json!({"dynamodb": [refused("BatchExecuteStatement", 3), refused("PutItem", 4)]});
    let set = world.client.json(Method::PUT, "/_local/faults", "", &faults).await;
    assert!(set.status.is_success(), "{}", set.text);
    let sent = world.send("late", json!({})).await;
    // The table is no provider: while it is out of reach, nothing is tried.
    assert_eq!(sent["deliveries"][0]["attempts"], 1, "{sent}");
    assert_eq!(world.titles("").await, ["late"]);
    world.client.is_drained().await;
    world.stack.shutdown().await;
}

#[tokio::test]
async fn what_was_meant_for_later_stands_under_that_time() {
    let world = World::new().await;
    let later = Timestamp::from_millis(Clock::system().now().millis() + 1500).to_string();
    world.send("later", json!({"send_at": later})).await;
    assert_eq!(world.get("").await.json()["data"]["items"][0]["created_at"], json!(later));
    world.stack.shutdown().await;
}

#[tokio::test]
async fn what_a_template_says_is_there_with_its_data_for_the_application() {
    let world = World::new().await;
    world.send_packed().await;
    let item = &world.get("").await.json()["data"]["items"][0];
    assert_eq!((&item["title"], &item["data"]), (&json!("Order A7"), &json!({"order": "A7"})), "{item}");
    world.stack.shutdown().await;
}

#[tokio::test]
async fn what_is_past_its_time_is_gone_before_it_is_removed() {
    let world = World::new().await;
    world.send("stays", json!({})).await;
    let sent = world.send("goes", json!({})).await;
    let update = json!({
        "Key": world.key(&sent),
        "UpdateExpression": "SET expires_at = :past", "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeValues": {":past": {"N": "1"}},
    });
    dynamodb(&world.stack, "UpdateItem", update).await;
    assert_eq!(world.titles("?state=all").await, ["stays"]);
    let patched = world.patch(&sent["deliveries"][0]["provider_message_id"], json!({"read": true})).await;
    assert_eq!(patched.status, 404, "{}", patched.text);
    world.stack.shutdown().await;
}

#[tokio::test]
async fn a_person_s_export_has_the_inbox_and_their_erasure_leaves_nothing_of_it() {
    let world = World::new().await;
    world.send_packed().await;
    let sent = world.send("private", json!({})).await;
    let read = world.patch(&sent["deliveries"][0]["provider_message_id"], json!({"read": true})).await.json();
    let export = world.client.get(&format!("/api/v1/users/{}/export", world.id), &world.token).await.json();
    let inbox = export["inbox"].as_array().unwrap();
    assert_eq!((inbox.len(), &inbox[0]["data"]), (2, &json!({"order": "A7"})), "oldest first");
    for field in ["title", "body", "notification_id", "created_at", "read_at"] {
        assert_eq!(inbox[1][field], read["data"][field], "{field}");
    }
    assert!(inbox[1].get("pk").is_none() && export["page"]["has_more_after"] == false);

    let admin = world.client.token("admin").await;
    // There are more entries than one call can read or delete.
    world.fill(250, "x").await;
    let erased = world.client.json(Method::DELETE, &format!("/api/v1/users/{}", world.id), &admin, &Value::Null).await;
    assert_eq!(erased.status, 204, "{}", erased.text);
    let table = world.table().await;
    for word in ["INBOX#", "words of private", "Order A7"] {
        assert!(!table.contains(word), "{word} is still in the table");
    }
    world.stack.shutdown().await;
}

#[tokio::test]
async fn a_page_ends_before_it_is_too_much_to_answer() {
    let world = World::new().await;
    world.fill(30, &"x".repeat(250_000)).await;
    let first = world.get("?limit=100").await.json();
    let (items, page) = (first["data"]["items"].as_array().unwrap(), &first["data"]["page"]);
    assert!((1..30).contains(&items.len()) && page["has_more_after"] == true, "{page}");
    let rest = world.titles(&format!("?limit=100&after={}", page["after"].as_str().unwrap())).await;
    let shown = items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).chain(rest);
    assert_eq!(shown.collect::<Vec<_>>(), (0..30).rev().map(|at| at.to_string()).collect::<Vec<_>>());
    world.stack.shutdown().await;
}

#[tokio::test]
async fn a_search_for_few_among_many_goes_on_from_page_to_page() {
    let world = World::new().await;
    world.fill(1210, "x").await;
    let first = world.get("?limit=100").await.json();
    let last = first["data"]["items"][99]["id"].clone();
    let archived = world.patch(&last, json!({"archived": true})).await;
    assert_eq!(archived.status, 200, "{}", archived.text);
    assert_eq!(world.titles("?state=archived&limit=1").await, ["1110"]);
    assert_eq!(world.titles("?limit=2").await, ["1209", "1208"]);

    let after = first["data"]["page"]["after"].as_str().unwrap();
    let none = world.get(&format!("?state=archived&limit=1&after={after}")).await.json();
    let page = &none["data"]["page"];
    assert_eq!((&none["data"]["items"], &page["has_more_after"]), (&json!([]), &json!(true)), "not all was looked at");
    let end = world.get(&format!("?state=archived&limit=1&after={}", page["after"].as_str().unwrap())).await.json();
    assert_eq!((&end["data"]["items"], &end["data"]["page"]["has_more_after"]), (&json!([]), &json!(false)));
    world.stack.shutdown().await;
}

#[tokio::test]
async fn a_change_costs_one_write_and_a_page_one_read() {
    let world = World::new().await;
    let sent = world.send("first", json!({})).await;
    let item = &sent["deliveries"][0]["provider_message_id"];
    let change = calls(&world.client, async || drop(world.patch(item, json!({"read": true})).await)).await;
    assert_eq!(json!(change), json!({"UpdateItem": [1, 1.0]}));
    let page = calls(&world.client, async || drop(world.get("").await)).await;
    assert_eq!((page.len(), &page["Query"][0]), (1, &json!(1)), "{page:?}");
    world.stack.shutdown().await;
}
