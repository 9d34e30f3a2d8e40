//! Templates in the cache of a process.

use serde_json::{Value, json};
use shared::{
    clock::Clock,
    render::Template,
    store::{TemplateError, Templates},
};

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
    assert_eq!(serde_json::to_value(&first.template).unwrap(), json!({"code": "late", "locales": locales("one")}));
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
    assert!(!store.put_template_locale("old", "he", &parts, None, now).await.unwrap().is_new);
    assert_eq!(stored().await, Some(json!({"he": said("two")})));
    put(json!({"in": said("three"), "fr": said("four")})).await;
    store.delete_template_locale("old", "id", None, now).await.unwrap();
    assert_eq!(stored().await, Some(json!({"fr": said("four")})));
    store.delete_template("old", None, now).await.unwrap();
    put(json!({"de": said("five")})).await;
    assert_eq!(stored().await, Some(json!({"de": said("five")})), "nothing was left under an old tag");
    table.shutdown().await;
}

/// A template whose every locale has a text of so many bytes.
fn large(tags: &[String], bytes: usize) -> Template {
    let parts = |tag: &String| {
        let parts = json!({"sms": {"text": format!("{tag}{}", "x".repeat(bytes))}});
        (tag.clone(), serde_json::from_value(parts).unwrap())
    };
    Template { code: "large".into(), locales: tags.iter().map(parts).collect() }
}

#[tokio::test]
async fn a_template_as_large_as_any_is_drafted_published_replaced_and_rolled_back() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let of = |language: &str| -> Vec<_> { (10..50).map(|region| format!("{language}-{region}0")).collect() };
    let (first, second) = (large(&of("de"), 26_000), large(&of("fr"), 26_000));
    let created = store.put_template(&first, None, now).await.unwrap();
    assert!(created.is_new && created.is_changed);
    store.put_template_draft(&second, None, now).await.unwrap();
    assert_eq!(store.template_draft("large").await.unwrap().unwrap().template, second);
    // All locales differ, so that each part of the transaction is as large as it can be.
    let published = store.publish_template_draft("large", None, now).await.unwrap();
    assert_eq!((&published.now.template, published.now.version), (&second, created.now.version + 1));
    assert_eq!(store.template_draft("large").await.unwrap(), None);
    assert_eq!(store.template_version("large", created.now.version).await.unwrap().template, first);
    let back = store.roll_back_template("large", created.now.version, None, now).await.unwrap();
    assert_eq!((&back.now.template, back.now.version), (&first, created.now.version + 2));
    assert_eq!(store.template("large").await.unwrap(), Some(back.now));
    let too_large = large(&of("it"), 26_300);
    assert!(matches!(store.put_template_draft(&too_large, None, now).await, Err(TemplateError::TooLarge)));
    assert!(matches!(store.put_template(&too_large, None, now).await, Err(TemplateError::TooLarge)));
    store.delete_template("large", None, now).await.unwrap();
    let left = table.dynamodb("Scan", json!({})).await;
    assert_eq!(left["Items"], json!([]), "nothing of it is left");
    table.shutdown().await;
}

#[tokio::test]
async fn what_older_code_has_written_or_left_is_no_version_of_a_template_that_began_anew() {
    let table = Table::new().await;
    let (store, now) = (&table.store, Clock::system().now());
    let one = |text: &str| Template {
        code: "old".into(),
        locales: serde_json::from_value(json!({"de": {"sms": {"text": text}}})).unwrap(),
    };
    let versions = async || {
        let versions = store.template_versions("old").await.unwrap().unwrap();
        versions
            .into_iter()
            .map(|kept| (kept.version, kept.is_published, kept.published_at.is_some()))
            .collect::<Vec<_>>()
    };
    // Older code writes the head without what the history needs.
    let head = json!({"pk": {"S": "TEMPLATE#old"}, "sk": {"S": "HEAD"}, "owner": {"S": "TEMPLATES"}, "at": {"S": "old"}, "version": {"N": "1700000000000"}});
    let locale =
        json!({"pk": {"S": "TEMPLATE#old"}, "sk": {"S": "LOCALE#de"}, "parts": {"S": "{\"sms\":{\"text\":\"one\"}}"}});
    for item in [head, locale] {
        table.dynamodb("PutItem", json!({"Item": item})).await;
    }
    assert_eq!(versions().await, [(1_700_000_000_000, true, false)]);
    store.put_template(&one("two"), None, now).await.unwrap();
    assert_eq!(versions().await, [(1_700_000_000_001, true, true), (1_700_000_000_000, false, false)]);
    let back = store.roll_back_template("old", 1_700_000_000_000, None, now).await.unwrap();
    assert_eq!(back.now.template, one("one"), "what older code wrote can be had back");

    // A crash may leave versions of a template that is deleted, and the text of its draft.
    let history = async || {
        let range = json!({"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "TEMPLATEHISTORY#old"}}});
        table.dynamodb("Query", range).await["Items"].as_array().unwrap().clone()
    };
    store.put_template_draft(&one("draft"), None, now).await.unwrap();
    let mut left = history().await;
    left.retain(|item| item["sk"]["S"] != "DRAFT");
    assert_eq!(left.len(), 5);
    store.delete_template("old", None, now).await.unwrap();
    assert_eq!(history().await, [Value::Null; 0]);
    let leave = async || {
        for item in &left {
            table.dynamodb("PutItem", json!({"Item": item})).await;
        }
    };
    leave().await;
    assert!(matches!(store.delete_template("old", None, now).await, Err(TemplateError::NotFound)));
    assert_eq!(history().await, [Value::Null; 0], "a repeated deletion has removed them");
    leave().await;
    let created = store.put_template(&one("three"), None, now).await.unwrap().now.version;
    assert_eq!(versions().await, [(created, true, true)]);
    assert!(matches!(store.template_version("old", 1_700_000_000_000).await, Err(TemplateError::NoVersion)));
    assert_eq!(history().await, [Value::Null; 0], "the creation has removed them");
    store.put_template(&one("four"), None, now).await.unwrap();
    let keys: Vec<_> = history().await.iter().map(|item| item["sk"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys, [format!("TEXT#{created}#0"), format!("VERSION#{created}")]);
    table.shutdown().await;
}
