//! The catalogue itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{CATEGORIES, by_admin, catalogue, path, stack};
use crate::{contract3::Operator, counts::calls};

fn whole(handle: &str, more: Value) -> Value {
    let mut category = json!({
        "handle": handle, "name": {"default": "News"}, "description": null, "channels": null, "template_code": null,
        "critical": false, "required": false, "default_in": true, "hidden": false, "position": 0,
    });
    category.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    category
}

#[tokio::test]
async fn a_category_is_created_read_listed_replaced_and_deleted() {
    let (stack, client) = stack().await;
    let all = json!({
        "name": {"default": "Security", "de": "Sicherheit"}, "description": {"default": "New devices"},
        "channels": ["push", "email"], "template_code": "security", "critical": true, "required": true, "hidden": true,
        "position": 9,
    });
    let security = whole("security", all.clone());
    by_admin(&client, Method::PUT, &path("security"), all).await.is(201, security.clone());
    let named = json!({"name": {"default": "News"}});
    let news = whole("com.example.news", json!({}));
    by_admin(&client, Method::PUT, &path("com.example.news"), named.clone()).await.is(201, news.clone());
    let offers = whole("offers", json!({"default_in": false}));
    let opt_in = json!({"name": {"default": "News"}, "default_in": false});
    by_admin(&client, Method::PUT, &path("offers"), opt_in).await.is(201, offers.clone());
    let list = by_admin(&client, Method::GET, CATEGORIES, Value::Null).await;
    let page = json!({"limit": 25, "after": null, "has_more_after": false});
    list.is(200, json!({"items": [news, offers, security], "page": page}));
    let first = by_admin(&client, Method::GET, &format!("{CATEGORIES}?limit=1"), Value::Null).await.json();
    let next = format!("{CATEGORIES}?limit=2&after={}", first["page"]["after"].as_str().unwrap());
    let rest = by_admin(&client, Method::GET, &next, Value::Null).await.json();
    assert_eq!((&first["items"], &rest["items"]), (&json!([news]), &json!([offers, security])));
    let replaced = by_admin(&client, Method::PUT, &path("security"), named).await;
    replaced.is(200, whole("security", json!({})));
    let read = by_admin(&client, Method::GET, &path("security"), Value::Null).await;
    assert_eq!(read.header("etag"), replaced.header("etag"));
    assert_eq!(by_admin(&client, Method::DELETE, &path("security"), Value::Null).await.status.as_u16(), 204);
    for method in [Method::GET, Method::DELETE] {
        let gone = by_admin(&client, method, &path("security"), Value::Null).await;
        gone.is(404, json!({"statusCode": 404, "message": "Category not found"}));
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn what_is_not_valid_is_refused_and_nothing_is_written() {
    let (stack, client) = stack().await;
    let put = async |handle: &str, body: Value| by_admin(&client, Method::PUT, &path(handle), body).await;
    let refused = |errors: Value| json!({"statusCode": 400, "message": "Validation failed", "errors": errors});
    let named = json!({"name": {"default": "News"}});
    put("a%2Fb", named.clone()).await.is(404, json!({"statusCode": 404, "message": "There is nothing at this path"}));
    let handle = json!(["handle must be a line of 1 to 128 characters, none of / ? # %"]);
    put("a%3Fb", named.clone()).await.is(400, refused(handle.clone()));
    put(&"x".repeat(129), named.clone()).await.is(400, refused(handle));
    let later = put("news", json!({"name": {"default": "News"}, "steps": []})).await;
    later.is(400, refused(json!(["steps is not a known field"])));
    // One of Akana's ten groups is a category like others, but for what its clients could not say.
    let group = "com.soa.notification.type.news.update";
    for (field, value) in [("required", true), ("default_in", false)] {
        let mut body = named.clone();
        body[field] = json!(value);
        let fault = format!(
            "{field} must keep its default: this handle is a group of Akana's dialect, whose clients write each of its groups in or out"
        );
        put(group, body).await.is(400, refused(json!([fault])));
    }
    assert_eq!(by_admin(&client, Method::GET, CATEGORIES, Value::Null).await.json()["items"], json!([]));
    assert_eq!(put(group, named).await.status.as_u16(), 201);
    stack.shutdown().await;
}

#[tokio::test]
async fn the_whole_catalogue_stays_within_one_page_of_a_query() {
    let (stack, client) = stack().await;
    let admin = client.token("admin").await;
    let put = async |handle: &str, body: Value| client.json(Method::PUT, &path(handle), &admin, &body).await;
    // 40 languages of 100 characters, and descriptions that fill the rest.
    let tags = [
        "aa", "ab", "af", "am", "ar", "as", "ay", "az", "ba", "be", "bg", "bh", "bi", "bn", "bo", "br", "ca", "co",
        "cs",
    ];
    let texts = |length: usize| {
        let all = tags.iter().chain(&["default"]).map(|tag| ((*tag).to_owned(), json!("x".repeat(length))));
        Value::Object(all.collect())
    };
    let large = json!({"name": texts(100), "description": texts(135)});
    assert_eq!(put("large", large).await.status.as_u16(), 201);
    let too_large = put("too-large", json!({"name": texts(100), "description": texts(145)})).await;
    let fault = "a category must have at most 5000 bytes, its names and descriptions in all languages together";
    too_large.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    for n in 1..200 {
        assert_eq!(put(&format!("n{n}"), json!({"name": {"default": "x"}})).await.status.as_u16(), 201);
    }
    let full = put("one-more", json!({"name": {"default": "x"}})).await;
    full.is(409, json!({"statusCode": 409, "message": "There are already 200 categories: delete one first"}));
    assert_eq!(put("n1", json!({"name": {"default": "another"}})).await.status.as_u16(), 200, "it is there already");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_process_reads_the_whole_catalogue_by_one_query_and_not_again_for_a_while() {
    let (stack, client) = stack().await;
    let handles: Vec<_> = (0..30).map(|n| format!("n{n}")).collect();
    let all: Vec<_> = handles.iter().map(|handle| (handle.as_str(), json!({}))).collect();
    catalogue(&stack, &client, &all).await;
    let operator = Operator::of(client.clone()).await;
    let user = format!("/admin/v1/users/{}", operator.user);
    assert_eq!(operator.send(Method::GET, &user, Value::Null).await.status.as_u16(), 200, "the key is known");
    let costs = async |enabled: bool| {
        let body = json!({"notiflows": {"n7": {"enabled": enabled}}});
        let put = async || {
            let put = operator.send(Method::PUT, &format!("{user}/preferences"), body).await;
            assert_eq!(put.json()["notiflows"]["n7"]["enabled"], enabled, "{}", put.text);
        };
        json!(calls(&client, put).await.into_iter().map(|(name, cost)| (name, cost[0].clone())).collect::<Vec<_>>())
    };
    assert_eq!(costs(false).await, json!([["Query", 1], ["UpdateItem", 1]]));
    assert_eq!(costs(true).await, json!([["UpdateItem", 1]]));
    stack.shutdown().await;
}
