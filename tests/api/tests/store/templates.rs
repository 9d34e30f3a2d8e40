//! Templates in the cache of a process.

use serde_json::{Value, json};
use shared::{clock::Clock, render::Template, store::Templates};

use super::Table;

#[tokio::test]
async fn a_worker_reads_a_template_once_and_never_keeps_that_there_is_none() {
    let table = Table::new().await;
    let store = &table.store;
    let known = Templates::new(Clock::system());
    assert_eq!(known.get(store, "late").await.unwrap(), None);
    let locales = |text: &str| -> Value { json!({"fr": {"sms": {"text": text}}}) };
    let put = async |text: &str| {
        let template = Template { code: "late".into(), locales: serde_json::from_value(locales(text)).unwrap() };
        store.put_template(&template, None, Clock::system().now()).await.unwrap();
    };
    put("one").await;
    let first = known.get(store, "late").await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&*first).unwrap(), json!({"code": "late", "locales": locales("one")}));
    put("two").await;
    assert_eq!(known.get(store, "late").await.unwrap(), Some(first), "it is a minute old at the most");
    assert_ne!(
        Templates::new(Clock::system()).get(store, "late").await.unwrap(),
        known.get(store, "late").await.unwrap()
    );
    table.shutdown().await;
}

#[tokio::test]
async fn a_locale_that_was_stored_under_an_old_tag_is_changed_and_removed_under_the_canonical_one() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let put = async |locales: Value| {
        let template = Template { code: "old".into(), locales: serde_json::from_value(locales).unwrap() };
        // The store takes the tags as they are, as all of it once did.
        store.put_template(&template, None, now).await.unwrap();
    };
    let stored = async || {
        let found = store.template("old").await.unwrap();
        found.map(|found| serde_json::to_value(found.template.locales).unwrap())
    };
    let said = |text: &str| json!({"sms": {"text": text}});
    put(json!({"iw": said("one")})).await;
    assert_eq!(stored().await, Some(json!({"he": said("one")})));
    let parts = serde_json::from_value(said("two")).unwrap();
    let (_, is_new) = store.put_template_locale("old", "he", &parts, None, now).await.unwrap();
    assert!(!is_new);
    assert_eq!(stored().await, Some(json!({"he": said("two")})));
    put(json!({"in": said("three"), "fr": said("four")})).await;
    store.delete_template_locale("old", "id", None, now).await.unwrap();
    assert_eq!(stored().await, Some(json!({"fr": said("four")})));
    store.delete_template("old", None, now).await.unwrap();
    put(json!({"de": said("five")})).await;
    assert_eq!(stored().await, Some(json!({"de": said("five")})), "nothing was left under an old tag");
    table.shutdown().await;
}
