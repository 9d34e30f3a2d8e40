//! Free-form settings: generated pairs of settings and patches, and the state after an erasure.

use std::collections::BTreeMap;
use uuid::Uuid;

use api::unique_email;
use futures::future::join_all;
use proptest::{
    collection::vec,
    test_runner::{Config, TestCaseError, TestRunner},
};
use shared::{
    clock::Clock,
    domain::{EmailAddress, Json, SettingsChange, UserId, json::Object, user_change::NewUser},
    store::{SettingsError, SettingsOwner, Store, StoredSettings},
};

use super::Table;
use crate::contract5::documents::{merge_patch, object};

/// The number of pairs that are written at the same time, and how often that is done.
const AT_ONCE: usize = 16;
const TIMES: u32 = 128;

/// Stores `target` for a new user, merges `patch` into it, and asserts the result.
async fn holds(store: &Store, target: &Object, patch: &Object) -> Result<(), TestCaseError> {
    let expected = |target| match merge_patch(Some(Json::Object(target)), &Json::Object(patch.clone())) {
        Json::Object(merged) => merged,
        other => panic!("{other:?}"),
    };
    let owner = SettingsOwner::User(UserId::from(Uuid::new_v4()));
    let change = async |change: SettingsChange| store.change_settings(&owner, &change, None).await.unwrap();
    change(SettingsChange::Replace(target.clone())).await;
    let version = change(SettingsChange::Merge(patch.clone())).await;
    let stored = store.settings(&owner).await.unwrap();
    proptest::prop_assert_eq!(stored.values, expected(target.clone()), "{:?} + {:?}", target, patch);
    proptest::prop_assert_eq!((version, stored.version), (2, 2));
    Ok(())
}

#[test]
fn what_is_put_is_what_a_reference_merge_makes_of_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let table = runtime.block_on(Table::new());

    let config = Config { cases: TIMES, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let pairs = vec((object(), object()), AT_ONCE);
    let run = TestRunner::new(config).run(&pairs, |pairs| {
        let all = pairs.iter().map(|(target, patch)| holds(&table.store, target, patch));
        runtime.block_on(join_all(all)).into_iter().collect()
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(table.shutdown());
}

/// The tombstone belongs to the user, not to the id: a user who is created again under the id has no settings. The
/// version does not begin at 0 again, so that no old `If-Match` matches.
#[tokio::test]
async fn who_is_created_again_starts_with_empty_settings() {
    let table = Table::new().await;
    let store = &table.store;
    let (id, now) = (UserId::from(Uuid::new_v4()), Clock::system().now());
    let owner = SettingsOwner::User(id);
    let merge = |text: &str| SettingsChange::Merge(Json::object(text, "it").unwrap());
    assert_eq!(store.change_settings(&owner, &merge(r#"{"private":{"words":1}}"#), None).await.unwrap(), 1);
    store.erase_user(id, None, now).await.unwrap();
    assert!(matches!(store.settings(&owner).await, Err(SettingsError::Erased)));

    let again = NewUser {
        external_id: None,
        id,
        name: "Again".to_owned(),
        email: EmailAddress::parse(&unique_email()).unwrap(),
        push_token: None,
        channels: BTreeMap::new(),
        teams: Vec::new(),
        org: None,
    };
    store.create_user(again, now).await.unwrap();
    assert_eq!(store.settings(&owner).await.unwrap(), StoredSettings { values: [].into(), version: 2 });
    assert_eq!(store.change_settings(&owner, &merge(r#"{"private":{"more":1}}"#), None).await.unwrap(), 3);
    let values = Json::object(r#"{"private":{"more":1}}"#, "it").unwrap();
    assert_eq!(store.settings(&owner).await.unwrap(), StoredSettings { values, version: 3 });

    // A second erasure removes what was written after the first one.
    store.erase_user(id, None, now).await.unwrap();
    assert!(matches!(store.settings(&owner).await, Err(SettingsError::Erased)));
    let back = store.change_settings(&owner, &merge(r#"{"back":1}"#), None).await;
    assert!(matches!(back, Err(SettingsError::Erased)), "{back:?}");
    table.shutdown().await;
}
