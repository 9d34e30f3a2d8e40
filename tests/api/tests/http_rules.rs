//! The rules of HTTP that hold for every operation of the document, in one stack. A new operation is tried by itself: its
//! request that succeeds is that of the recordings.

use std::collections::BTreeMap;

use api::Answer;
use serde_json::{Value, json};
use shared::domain::{DeadLetter, dead_letter::ID_PATTERN};

use crate::recordings::{
    operations::{self, Operation},
    requests,
    stage::{Request, Stage, Who},
};

/// Whether the operation is of the native API. Contract 4 has two methods of one of its paths.
fn is_native(operation: &Operation) -> bool {
    let of_valara = operation.path.ends_with("/preferences") && ["GET", "PATCH"].contains(&operation.method.as_str());
    operation.path.starts_with("/api/v1/") && !of_valara
}

fn with_query(request: &Request, query: &str) -> Request {
    let before = if request.path.contains('?') { '&' } else { '?' };
    Request { path: format!("{}{before}{query}", request.path), ..request.clone() }
}

/// The parameters of the query that the document gives an operation, in order.
fn parameters(operation: &Operation) -> Vec<String> {
    let document = ::docs::document();
    let all = document.paths[&operation.path][&operation.method.to_lowercase()]["parameters"].as_array().cloned();
    let of_query = all.into_iter().flatten().filter(|parameter| parameter["in"] == "query");
    of_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_native_api_refuses_unknown_parameters_and_lists_what_there_is_and_the_products_and_pages_ignore_them() {
    let stage = Stage::start().await;
    let mut wrong = Vec::new();
    let (mut native, mut others) = (0, 0);
    for operation in operations::all() {
        stage.begin(&operation.id);
        let good = requests::good(&stage, &operation.id).await.request(&stage, &operation).await;
        let names = parameters(&operation);
        if is_native(&operation) {
            native += 1;
            let there_are = if names.is_empty() {
                "this request takes none".to_owned()
            } else {
                format!("this request takes {}", names.join(", "))
            };
            let unknown = |name: &str| format!("{name} is not a known parameter: {there_are}");
            let mut refused = vec![
                ("unread=true&Limit=1", vec![unknown("Limit"), unknown("unread")]),
                ("=1", vec![unknown("\"\"")]),
                ("unread", vec![unknown("unread")]),
            ];
            if names.iter().any(|name| name == "limit") {
                refused.push(("limit=1&limit=1", vec!["limit must be given once".to_owned()]));
            }
            for (query, errors) in refused {
                let answer = stage.send(&with_query(&good, query)).await;
                let expected = json!({"statusCode": 400, "message": "Validation failed", "errors": errors});
                if answer.json() != expected {
                    wrong.push(format!("{} ?{query}: {} {}", operation.id, answer.status, answer.text));
                }
            }
        } else {
            others += 1;
        }
        // Nothing was done, so the request itself still succeeds. A query of separators has no parameter.
        let query = if is_native(&operation) { "&&" } else { "unread=true&unread=true&=1" };
        let answer = stage.send(&with_query(&good, query)).await;
        if answer.status.as_u16() >= 400 {
            wrong.push(format!("{} ?{query}: {} {}", operation.id, answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((native, others), (59, 73));
    stage.stack.shutdown().await;
}

#[tokio::test]
async fn a_body_with_a_content_coding_is_415_in_every_dialect_and_does_nothing() {
    let stage = Stage::start().await;
    let mut wrong = Vec::new();
    let mut tried = 0;
    for operation in operations::all().into_iter().filter(|operation| operation.has_body) {
        stage.begin(&operation.id);
        let mut good = requests::good(&stage, &operation.id).await.request(&stage, &operation).await;
        if good.body.is_none() {
            good = good.json(&json!({}));
        }
        tried += 1;
        let mut check = |what: &str, answer: &Answer, holds: bool| {
            if !holds {
                wrong.push(format!("{} {what}: {} {:?} {}", operation.id, answer.status, answer.headers, answer.text));
            }
        };
        // The shape is that of the dialect's other refusals.
        let shape = |answer: &Answer| match serde_json::from_str::<Value>(&answer.text) {
            Ok(Value::Object(body)) => body.into_iter().map(|(name, _)| name).filter(|name| name != "errors").collect(),
            _ => vec![answer.header("content-type").to_owned()],
        };
        let malformed = stage.send(&Request { body: Some(b"\x1f\x8b".to_vec()), ..good.clone() }).await;
        for coding in ["gzip", "identity, br"] {
            let answer = stage.send(&good.clone().header("content-encoding", coding)).await;
            check(coding, &answer, answer.status == 415 && answer.header("accept-encoding") == "identity");
            check("shape", &answer, shape(&answer) == shape(&malformed));
        }
        // Nothing was done, so the request itself still succeeds.
        let answer = stage.send(&good.header("content-encoding", "identity")).await;
        check("identity", &answer, answer.status.as_u16() < 400);
        check("undocumented", &answer, documents(&operation, 415));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(tried, 43);
    stage.stack.shutdown().await;
}

/// Whether the document gives the operation an answer of that status.
fn documents(operation: &Operation, status: u16) -> bool {
    let responses = &::docs::document().paths[&operation.path][&operation.method.to_lowercase()]["responses"];
    responses[status.to_string()].is_object()
}

/// The headers that are the same whenever a request is repeated.
fn lasting(answer: &Answer) -> BTreeMap<String, String> {
    let changing = ["date", "x-request-id", "apigw-requestid"];
    let lasting = answer.headers.iter().filter(|(name, _)| !changing.contains(&name.as_str()));
    lasting.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn head_is_get_without_a_body_and_each_native_read_has_a_tag_by_which_it_is_answered_304_or_412() {
    let stage = Stage::start().await;
    let mut wrong = Vec::new();
    let mut reads = 0;
    for operation in operations::all().into_iter().filter(|operation| operation.method == "GET") {
        reads += 1;
        stage.begin(&operation.id);
        let good = requests::good(&stage, &operation.id).await;
        let request = good.request(&stage, &operation).await;
        // A list must not change between two requests.
        stage.client.index_catches_up().await;
        let nobody = Request { headers: Vec::new(), ..request.clone() };
        let head = |request: &Request| Request { method: "HEAD".to_owned(), ..request.clone() };
        let mut check = |what: &str, holds: bool| {
            if !holds {
                wrong.push(format!("{}: {what}", operation.id));
            }
        };
        for request in [&request, &nobody, &with_query(&request, "unread=true")] {
            let (got, without) = (stage.send(request).await, stage.send(&head(request)).await);
            let what = format!("{} {:?} and {} {:?}", got.status, lasting(&got), without.status, lasting(&without));
            check(&what, got.status == without.status && lasting(&got) == lasting(&without) && without.text.is_empty());
        }
        let got = stage.send(&request).await;
        check("no 200", got.status == 200);
        let tag = got.header("etag").to_owned();
        if operation.path.starts_with("/api/v1/") {
            check("no tag", !tag.is_empty());
        }
        if operation.takes("IfNoneMatch") {
            for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
                let again = request.clone().header("if-none-match", known.as_str());
                for request in [head(&again), again] {
                    let answer = stage.send(&request).await;
                    // Without a content type, API Gateway adds its own.
                    check(&known, answer.status == 304 && answer.header("etag") == tag && answer.text.is_empty());
                }
            }
            let other = stage.send(&request.clone().header("if-none-match", "\"x\"")).await;
            check("another tag", (other.status, &other.text) == (got.status, &got.text));
        }
        if operation.takes("IfUnchanged") {
            // It wins over If-None-Match (RFC 9110 §13.2.2), and compares strongly.
            let wanted = |wanted: &str| request.clone().header("if-match", wanted).header("if-none-match", "*");
            for (wanted_tag, status) in
                [(tag.clone(), 304), ("*".to_owned(), 304), (format!("W/{tag}"), 412), ("\"x\"".to_owned(), 412)]
            {
                for request in [wanted(&wanted_tag), head(&wanted(&wanted_tag))] {
                    check(&format!("If-Match {wanted_tag}"), stage.send(&request).await.status == status);
                }
            }
            let same = stage.send(&request.clone().header("if-match", format!("\"x\", {tag}"))).await;
            check("its own tag", (same.status, &same.text) == (got.status, &got.text));
            let stale = stage.send(&request.clone().header("if-match", "\"x\"")).await;
            check(&format!("stale: {}", stale.text), stale.text.contains("If-Match") && documents(&operation, 412));
        }
        let is_documented = operation.takes("IfNoneMatch") && operation.takes("IfUnchanged");
        check("undocumented", is_documented || !operation.path.starts_with("/api/v1/"));
    }
    let post = stage.send(&Request::new("HEAD", "/api/login")).await;
    assert_eq!((post.status.as_u16(), post.header("allow"), post.text.as_str()), (405, "POST", ""));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(reads, 65);
    stage.stack.shutdown().await;
}

#[tokio::test]
async fn if_none_match_any_creates_and_changes_nothing_that_is_there() {
    let stage = Stage::start().await;
    stage.begin("create-only");
    let (admin, user) = (Who::admin(), stage.user().await);
    let code = stage.fresh();
    let parts = json!({"sms": {"text": "Hello"}});
    let (channel, other) = (json!({"provider": "sms", "secret": "tidings/sms"}), json!({"provider": "email"}));
    // What a write creates, and another body for it.
    for (who, path, body, another, created) in [
        (&admin, format!("/api/v1/channels/{code}"), channel, other, 201),
        (
            &admin,
            format!("/api/v1/categories/{code}"),
            json!({"name": {"default": "News"}}),
            json!({"name": {"default": "Offers"}}),
            201,
        ),
        (
            &admin,
            format!("/api/v1/templates/{code}"),
            json!({"locales": {"default": parts}}),
            json!({"locales": {"de": parts}}),
            201,
        ),
        (
            &admin,
            format!("/api/v1/templates/{code}/locales/fr"),
            parts.clone(),
            json!({"sms": {"text": "Bonjour"}}),
            201,
        ),
        (
            &admin,
            format!("/api/v1/users/{user}/quiet-hours"),
            json!({"start": "22:00", "end": "07:00"}),
            json!({"start": "23:00", "end": "07:00"}),
            200,
        ),
        (&Who::Pair, format!("/admin/v1/users/{code}"), json!({"first_name": "A"}), json!({"first_name": "B"}), 201),
        (
            &Who::Pair,
            format!("/admin/users/{user}/channel-settings/{}", stage.told("/channels/fcm")),
            json!({"settings": {"device_tokens": ["first"]}}),
            json!({"settings": {"device_tokens": ["second"]}}),
            200,
        ),
        (&Who::user(&user), "/settings/user".to_owned(), json!({"a": 1}), json!({"a": 2}), 200),
    ] {
        let put = stage.by(who, "PUT", path.as_str()).await;
        let create = put.clone().header("if-none-match", "*");
        stage.expect(created, &create.clone().json(&body)).await;
        stage.expect(412, &create.json(&another)).await;
        let read = stage.by(who, "GET", path.as_str()).await;
        let first = stage.expect(200, &read).await;
        let tag = first.header("etag").to_owned();
        stage.expect(412, &put.clone().header("if-none-match", tag.as_str()).json(&another)).await;
        for none in [r#""999""#, r#""+9""#, r#"W/"9""#, r#""x""#] {
            stage.expect(412, &put.clone().header("if-match", none).json(&another)).await;
        }
        let both = put.clone().header("if-match", tag.as_str()).header("if-none-match", "*");
        stage.expect(412, &both.json(&another)).await;
        assert_eq!(stage.expect(200, &read).await.text, first.text, "{path}");
        let changed = stage.expect(200, &put.header("if-match", tag.as_str()).json(&another)).await;
        assert_ne!(changed.header("etag"), tag, "{path}");
    }
    // What a native write can only change or remove.
    for operation in operations::all() {
        if !is_native(&operation) || !["PUT", "PATCH", "DELETE"].contains(&operation.method.as_str()) {
            continue;
        }
        stage.begin(&format!("only-{}", operation.id));
        let good = requests::good(&stage, &operation.id).await.request(&stage, &operation).await;
        if operation.method == "PUT" {
            stage.send(&good).await;
        }
        let refused = stage.send(&good.clone().header("if-none-match", "*")).await;
        assert_eq!(refused.status.as_u16(), 412, "{}: {}", operation.id, refused.text);
        assert!(stage.send(&good).await.status.is_success(), "{}", operation.id);
    }
    stage.stack.shutdown().await;
}

#[test]
fn the_document_s_pattern_of_a_dead_letter_s_id_is_what_the_code_takes() {
    let pattern = regex::Regex::new(ID_PATTERN).unwrap();
    let every_year = (0..=9999).flat_map(|year| [(year, 2, 28), (year, 2, 29), (year, 2, 30), (year, 12, 31)]);
    let days = [0, 1, 1900, 2000, 2023, 2024, 9998, 9999].into_iter();
    let days = days.flat_map(|year| (0..=13).flat_map(move |month| (0..=32).map(move |day| (year, month, day))));
    let dates =
        every_year.chain(days).map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}T10:00:00.000Z#a"));
    let others = [
        "T24:00:00.000Z#a",
        "T23:59:59.999Z#a",
        "T23:59:60.000Z#a",
        "T10:00:00Z#a",
        "T10:00:00.000Z#",
        "T10:00:00.000Z#é",
    ];
    for id in dates.chain(others.map(|rest| format!("2024-02-29{rest}"))) {
        assert_eq!(pattern.is_match(&id), DeadLetter::is_id(&id), "{id}");
    }
    assert!(DeadLetter::is_id("2024-02-29T10:00:00.000Z#a") && !DeadLetter::is_id("0915-02-29T10:00:00.000Z#a"));
}
