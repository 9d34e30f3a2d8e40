//! Many choices of a user in one write, and those of a user who has no room for more.

use std::collections::BTreeMap;

use shared::{
    clock::Clock,
    domain::{
        Channel, ChannelType, User, UserChange, UserId,
        user_change::{Bounded, MAX_HANDLES},
    },
    store::{Store, UpdateUserError},
};
use uuid::Uuid;

use super::Table;

async fn update(store: &Store, id: UserId, change: &UserChange) -> Result<User, UpdateUserError> {
    store.update_user(id, change, None, Clock::system().now()).await
}

async fn person(store: &Store) -> UserId {
    let id = UserId::from(Uuid::new_v4());
    store.upsert_user(id, None, &UserChange::default(), None, Clock::system().now()).await.unwrap();
    id
}

fn choices(range: std::ops::Range<usize>) -> UserChange {
    let mut change = UserChange::default();
    for n in range {
        change.groups.insert(format!("group {n}"), false);
        change.handles.enable(&format!("handle {n}"), false);
        change.handles.switch(&format!("handle {n}"), ChannelType::Of(Channel::Email), false);
    }
    change
}

/// A form that changes everything has more choices than one expression of DynamoDB takes.
#[tokio::test]
async fn many_choices_are_written_whole_and_undo_nothing() {
    let table = Table::new().await;
    let store = &table.store;
    let id = person(store).await;
    update(store, id, &choices(0..1)).await.unwrap();
    let (many, others) = (choices(1..300), choices(300..301));
    let (written, other) = futures::join!(update(store, id, &many), update(store, id, &others));
    let last = written.unwrap().version.max(other.unwrap().version);
    let user = update(store, id, &UserChange { name: Some("Ada".into()), ..UserChange::default() }).await.unwrap();
    let all = choices(0..301);
    assert_eq!((user.version, &user.groups), (last + 1, &all.groups));
    let mut expected = BTreeMap::new();
    for (handle, switch, on) in all.handles.iter() {
        expected.entry(handle.to_owned()).or_insert_with(shared::domain::Handle::default).set(switch, on);
    }
    assert_eq!(user.handles, expected);
    table.shutdown().await;
}

#[tokio::test]
async fn a_person_leaves_a_channel_of_a_category_also_if_an_application_has_filled_the_handles() {
    let table = Table::new().await;
    let store = &table.store;
    let id = person(store).await;
    for n in 0..MAX_HANDLES / 50 {
        let mut change = UserChange::default();
        (0..50).for_each(|m| change.handles.enable(&format!("{n}.{m}"), true));
        update(store, id, &change).await.unwrap();
    }
    let mut change = UserChange::default();
    change.handles.switch("news", ChannelType::Of(Channel::Email), false);
    let full = update(store, id, &change).await;
    assert!(matches!(full, Err(UpdateUserError::TooLarge(Bounded::Handles))), "{full:?}");
    change.handles.as_persons();
    assert!(update(store, id, &change).await.unwrap().handles["news"].refuses(Channel::Email));
    table.shutdown().await;
}
