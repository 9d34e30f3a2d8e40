//! A list of notifications behind more than a page looks at. The table answers as the test tells it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    aws::tests::{Act, Server},
    random::Randomness,
    store::{ListNotifications, ListedNotification, PageStart, Store},
};

/// How many places of runs stand before the old notification: entries whose runs are gone, or the recipients of fewer runs.
const PLACES: u128 = 1500;
/// The recipients of a run.
const EACH: u128 = 10;
/// Ten times sixteen bytes of zero.
const PACKED: usize = 214;
const OLD: Uuid = Uuid::from_u128(9_999_999);

fn text(value: &str) -> Value {
    json!({"S": value})
}

/// The entries of a part of the list, oldest first.
fn part(name: &str, has_recipients: bool) -> Vec<Value> {
    let entry = |at: String, pk: String, sk: &str| json!({"recent": text(name), "at": text(&at), "pk": text(&pk), "sk": text(sk)});
    let run = |n| {
        let id = Uuid::from_u128(n);
        entry(format!("2026-11-29T10:00:00.000Z#{id}"), format!("RUN#{id}"), "PAGE#03#0000001")
    };
    match name {
        "RECENT#0" => (0..PLACES / if has_recipients { EACH } else { 1 }).map(run).collect(),
        "RECENT#1" => {
            vec![entry(format!("2026-11-28T10:00:00.000Z#{OLD}"), format!("NOTIFICATION#{OLD}"), "NOTIFICATION")]
        }
        _ => Vec::new(),
    }
}

fn query(asked: &Value, has_recipients: bool) -> Value {
    let (values, start) = (&asked["ExpressionAttributeValues"], asked["ExclusiveStartKey"]["at"]["S"].as_str());
    let bound = |name: &str| values[name]["S"].as_str().unwrap().to_owned();
    let (low, high, is_forward) = (bound(":low"), bound(":high"), asked["ScanIndexForward"] != json!(false));
    let mut entries = part(&bound(":hash"), has_recipients);
    entries.retain(|entry| {
        let at = entry["at"]["S"].as_str().unwrap();
        let is_after = start.is_none_or(|start| if is_forward { at > start } else { at < start });
        is_after && (low.as_str()..=high.as_str()).contains(&at)
    });
    if !is_forward {
        entries.reverse();
    }
    let limit = usize::try_from(asked["Limit"].as_u64().unwrap()).unwrap();
    if entries.len() <= limit {
        return json!({"Items": entries});
    }
    json!({"Items": entries[..limit], "LastEvaluatedKey": entries[limit - 1]})
}

/// All that is left of the runs is what is in the list. `has_recipients`: there are the recipients, too, who all were left out.
fn table(body: &str, has_recipients: bool) -> String {
    let asked: Value = serde_json::from_str(body).unwrap();
    let Some(keys) = asked["RequestItems"]["t"]["Keys"].as_array() else {
        return query(&asked, has_recipients).to_string();
    };
    let old = json!({
        "pk": text(&format!("NOTIFICATION#{OLD}")), "sk": text("NOTIFICATION"), "owner": text("-"), "at": text("-"),
        "id": text(&OLD.to_string()), "user_id": text(&OLD.to_string()), "channels": {"L": []},
        "critical": {"BOOL": false}, "priority": {"N": "1"}, "content": text(r#"{"inline": {"body": "b"}}"#),
        "metadata": text("{}"), "request_hash": text("-"), "created_at": {"N": "0"},
        "expires_at": {"N": "99999999999"},
    });
    let item = |key: &Value| {
        if key["pk"] == old["pk"] && key["sk"] == old["sk"] {
            return Some(old.clone());
        }
        let recipients = json!({"B": format!("{}==", "A".repeat(PACKED))});
        let is_page = has_recipients && key["sk"]["S"].as_str().unwrap().starts_with("PAGE#");
        is_page.then(|| json!({"pk": key["pk"], "sk": key["sk"], "recipients": recipients}))
    };
    json!({"Responses": {"t": keys.iter().filter_map(item).collect::<Vec<_>>()}}).to_string()
}

async fn page_at(store: &Store, start: Option<PageStart>) -> Page<String> {
    let wanted = ListNotifications {
        of: None,
        limit: 25,
        start,
        is_inclusive: false,
        created_after: None,
        created_before: None,
    };
    let id = |_: &str, listed: ListedNotification| listed.notification.id.to_string();
    page(None, PageRules { limit: 25, ..RULES }, 0, store.list_notifications(&wanted, None), id).await.unwrap()
}

async fn is_reached(table: fn(&str) -> String, pages: usize) {
    let server = Server::start(&vec![Act::Does(table); 10_000]).await;
    let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
    let mut start = None;
    for _ in 1..pages {
        let page = page_at(&store, start).await;
        assert_eq!((page.items.len(), page.has_more), (0, true), "nobody waits until all were looked at");
        start = Some(PageStart::After(page.last.expect("a place to go on from")));
    }
    let last = page_at(&store, start).await;
    assert_eq!((last.items, last.has_more), (vec![OLD.to_string()], false));
}

#[tokio::test]
async fn an_old_notification_behind_many_expired_runs_is_reached_page_by_page() {
    is_reached(|body| table(body, false), 2).await;
}

#[tokio::test]
async fn an_old_notification_behind_many_recipients_who_were_left_out_is_reached_page_by_page() {
    is_reached(|body| table(body, true), 2).await;
}

#[tokio::test]
async fn a_page_in_the_other_direction_ends_among_expired_runs_too() {
    let server = Server::start(&vec![Act::Does(|body| table(body, false)); 10_000]).await;
    let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
    let (mut start, mut looked) = (format!("2026-11-28T10:00:00.000Z#{OLD}"), 0);
    loop {
        let page = page_at(&store, Some(PageStart::Before(start.clone()))).await;
        assert_eq!(page.items.len(), 0);
        looked += 1;
        if !page.has_more {
            break;
        }
        let last = page.last.unwrap();
        assert!(last > start, "it goes on");
        start = last;
    }
    assert_eq!(looked, 2);
}
