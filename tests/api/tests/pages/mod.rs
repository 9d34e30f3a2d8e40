//! Pages of lists: each is answered however large its items are, and leads to the rest.

mod fat;
mod faults;
mod many;
mod over;
mod runs;

use std::collections::BTreeSet;

use api::{Client, call_dynamodb, options, own};
use futures::{StreamExt, stream};
use local::stack::{Options, Stack};
use serde_json::{Map, Value, json};
use shared::{
    clock::Clock,
    domain::{NotificationId, Timestamp},
};
use uuid::Uuid;

use crate::contract3::Operator;

/// DynamoDB takes a batch of this size.
const BATCH_BYTES: usize = 8_000_000;

/// A stack of one's own, whose table is written to directly.
struct World {
    stack: Stack,
    client: Client,
    admin: String,
    operator: Operator,
}

impl World {
    async fn new(parameters: &[(&str, &str)]) -> Self {
        let (stack, client) = own(Options { concurrency: 4, ..options(parameters) }).await;
        let (admin, operator) = (client.token("admin").await, Operator::of(client.clone()).await);
        Self { stack, client, admin, operator }
    }

    /// A new user's id.
    async fn user(&self) -> String {
        self.client.new_user(json!({})).await["id"].as_str().unwrap().to_owned()
    }

    /// Writes items by batches, some at once.
    async fn put(&self, items: Vec<Value>) {
        let (mut batches, mut bytes) = (vec![Vec::new()], 0);
        for item in items {
            let size = item.to_string().len();
            if batches.last().is_some_and(|batch| batch.len() == 25 || bytes + size > BATCH_BYTES) {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += size;
            batches.last_mut().unwrap().push(json!({"PutRequest": {"Item": item}}));
        }
        let (endpoint, table) =
            (self.stack.dynamodb_proxy().direct_endpoint().to_owned(), self.stack.template().table.name.clone());
        let write = async |batch: Vec<Value>| {
            let written = call_dynamodb(&endpoint, &table, "BatchWriteItem", json!(batch)).await;
            assert!(written["UnprocessedItems"].as_object().is_none_or(Map::is_empty), "{written}");
        };
        stream::iter(batches).map(write).buffer_unordered(4).collect::<()>().await;
    }

    /// All items of a list by their ids, in order, and how many each page had; every page is answered.
    async fn walk(&self, path: &str, read: impl Fn(&Value) -> (Vec<String>, Value)) -> (Vec<String>, Vec<usize>) {
        self.client.index_catches_up().await;
        let (mut ids, mut sizes, mut after) = (Vec::new(), Vec::new(), String::new());
        loop {
            let path = format!("{path}{after}");
            let answer = if path.starts_with("/admin") {
                self.operator.send(reqwest::Method::GET, &path, Value::Null).await
            } else {
                self.client.get(&path, &self.admin).await
            };
            assert_eq!(answer.status, 200, "{path}: {}", answer.text.get(..300).unwrap_or(&answer.text));
            let (found, page) = read(&answer.json());
            sizes.push(found.len());
            ids.extend(found);
            if page["has_more_after"] == false {
                break;
            }
            after = format!("&after={}", page["after"].as_str().unwrap());
            assert!(sizes.len() < 1000, "{path} does not end");
        }
        let once: BTreeSet<_> = ids.iter().collect();
        assert_eq!(once.len(), ids.len(), "{path}: something is there twice");
        (ids, sizes)
    }
}

/// The ids of a page's items, and what it says of itself.
fn native(id: &'static str) -> impl Fn(&Value) -> (Vec<String>, Value) {
    move |body| {
        let data = if body["data"].is_object() { &body["data"] } else { body };
        let items = data["items"].as_array().unwrap();
        (items.iter().map(|item| item[id].as_str().unwrap().to_owned()).collect(), data["page"].clone())
    }
}

/// The `n`th moment of a list.
fn at(n: usize) -> Timestamp {
    Timestamp::from_millis(1_709_287_200_000 + i64::try_from(n).unwrap())
}

/// A time after which DynamoDB may remove an item, and which is not near.
fn later() -> i64 {
    Clock::system().now().seconds() + 24 * 60 * 60
}

fn entry(user: &str, n: usize, body: &str, expires_at: i64) -> Value {
    let (id, at) = (NotificationId::from(Uuid::new_v4()), at(n));
    json!({
        "pk": {"S": format!("USER#{user}")}, "sk": {"S": format!("INBOX#{at}#{id}")}, "notification_id": {"S": id},
        "title": {"S": n.to_string()}, "body": {"S": body}, "created_at": {"N": at.millis().to_string()},
        "expires_at": {"N": expires_at.to_string()},
    })
}

/// A notification and its delivery.
fn notification(user: &str, n: usize, text: &str, expires_at: i64) -> [Value; 2] {
    let (id, at) = (NotificationId::from(Uuid::new_v4()), at(n));
    let (pk, expires_at) = (json!({"S": format!("NOTIFICATION#{id}")}), json!({"N": expires_at.to_string()}));
    let content = json!({"inline": {"subject": null, "title": null, "body": "x"}}).to_string();
    let head = json!({
        "pk": pk, "sk": {"S": "NOTIFICATION"}, "owner": {"S": format!("USER#{user}")},
        "at": {"S": format!("{at}#{id}")}, "id": {"S": id}, "user_id": {"S": user}, "channels": {"L": [{"S": "push"}]},
        "critical": {"BOOL": false}, "priority": {"N": "3"}, "content": {"S": content}, "metadata": {"S": "{}"},
        "request_hash": {"S": "x"}, "created_at": {"N": at.millis().to_string()}, "expires_at": expires_at,
    });
    let delivery = json!({
        "pk": pk, "sk": {"S": "DELIVERY#push"}, "channel": {"S": "push"}, "status": {"S": "sent"},
        "provider_message_id": {"S": text}, "at_millis": {"N": at.millis().to_string()}, "expires_at": expires_at,
    });
    [head, delivery]
}
