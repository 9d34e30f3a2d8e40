//! Generated pairs of settings and patches, through the store and the emulated table.

use futures::future::join_all;
use local::{
    aws::{emulators::Emulators, provision::provision},
    demo,
};
use proptest::{
    collection::vec,
    test_runner::{Config, TestCaseError, TestRunner},
};
use shared::{
    domain::{Json, SettingsChange, UserId, json::Object},
    store::{SettingsOwner, Store},
};

use super::documents::{merge_patch, object};
use crate::template::template;

/// Pairs: so many at once, so often.
const AT_ONCE: usize = 16;
const TIMES: u32 = 128;

/// The product's store over an emulated table that has nothing before it: no proxy, no function.
pub async fn table() -> (Emulators, Store) {
    let emulators = Emulators::start(None).await.unwrap();
    let template = template();
    provision(&template, &emulators).await.unwrap();
    let store = demo::store(emulators.dynamodb_endpoint(), &template.table.name).unwrap();
    (emulators, store)
}

/// Merges `patch` into `target` for a user whom nobody else is, both ways there are.
async fn holds(store: &Store, target: &Object, patch: &Object) -> Result<(), TestCaseError> {
    let expected = |target| match merge_patch(Some(Json::Object(target)), &Json::Object(patch.clone())) {
        Json::Object(merged) => merged,
        other => panic!("{other:?}"),
    };
    let owner = SettingsOwner::User(UserId::random());
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
    let (emulators, store) = runtime.block_on(table());

    let config = Config { cases: TIMES, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let pairs = vec((object(), object()), AT_ONCE);
    let run = TestRunner::new(config).run(&pairs, |pairs| {
        let all = pairs.iter().map(|(target, patch)| holds(&store, target, patch));
        runtime.block_on(join_all(all)).into_iter().collect()
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(emulators.shutdown());
}
