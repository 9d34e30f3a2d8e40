//! Tests of what is asked of the table when several change a template at once. The server answers as each test tells it.

use serde_json::{Value, json};

use super::*;
use crate::{
    aws::tests::{Act, Server},
    clock::Clock,
    domain::Timestamp,
    random::Randomness,
    render::{Parts, Template},
    store::Store,
};

const DONE: Act = Act::Answer(200, "{}");

fn answer(body: &Value) -> Act {
    Act::Answer(200, body.to_string().leak())
}

fn page(items: &[Value]) -> Act {
    answer(&json!({"Items": items}))
}

fn item(item: &Value) -> Act {
    answer(&json!({"Item": item}))
}

fn head(version: u64) -> Value {
    json!({"pk": {"S": "TEMPLATE#a"}, "sk": {"S": "HEAD"}, "version": {"N": version.to_string()}, "since": {"N": "1"}})
}

fn locale(tag: &str, text: &str) -> Value {
    let parts = json!({"sms": {"text": text}}).to_string();
    json!({"pk": {"S": "TEMPLATE#a"}, "sk": {"S": format!("LOCALE#{tag}")}, "parts": {"S": parts}})
}

fn draft(version: u64, begun_from: u64) -> Value {
    json!({
        "pk": {"S": "TEMPLATEHISTORY#a"}, "sk": {"S": "DRAFT"}, "owner": {"S": "TEMPLATE_DRAFTS"}, "at": {"S": "a"},
        "version": {"N": version.to_string()}, "begun_from": {"N": begun_from.to_string()}, "texts": {"N": "1"},
    })
}

fn draft_text(version: u64) -> Value {
    let text = json!({"default": {"sms": {"text": "draft"}}}).to_string();
    json!({
        "pk": {"S": "TEMPLATEHISTORY#a"}, "sk": {"S": "DRAFT#0"}, "version": {"N": version.to_string()},
        "text": {"S": text},
    })
}

fn template(text: &str) -> Template {
    let said: Parts = serde_json::from_value(json!({"sms": {"text": text}})).unwrap();
    Template { code: "a".into(), locales: [("default".to_owned(), said)].into() }
}

/// A store whose table does `acts`, one for each call.
async fn store(acts: &[Act]) -> (Server, Store) {
    let server = Server::start(acts).await;
    let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
    (server, store)
}

/// What each call has asked for.
fn asked(server: &Server) -> Vec<Value> {
    server.bodies().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

/// The values of the condition of a part or a call.
fn values(part: &Value) -> Vec<Value> {
    part["ExpressionAttributeValues"].as_object().map(|all| all.values().cloned().collect()).unwrap_or_default()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1000)
}

#[tokio::test]
async fn a_template_of_several_pages_is_of_one_version() {
    let first = |version| {
        let next = json!({"pk": {"S": "TEMPLATE#a"}, "sk": {"S": "LOCALE#de"}});
        answer(&json!({"Items": [head(version), locale("de", &format!("{version}"))], "LastEvaluatedKey": next}))
    };
    let second = || page(&[locale("fr", "4")]);
    let acts = [first(3), second(), item(&head(4)), first(4), second(), item(&head(4))];
    let (server, store) = store(&acts).await;
    let read = store.template("a").await.unwrap().unwrap();
    let texts = serde_json::to_value(&read.template.locales).unwrap();
    assert_eq!((read.version, texts), (4, json!({"de": {"sms": {"text": "4"}}, "fr": {"sms": {"text": "4"}}})));
    assert_eq!(server.requests(), acts.len());
}

#[tokio::test]
async fn a_new_draft_is_written_only_if_what_it_begins_from_is_still_published() {
    for (published, expected) in [(vec![head(7), locale("default", "x")], vec![json!({"N": "7"})]), (vec![], vec![])] {
        let (server, store) = store(&[page(&[]), page(&published), DONE]).await;
        assert!(store.put_template_draft(&template("new"), None, now()).await.unwrap().is_new);
        let parts = &asked(&server)[2]["TransactItems"];
        let check = parts.as_array().unwrap().iter().find_map(|part| part.get("ConditionCheck")).unwrap();
        assert_eq!(check["Key"], json!({"pk": {"S": "TEMPLATE#a"}, "sk": {"S": "HEAD"}}));
        assert_eq!(values(check), expected);
        assert_eq!(check["ConditionExpression"].as_str().unwrap().contains("not_exists"), expected.is_empty());
    }
}

