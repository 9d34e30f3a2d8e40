//! Tests of what is read of runs for a list. The server answers as each test tells it.

use futures::StreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    aws::tests::{Act, Server},
    clock::Clock,
    random::Randomness,
    store::{owned::AtOnce, walk::Walk},
};

/// The first id of a run with one recipient.
const INLINE: u128 = 100;
/// The first id of a run that names 250 recipients.
const NAMED: u128 = 1000;
const HASH: &str = "0123456789abcdef0123";
/// The recipient of every run: sixteen bytes of 1.
const RECIPIENT: UserId = UserId::from_bytes([1; 16]);
const PACKED: &str = "AQEBAQEBAQEBAQEBAQEBAQ==";

fn run(n: u128) -> RunId {
    Uuid::from_u128(n).into()
}

fn place(n: u128) -> String {
    format!("2026-11-29T10:00:00.000Z#{}", run(n))
}

fn found(n: u128, item: Key) -> Found<Key> {
    Found { place: place(n), item: Some(item), is_followed: false }
}

/// The entry of a run.
fn of(n: u128) -> Found<Key> {
    found(n, Key::run(run(n)))
}

/// The keys of a call.
fn keys(body: &str) -> Vec<Key> {
    let body: Value = serde_json::from_str(body).unwrap();
    let keys = body["RequestItems"]["t"]["Keys"].as_array().unwrap();
    let text = |key: &Value, name: &str| key[name]["S"].as_str().unwrap().to_owned();
    keys.iter().map(|key| Key { pk: text(key, "pk"), sk: text(key, "sk") }).collect()
}

fn answer(items: Vec<Value>) -> String {
    json!({"Responses": {"t": items}}).to_string()
}

/// The runs below [`INLINE`] are gone.
fn table(body: &str) -> String {
    let item = |key: Key| {
        let mut item = json!({"pk": {"S": key.pk}, "sk": {"S": key.sk}});
        let n = run_id(&key)?.uuid().as_u128();
        if key.sk.starts_with("PAGE#") || (INLINE..NAMED).contains(&n) {
            item[RECIPIENTS] = json!({"B": PACKED});
        } else if n >= NAMED {
            (item["count"], item["request_hash"]) = (json!({"N": "250"}), json!({"S": HASH}));
        } else {
            return None;
        }
        Some(item)
    };
    answer(keys(body).into_iter().filter_map(item).collect())
}

/// The same, but what stands in the items of these runs cannot be read.
fn broken_table(body: &str) -> String {
    let mut answered: Value = serde_json::from_str(&table(body)).unwrap();
    for item in answered["Responses"]["t"].as_array_mut().unwrap() {
        let pk = item["pk"]["S"].as_str().unwrap().to_owned();
        if pk == Key::run(run(INLINE + 1)).pk {
            item[RECIPIENTS] = json!({"S": "?"});
        } else if pk == Key::run(run(NAMED + 1)).pk {
            item["count"] = json!({"S": "?"});
        }
    }
    answered.to_string()
}

struct Table {
    server: Server,
    store: Store,
}

impl Table {
    async fn new(does: fn(&str) -> String) -> Self {
        let server = Server::start(&[Act::Does(does); 200]).await;
        let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
        Self { server, store }
    }

    async fn each(&self, entries: Vec<Found<Key>>) -> Vec<Found<Key>> {
        let entries = stream::iter([Ok(entries)]);
        self.store.each_notification(entries, None, false).try_concat().await.unwrap()
    }

    fn walk(&self, entries: Vec<Found<Key>>, limit: usize) -> Walk<'_, Vec<Item>> {
        let entries = self.store.each_notification(stream::iter([Ok(entries)]), None, false);
        self.store.bundle_pages(entries, limit, AtOnce::WITH_RECIPIENTS, None)
    }

    /// The keys of runs in each call that asked for some.
    fn asked(&self) -> Vec<usize> {
        let runs = |body: &String| keys(body).iter().filter(|key| run_id(key).is_some()).count();
        self.server.bodies().iter().map(runs).filter(|keys| *keys > 0).collect()
    }
}

