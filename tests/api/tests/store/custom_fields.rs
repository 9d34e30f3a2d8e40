//! Generated pairs of `custom_fields` and patches. Some results are larger than the limit.

use futures::future::join_all;
use proptest::{
    collection::vec,
    test_runner::{Config, TestCaseError, TestRunner},
};
use shared::{
    clock::Clock,
    domain::{Json, UserChange, UserId, custom, json::Object, user::UserRecord, user_change::Bounded},
    store::{Store, UpdateUserError},
};
use uuid::Uuid;

use super::Table;
use crate::contract5::documents;

/// Writes `target` and then `patch` for a new user. Asserts that each write succeeds if its result is within the limit,
/// and fails otherwise.
async fn holds(store: &Store, target: &Object, patch: &Object) -> Result<bool, TestCaseError> {
    let id = UserId::from(Uuid::new_v4());
    let mut all = Object::new();
    let mut version = 0;
    for patch in [target, patch] {
        let Json::Object(merged) =
            documents::merge_patch(Some(Json::Object(all.clone())), &Json::Object(patch.clone()))
        else {
            panic!("a merge of objects is an object")
        };
        let change = UserChange { custom: patch.clone(), ..UserChange::default() };
        let written = store.upsert_user(id, None, &change, None, Clock::system().now()).await;
        match written {
            Ok(written) => {
                proptest::prop_assert!(custom::bytes(&merged) <= custom::MAX_BYTES);
                proptest::prop_assert_eq!(&written.user.custom, &merged, "{:?} + {:?}", all, patch);
                // A patch without fields changes nothing, so it makes no new version.
                version += u64::from(version == 0 || !patch.is_empty());
                all = merged;
            }
            Err(UpdateUserError::TooLarge(Bounded::Custom)) => {
                proptest::prop_assert!(custom::bytes(&merged) > custom::MAX_BYTES, "{:?} + {:?}", all, patch);
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
    match store.user(id).await.unwrap() {
        Some(UserRecord::Present(user)) => proptest::prop_assert_eq!((user.custom, user.version), (all, version)),
        other => proptest::prop_assert!(other.is_none() && version == 0),
    }
    Ok(version == 2)
}

#[test]
fn what_is_put_is_what_a_reference_merge_makes_of_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let table = runtime.block_on(Table::new());
    let whole = std::cell::Cell::new(0);
    let config = Config { cases: 32, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let pairs = vec((documents::object(), documents::object()), 16);
    let run = TestRunner::new(config).run(&pairs, |pairs| {
        let all = pairs.iter().map(|(target, patch)| holds(&table.store, target, patch));
        for both in runtime.block_on(join_all(all)) {
            whole.set(whole.get() + usize::from(both?));
        }
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(whole.get() >= 300, "only {} pairs were within the bound", whole.get());
    runtime.block_on(table.shutdown());
}