#[tokio::test]
async fn a_draft_that_is_written_whole_again_keeps_what_it_was_begun_from() {
    let (server, store) =
        store(&[page(&[draft(9, 5), draft_text(9)]), page(&[head(7), locale("default", "x")]), DONE]).await;
    assert_eq!(store.put_template_draft(&template("new"), None, now()).await.unwrap().now.version, 10);
    let record = &asked(&server)[2]["TransactItems"][0]["Put"]["Item"];
    assert_eq!((&record["version"], &record["begun_from"]), (&json!({"N": "10"}), &json!({"N": "5"})));
}

#[tokio::test]
async fn a_deletion_takes_the_draft_that_it_has_read_and_no_later_one() {
    for (record, expected) in [(item(&draft(9, 7)), vec![json!({"N": "9"})]), (DONE, vec![])] {
        // What is left is looked for at last.
        let acts = [page(&[head(7), locale("default", "x")]), record, DONE, page(&[]), page(&[])];
        let (server, store) = store(&acts).await;
        store.delete_template("a", None, now()).await.unwrap();
        let calls = asked(&server);
        let parts = calls[2]["TransactItems"].as_array().unwrap();
        let deleted = parts.iter().map(|part| &part["Delete"]).find(|part| part["Key"]["sk"]["S"] == "DRAFT").unwrap();
        assert_eq!(values(deleted), expected);
        assert_eq!(deleted["ConditionExpression"].as_str().unwrap().contains("not_exists"), expected.is_empty());
        assert_eq!(calls.len(), acts.len());
    }
}

#[tokio::test]
async fn a_repeated_deletion_removes_what_the_first_has_left() {
    let version = json!({
        "pk": {"S": "TEMPLATEHISTORY#a"}, "sk": {"S": "VERSION#0000000000006"}, "version": {"N": "6"},
        "locales": {"L": []}, "texts": {"N": "1"},
    });
    let acts = [page(&[]), page(std::slice::from_ref(&version)), DONE, DONE, DONE, page(&[draft_text(9)]), DONE, DONE];
    let (server, store) = store(&acts).await;
    assert!(matches!(store.delete_template("a", None, now()).await, Err(TemplateError::NotFound)));
    let calls = asked(&server);
    let keys: Vec<_> = [3, 4, 7].iter().map(|call: &usize| calls[*call]["Key"]["sk"]["S"].clone()).collect();
    assert_eq!(keys, ["TEXT#0000000000006#0", "VERSION#0000000000006", "DRAFT#0"]);
    assert_eq!(values(&calls[7]), [json!({"N": "9"})], "it may be the text of the next draft by now");
    assert_eq!(calls.len(), acts.len());
    // The code has a template again, and a draft: theirs stays.
    let acts = [page(&[]), page(&[version]), item(&head(7)), page(&[draft_text(9)]), item(&draft(9, 7))];
    let (server, store) = self::store(&acts).await;
    assert!(matches!(store.delete_template("a", None, now()).await, Err(TemplateError::NotFound)));
    assert_eq!(server.requests(), acts.len());
}

#[tokio::test]
async fn a_template_that_is_created_anew_has_nothing_of_the_one_before() {
    let acts = [page(&[]), DONE, page(&[]), page(&[draft_text(9)]), DONE, DONE];
    let (server, store) = store(&acts).await;
    assert!(store.put_template(&template("x"), None, now()).await.unwrap().is_new);
    let calls = asked(&server);
    assert_eq!(calls[2]["ExpressionAttributeValues"][":low"], json!({"S": "VERSION#"}));
    assert_eq!((calls.len(), &calls[5]["Key"]["sk"]), (acts.len(), &json!({"S": "DRAFT#0"})));
}
