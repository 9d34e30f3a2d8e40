//! Items that are as large as they can be, or that become larger when they are answered.

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::UserId;
use uuid::Uuid;

use super::{World, at, entry, later, native, notification};

/// A text of quotes takes four times its size in Lambda's answer, a control character seven bytes.
fn texts() -> [(usize, String); 2] {
    [(13, "\"".repeat(125_000)), (26, "\u{1}".repeat(60_000))]
}

#[tokio::test]
async fn a_list_is_answered_page_by_page_however_large_its_items_are() {
    let world = World::new(&[]).await;
    for (count, text) in texts() {
        let user = world.user().await;
        world.put((0..count).map(|n| entry(&user, n, &text, later())).collect()).await;
        world.put((0..count).flat_map(|n| notification(&user, n, &text, later())).collect()).await;
        let inbox = format!("/api/v1/users/{user}/inbox?limit=100");
        let (titles, sizes) = world.walk(&inbox, native("title")).await;
        assert_eq!(titles, (0..count).rev().map(|n| n.to_string()).collect::<Vec<_>>());
        assert!((2..8).contains(&sizes.len()), "pages are full, and not too full: {sizes:?}");
        let notifications = format!("/api/v1/users/{user}/notifications?limit=100");
        let (ids, sizes) = world.walk(&notifications, native("notification_id")).await;
        assert!(ids.len() == count && (2..8).contains(&sizes.len()), "{} {sizes:?}", ids.len());

        let (exported, sizes) = world.walk(&format!("/api/v1/users/{user}/export?limit=1000"), exported).await;
        assert!(exported.len() == 2 * count && (3..16).contains(&sizes.len()), "{} {sizes:?}", exported.len());
    }
    world.stack.shutdown().await;
}

/// The ids of what an export's page holds.
fn exported(body: &Value) -> (Vec<String>, Value) {
    let ids = |list: &str, id: &str| {
        let list = body[list].as_array().unwrap().iter();
        list.map(|one| format!("{} {}", id, one[id])).collect::<Vec<_>>()
    };
    ([ids("notifications", "id"), ids("inbox", "notification_id")].concat(), body["page"].clone())
}

#[tokio::test]
async fn users_are_answered_page_by_page_in_both_directions() {
    let world = World::new(&[]).await;
    let fat = |n: usize| {
        let (id, at) = (UserId::from(Uuid::new_v4()), at(n));
        let millis = json!({"N": at.millis().to_string()});
        json!({
            "pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}, "owner": {"S": "USERS"}, "at": {"S": format!("{at}#{id}")},
            "version": {"N": "1"}, "created_at": millis, "updated_at": millis,
            "custom": {"M": {"text": {"S": "\"".repeat(8000)}}}, "custom_bytes": {"N": "8010"},
        })
    };
    world.put((0..400).map(fat).collect()).await;
    let (ids, sizes) = world.walk("/admin/v1/users?limit=500", native("id")).await;
    assert!(ids.len() > 400 && sizes.iter().all(|size| (1..500).contains(size)), "{sizes:?}");
    // Back again, from the last of them.
    let page = async |query: &str| {
        let answer = world.operator.send(Method::GET, &format!("/admin/v1/users?limit=500&{query}"), Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        native("id")(&answer.json())
    };
    let (mut back, mut query) = (Vec::new(), "created_before=2024-03-01T10:00:00.001Z".to_owned());
    loop {
        let (found, told) = page(&query).await;
        back.splice(0..0, found);
        if told["has_more_before"] == false && !query.starts_with("created") {
            break;
        }
        query = format!("before={}", told["before"].as_str().unwrap());
    }
    assert_eq!(back, ids);
    world.stack.shutdown().await;
}
