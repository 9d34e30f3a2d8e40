//! Subscriptions, while others erase the user, create the user again, or change the same subscription.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, join};
use local::demo;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{TopicId, User, UserChange, UserId, user::UserRecord},
    http::auth::Reach,
    store::{Exported, ListPage, PageStart, Store, Subscribed, Unsubscribed, UpdateUserError},
};
use uuid::Uuid;

use super::{Table, step::Step};

impl Table {
    /// A store whose first call of this operation waits.
    async fn with_step(&self, operation: &'static str) -> (Store, Step) {
        let step = Step::before(operation, self.emulators.dynamodb_endpoint()).await;
        (demo::store(&step.endpoint, &self.name).unwrap(), step)
    }

    async fn person(&self) -> User {
        let id = UserId::from(Uuid::new_v4());
        self.make(id).await;
        self.present(id).await
    }

    async fn make(&self, id: UserId) {
        self.store.upsert_user(id, None, &UserChange::default(), None, Clock::system().now()).await.unwrap();
    }

    async fn present(&self, id: UserId) -> User {
        match self.store.user(id).await.unwrap() {
            Some(UserRecord::Present(user)) => *user,
            other => panic!("{other:?}"),
        }
    }

    async fn subscribe(&self, topic: &TopicId, user: &User) -> Subscribed {
        let clock = Clock::system();
        self.store.subscribe(topic, user, true, clock.now()).await.unwrap()
    }

    /// What the table has of subscriptions.
    async fn left(&self) -> Vec<Value> {
        let scan = self.dynamodb("Scan", json!({})).await;
        let items = scan["Items"].as_array().unwrap();
        items.iter().filter(|item| item.to_string().contains("SUBSCRI")).cloned().collect()
    }
}

fn topic(name: &str) -> TopicId {
    TopicId::parse(name).unwrap()
}

/// The request has read the user before the erasure, and writes the subscription after it.
#[tokio::test]
async fn whoever_is_erased_while_being_subscribed_has_no_subscription_left() {
    let table = Table::new().await;
    let (news, clock) = (topic("news"), Clock::system());
    let other = table.person().await;
    table.subscribe(&news, &other).await;
    let before = table.left().await;
    for is_made_anew in [false, true] {
        let user = table.person().await;
        let (slow, step) = table.with_step("BatchGetItem").await;
        let end = step.ender();
        let erase = async {
            table.store.erase_user(user.id, None, clock.now()).await.unwrap();
            if is_made_anew {
                table.make(user.id).await;
            }
        };
        let (subscribed, ()) = join!(slow.subscribe(&news, &user, true, clock.now()), step.then(erase));
        assert_eq!((subscribed.unwrap(), table.left().await), (Subscribed::Erased, before.clone()), "{is_made_anew}");
        end();
    }
    table.shutdown().await;
}

#[tokio::test]
async fn whoever_is_erased_while_many_are_subscribed_has_no_subscription_left() {
    let table = Table::new().await;
    let (news, clock) = (topic("news"), Clock::system());
    let (stays, goes) = (table.person().await, table.person().await);
    let (slow, step) = table.with_step("BatchExecuteStatement").await;
    let end = step.ender();
    let erase = async { table.store.erase_user(goes.id, None, clock.now()).await.unwrap() };
    let ids = [goes.id, stays.id];
    let (subscribed, ()) = join!(slow.subscribe_all(&news, &ids, clock.now()), step.then(erase));
    let users: Vec<_> = subscribed.unwrap().into_iter().map(|one| one.map(|one| one.user)).collect();
    assert_eq!(users, [None, Some(stays.id)]);
    let left = table.left().await;
    assert!(left.len() == 1 && left[0]["pk"]["S"] == format!("USER#{}", stays.id), "{left:?}");
    end();
    table.shutdown().await;
}

#[tokio::test]
async fn a_subscription_that_somebody_makes_while_the_one_before_is_ended_stays() {
    let table = Table::new().await;
    let (news, clock) = (topic("news"), Clock::system());
    let user = table.person().await;
    for is_one_of_many in [false, true] {
        table.subscribe(&news, &user).await;
        let (slow, step) = table.with_step("DeleteItem").await;
        let end = step.ender();
        let again = async {
            assert!(table.store.unsubscribe(&news, &user).await.unwrap());
            // The new one has another time.
            clock.sleep(Duration::from_millis(2)).await;
            table.subscribe(&news, &user).await
        };
        let topic = table.store.topic(&news).await.unwrap().unwrap();
        let unsubscribe = async {
            if is_one_of_many {
                slow.unsubscribe_all(&topic, &[user.id]).await.map(drop)
            } else {
                slow.unsubscribe(&news, &user).await.map(drop)
            }
        };
        let (ended, new) = join!(unsubscribe, step.then(again));
        ended.unwrap();
        let Subscribed::New(new) = new else { panic!("{new:?}") };
        assert_eq!(table.store.subscription(&news, &user).await.unwrap(), Some(new));
        end();
    }
    table.shutdown().await;
}

