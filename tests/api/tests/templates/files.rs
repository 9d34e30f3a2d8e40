//! Templates as files in a repository: all are exported, and many are written by one request.

use std::collections::BTreeMap;

use api::{Client, options, own, shared};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, fresh, sms};

/// A list, page by page, as it was answered.
async fn pages(client: &Client, query: &str) -> Vec<Value> {
    let (mut all, mut path) = (Vec::new(), query.to_owned());
    loop {
        let page = ask(client, Method::GET, &path, "service", Value::Null).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let page = page.json();
        all.push(page);
        let Some(after) = all.last().unwrap()["page"]["after"].as_str() else { return all };
        path = format!("{query}&after={after}");
    }
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap()
}

#[tokio::test]
async fn all_templates_are_exported_in_pages_that_can_be_written_back_as_they_are() {
    let (stack, client) = own(options(&[])).await;
    let text = "x".repeat(60_000);
    let mut expected = BTreeMap::new();
    for n in 0..9 {
        // The locales of one template are more than one request may have.
        let tags = if n == 4 { vec!["de", "en", "es", "fr", "it"] } else { vec!["default"] };
        for tag in tags {
            let said = json!({"email": {"subject": "S", "text": format!("{n}{text}")}});
            let path = format!("/export-{n}/locales/{tag}");
            assert_eq!(ask(&client, Method::PUT, &path, "admin", said.clone()).await.status, 201);
            let locales: &mut Value = expected.entry(format!("export-{n}")).or_insert_with(|| json!({}));
            locales[tag] = said;
        }
    }
    client.index_catches_up().await;
    let pages = pages(&client, "?export&limit=100").await;
    let all: Vec<_> =
        pages.iter().flat_map(items).filter(|item| item["code"].as_str().unwrap().starts_with("export-")).collect();
    let found: BTreeMap<_, _> =
        all.iter().map(|item| (item["code"].as_str().unwrap().to_owned(), item["locales"].clone())).collect();
    assert_eq!((all.len(), found), (9, expected));
    assert!(pages.len() >= 3, "four, the one that is too large, and four: {}", pages.len());
    for body in &pages {
        let page = items(body);
        let written = ask(&client, Method::PUT, "", "admin", body.clone()).await;
        if page.len() == 1 && body.to_string().len() > 256 * 1024 {
            assert_eq!(written.status, 413, "one that is too large alone is written by its locales");
            continue;
        }
        let results = written.json();
        let results: Vec<_> =
            results["items"].as_array().unwrap().iter().map(|item| (&item["code"], &item["result"])).collect();
        let unchanged = json!("unchanged");
        assert_eq!(
            results,
            page.iter().map(|item| (&item["code"], &unchanged)).collect::<Vec<_>>(),
            "{}",
            written.text
        );
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn drafts_are_exported_too() {
    let client = shared();
    let (code, path) = fresh();
    let whole = |text: &str| json!({"code": code, "locales": {"default": sms(text)}});
    ask(&client, Method::PUT, &path, "admin", whole("live")).await;
    ask(&client, Method::PUT, &format!("{path}?draft=true"), "admin", whole("draft")).await;
    client.index_catches_up().await;
    let of = async |query: &str| {
        let pages = pages(&client, query).await;
        pages.iter().flat_map(items).filter(|item| item["code"] == code.as_str()).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of("?export=true&limit=100").await, [whole("live")]);
    assert_eq!(of("?export=true&draft=true&limit=100").await, [whole("draft")]);
    assert_eq!(of("?export=false&limit=100").await, [json!({"code": code})]);
    let told = json!({"statusCode": 400, "message": "Validation failed", "errors": ["export must be true or false"]});
    ask(&client, Method::GET, "?export=yes", "service", Value::Null).await.is(400, told);
}

#[tokio::test]
async fn many_are_written_by_one_request_which_says_what_became_of_each() {
    let client = shared();
    let (kept, path) = fresh();
    let (changed, new) = (format!("{kept}-changed"), format!("{kept}-new"));
    let whole = |code: &str, text: &str| json!({"code": code, "locales": {"default": sms(text)}});
    let first = ask(&client, Method::PUT, &path, "admin", whole(&kept, "one")).await.version();
    let other = ask(&client, Method::PUT, &format!("/{changed}"), "admin", whole(&changed, "one")).await.version();
    let body = json!({"items": [whole(&new, "one"), whole(&changed, "two"), whole(&kept, "one")]});
    let written = ask(&client, Method::PUT, "", "admin", body.clone()).await;
    let version = written.json()["items"][0]["version"].clone();
    written.is(
        200,
        json!({"items": [
            {"code": new, "result": "created", "version": version},
            {"code": changed, "result": "updated", "version": other + 1},
            {"code": kept, "result": "unchanged", "version": first},
        ]}),
    );
    let read = ask(&client, Method::GET, &format!("/{new}"), "service", Value::Null).await;
    read.is(200, whole(&new, "one"));
    assert_eq!(json!(read.version()), version);

    // One fault, and nothing is written.
    let faulty =
        json!({"items": [whole(&kept, "two"), {"code": new, "locales": {"fr": sms("{{")}}, whole(&kept, "three")]});
    ask(&client, Method::PUT, "", "admin", faulty).await.is(
        400,
        json!({"statusCode": 400, "message": "Validation failed", "errors": [
            "items[1].locales.fr.sms.text, line 1: unexpected end of input, expected expression",
            "items[2].code is given twice",
        ]}),
    );
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(200, whole(&kept, "one"));
    let bearer = format!("Bearer {}", client.token("admin").await);
    for (name, value, status) in [("if-none-match", "*", 412), ("if-match", "\"1\"", 412), ("if-match", "*", 200)] {
        let headers = [("authorization", bearer.as_str()), (name, value)];
        let answer = client.send(Method::PUT, "/api/v1/templates", &headers, Some(body.to_string().into_bytes())).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value}: {}", answer.text);
    }
}

#[tokio::test]
async fn what_the_table_has_refused_is_named_and_the_same_request_writes_the_rest() {
    let (stack, client) = own(options(&[])).await;
    let whole = |code: &str| json!({"code": code, "locales": {"default": sms("x")}});
    let body = json!({"items": [whole("first"), whole("second"), whole("third")]});
    let fault = json!({"dynamodb": [{"operation": "TransactWriteItems", "kind": "throttle", "containing": ["TEMPLATE#second"]}]});
    client.json(Method::PUT, "/_local/faults", "", &fault).await;
    let bearer = format!("Bearer {}", client.token("admin").await);
    let put = async || {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "files")];
        client.send(Method::PUT, "/api/v1/templates", &headers, Some(body.to_string().into_bytes())).await
    };
    let refused = put().await;
    refused.is(
        503,
        json!({"statusCode": 503, "message": "Not everything was written: send the same request again to write the rest",
            "errors": ["second may not have been written"]}),
    );
    assert_eq!(refused.header("retry-after"), "1");
    client.json(Method::DELETE, "/_local/faults", "", &Value::Null).await;
    let written = put().await.json();
    let results: Vec<_> =
        written["items"].as_array().unwrap().iter().map(|item| item["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["unchanged", "created", "unchanged"]);
    stack.shutdown().await;
}