#[tokio::test]
async fn runs_without_items_are_places_and_more_and_more_of_them_are_read_at_once() {
    let table = Table::new(table).await;
    let found = table.each((0..90).map(of).collect()).await;
    assert_eq!(found.len(), 90);
    assert!(found.iter().zip(0..).all(|(found, n)| found.item.is_none() && found.place == place(n)));
    assert_eq!(table.asked(), [1, 2, 4, 8, 16, 25, 25, 9]);
}

#[tokio::test]
async fn one_notification_costs_the_item_of_one_run() {
    let own = |n| found(n, Key::notification(NotificationId::random()));
    for entries in [(INLINE..INLINE + 90).map(of).collect(), vec![own(1), own(2), of(INLINE), of(INLINE + 1)]] {
        let table = Table::new(table).await;
        let mut walk = table.walk(entries, 1);
        let first = walk.next().await.unwrap().unwrap();
        assert!(first.is_followed, "nobody has to read the next one to know of it");
        assert_eq!(table.asked(), [1]);
    }
}

#[tokio::test]
async fn no_more_is_read_together_than_a_page_still_lacks() {
    let table = Table::new(table).await;
    let walk = table.walk((INLINE..INLINE + 90).map(of).collect(), 5);
    let first: Vec<_> = walk.take(5).try_collect().await.unwrap();
    assert!(first[4].is_followed);
    let heads = |body: &String| keys(body).iter().filter(|key| key.sk == "NOTIFICATION").count();
    assert_eq!(table.server.bodies().iter().map(heads).filter(|heads| *heads > 0).collect::<Vec<_>>(), [1, 2, 2]);
}

#[tokio::test]
async fn a_recipient_without_a_notification_is_a_place_that_is_not_shown() {
    let table = Table::new(table).await;
    let walk = table.walk((INLINE..INLINE + 90).map(of).collect(), 25);
    let all: Vec<_> = walk.try_collect().await.unwrap();
    assert_eq!((all.len(), all.iter().filter(|found| found.item.is_some()).count()), (90, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_a_place_that_is_not_shown_and_the_others_are_listed() {
    for first in [INLINE, NAMED] {
        let table = Table::new(broken_table).await;
        let found = table.each((first..first + 3).map(of).collect()).await;
        let (broken, good): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.item.is_none());
        assert_eq!(broken.into_iter().map(|found| found.place).collect::<Vec<_>>(), [place(first + 1)]);
        let mut runs: Vec<_> = good.iter().map(|found| entry_of(&found.place).to_owned()).collect();
        runs.dedup();
        assert_eq!(runs, [place(first), place(first + 2)]);
    }
}

#[tokio::test]
async fn pages_of_many_recipients_are_numbered_and_no_call_reads_what_a_run_says() {
    let table = Table::new(table).await;
    let found = table.each(vec![of(NAMED)]).await;
    let places: Vec<_> = found.iter().map(|found| found.place.clone()).collect();
    assert_eq!(places, [0, 100, 200].map(|n| format!("{}+{n}", place(NAMED))));
    assert_eq!(found[0].item, Some(Key::notification(run(NAMED).notification_to(RECIPIENT))));
    for body in table.server.bodies() {
        let asked: Value = serde_json::from_str(&body).unwrap();
        let names = asked["RequestItems"]["t"]["ExpressionAttributeNames"].as_object().unwrap();
        let mut names: Vec<_> = names.values().map(|name| name.as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["count", "expires_at", "pk", "recipients", "request_hash", "sk"]);
    }
}

#[tokio::test]
async fn an_item_that_two_entries_name_while_it_moves_is_asked_for_once() {
    let table = Table::new(table).await;
    let moved = found(INLINE + 2, Key::run(run(INLINE + 1)));
    let found = table.each(vec![of(INLINE), of(INLINE + 1), moved]).await;
    assert_eq!(found.len(), 3);
    assert_eq!(table.asked(), [1, 1]);
}