/// What a process that died has left of the subscription of somebody who had the same id before.
#[tokio::test]
async fn what_is_left_of_a_former_user_s_subscription_is_neither_shown_nor_exported_nor_ended() {
    let table = Table::new().await;
    let (news, user) = (topic("news"), table.person().await);
    table.subscribe(&topic("own"), &user).await;
    let former = User { created_at: user.created_at.minus(Duration::from_secs(9)), ..user.clone() };
    let clock = Clock::system();
    let own = table.left().await.into_iter().find(|item| item["sk"]["S"] == "SUBSCRIPTION#own").unwrap();
    let generation = table.store.topic_or_new(&news, clock.now()).await.unwrap().generation.to_string();
    let mut left = own;
    left["sk"]["S"] = json!("SUBSCRIPTION#news");
    left["generation"] = json!({"S": generation});
    left["user_since"]["N"] = json!(former.created_at.millis().to_string());
    table.dynamodb("PutItem", json!({"Item": left})).await;
    let head = table.store.export_head(user.id).await.unwrap();
    assert_eq!(head.since, Some(user.created_at));
    let exported = table.store.export(user.id, head.since, None, 100);
    let exported: Vec<_> = exported.try_filter_map(async |found| Ok(found.item)).try_collect().await.unwrap();
    let [Exported::Subscription(only)] = exported.as_slice() else { panic!("{exported:?}") };
    assert_eq!(serde_json::to_value(only).unwrap()["topic"], "own");
    let topic = table.store.topic(&news).await.unwrap().unwrap();
    assert_eq!(table.store.unsubscribe_all(&topic, &[user.id]).await.unwrap(), [Unsubscribed::NotSubscribed]);
    table.shutdown().await;
}

/// What code of before has left, which knows of no subscriptions.
#[tokio::test]
async fn what_an_erasure_of_before_has_left_is_removed_by_the_next_one() {
    let table = Table::new().await;
    let (news, user, clock) = (topic("news"), table.person().await, Clock::system());
    table.subscribe(&news, &user).await;
    let left = table.left().await.into_iter().find(|item| item["sk"]["S"] == "SUBSCRIPTION#news").unwrap();
    table.store.erase_user(user.id, None, clock.now()).await.unwrap();
    for way in ["a request", "one of an organisation", "the schedule"] {
        table.dynamodb("PutItem", json!({"Item": left})).await;
        let again = match way {
            "a request" => table.store.erase_user(user.id, None, clock.now()).await,
            "one of an organisation" => {
                let of_org = Reach::Org("acme".into()).user(user.id);
                table.store.erase_allowed(&of_org, None, clock.now()).await
            }
            _ => {
                let due = clock.now().plus(Duration::from_secs(31 * 60));
                table.store.resume_erasure(user.id, due).await.and(Err(UpdateUserError::Erased))
            }
        };
        assert!(matches!(again, Err(UpdateUserError::Erased)), "{way}: {again:?}");
        assert_eq!(table.left().await, [] as [Value; 0], "{way}");
    }
    // Who is there again keeps what is there.
    table.make(user.id).await;
    table.dynamodb("PutItem", json!({"Item": left})).await;
    table.store.resume_erasure(user.id, clock.now()).await.unwrap();
    assert_eq!(table.left().await.len(), 1);
    table.shutdown().await;
}

#[tokio::test]
async fn a_subscription_that_is_not_shown_is_none_before_a_page() {
    let table = Table::new().await;
    let (user, store) = (table.person().await, &table.store);
    for name in ["a#acme", "b"] {
        table.subscribe(&topic(name), &user).await;
    }
    let after = PageStart::After("b".to_owned());
    let is_behind = async || {
        let is_shown = |one: &shared::domain::Subscription| one.topic.org.is_none();
        store.has_subscription_behind(&user, Some(&after), is_shown).await.unwrap()
    };
    assert!(is_behind().await, "the one at the place itself");
    store.unsubscribe(&topic("b"), &user).await.unwrap();
    assert!(!is_behind().await, "only one of an organisation is left");
    table.subscribe(&topic("aa"), &user).await;
    assert!(is_behind().await);
    // One to a topic that was deleted is none either.
    store.end_topic(&topic("aa"), Clock::system().now()).await.unwrap();
    assert!(!is_behind().await);
    assert_eq!(store.subscriptions_of(&user, None, 10).count().await, 2, "places of both are still there");
    table.shutdown().await;
}

#[tokio::test]
async fn a_subscription_whose_user_is_gone_is_none_before_a_page_of_its_topic() {
    let table = Table::new().await;
    let (news, store, clock) = (topic("news"), &table.store, Clock::system());
    let mut people = Vec::new();
    for _ in 0..3 {
        let user = table.person().await;
        table.subscribe(&news, &user).await;
        clock.sleep(Duration::from_millis(2)).await;
        people.push(user);
    }
    let topic = store.topic(&news).await.unwrap().unwrap();
    let page = |start| ListPage { limit: 10, start, created_after: None, created_before: None };
    let places: Vec<_> =
        store.subscriptions_to(&topic, &page(None)).map_ok(|found| found.place).try_collect().await.unwrap();
    assert_eq!(places.len(), 3);
    let is_behind = async |start| store.subscriptions_behind(&topic, &page(Some(start))).await.unwrap();
    let remove = async |user: &User| {
        let key = json!({"pk": {"S": format!("USER#{}", user.id)}, "sk": {"S": "USER"}});
        table.dynamodb("DeleteItem", json!({"Key": key})).await;
    };
    assert!(!store.subscriptions_behind(&topic, &page(None)).await.unwrap());
    // The newest comes first.
    assert!(is_behind(PageStart::After(places[1].clone())).await, "the one at the place itself");
    remove(&people[1]).await;
    assert!(is_behind(PageStart::After(places[1].clone())).await, "the one before it");
    remove(&people[2]).await;
    assert!(!is_behind(PageStart::After(places[1].clone())).await, "nobody is left there");
    assert!(is_behind(PageStart::Before(places[1].clone())).await, "the oldest");
    remove(&people[0]).await;
    assert!(!is_behind(PageStart::Before(places[1].clone())).await);
    table.shutdown().await;
}
