//! Inbox entries that a worker writes after their user was erased.

use serde_json::{Map, json};
use shared::{
    clock::Clock,
    domain::{InboxEntry, NotificationId, Timestamp, UserChange, UserId},
    store::Delivered,
};
use uuid::Uuid;

use super::Table;

fn entry(body: &str) -> InboxEntry {
    InboxEntry {
        notification_id: NotificationId::from(Uuid::new_v4()),
        title: None,
        body: body.to_owned(),
        data: Map::new(),
        created_at: Timestamp::from_millis(1_709_287_200_000),
        read_at: None,
        archived_at: None,
        kept_until: Timestamp::from_millis(4_000_000_000_000),
    }
}

/// The worker has read the user before the erasure, and writes the entry after it.
#[tokio::test]
async fn an_entry_that_comes_after_the_erasure_of_its_user_is_not_written() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let (user, nobody) = (UserId::from(Uuid::new_v4()), UserId::from(Uuid::new_v4()));
    store.upsert_user(user, None, &UserChange::default(), None, now).await.unwrap();
    assert!(matches!(store.put_inbox(user, &entry("early words")).await.unwrap(), Delivered::At(_)));
    store.erase_user(user, None, now).await.unwrap();
    for user in [user, nobody] {
        assert_eq!(store.put_inbox(user, &entry("late words")).await.unwrap(), Delivered::NoUser);
    }
    let left = table.dynamodb("Scan", json!({})).await.to_string();
    assert!(!left.contains("INBOX#") && !left.contains("words"), "{left}");
    table.shutdown().await;
}
