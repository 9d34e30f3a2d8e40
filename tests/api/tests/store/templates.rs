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
