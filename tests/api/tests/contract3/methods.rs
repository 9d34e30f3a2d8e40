//! What all methods of the product's client have in common. COMPATIBILITY.md has a row for each of them, with its test.

use api::{options, own, unique};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_error, user_path};

const KEYS: [&str; 2] = ["x-notiflows-api-key", "x-notiflows-secret-key"];

impl Operator {
    async fn made(&self, external: &str) -> String {
        let made = self.send(Method::PUT, &user_path(external), json!({"first_name": "A"})).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
        made.json()["id"].as_str().unwrap().to_owned()
    }
}

/// The ids of a list's items, one a page, as the product's clients walk it: while `after` is set. No page on the way is empty, and the last
/// one has no `after`, so that nobody asks once more.
async fn walked(operator: &Operator, path: &str) -> usize {
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = operator.send(Method::GET, &format!("{path}?limit=1{after}"), Value::Null).await;
        assert_eq!(page.status.as_u16(), 200, "{path}: {}", page.text);
        let page = page.json();
        let names: Vec<_> = page["page"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["after", "before", "has_more_after", "has_more_before", "limit"], "{path}");
        let items = page["items"].as_array().unwrap().len();
        count += items;
        assert_eq!(page["page"]["has_more_after"], page["page"]["after"].is_string(), "{path}: {page}");
        let Some(next) = page["page"]["after"].as_str() else { return count };
        assert_eq!(items, 1, "{path}: {page}");
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn the_last_page_of_each_list_has_no_after_none_before_it_is_empty_and_no_cursor_leads_into_another_list() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client).await;
    let (one, other) = (external_id(), external_id());
    let id = operator.made(&one).await;
    operator.made(&other).await;
    for topic in ["a", "b", "c"] {
        let body = json!({"user_external_ids": [one, other]});
        let path = format!("/admin/v1/topics/{topic}/subscriptions");
        assert_eq!(operator.send(Method::POST, &path, body).await.status.as_u16(), 200);
    }
    let mut last = String::new();
    for _ in 0..3 {
        let body = json!({"user_id": id, "channels": ["email", "slack"], "content": {"subject": "S", "body": "B"}});
        last = operator.client.notify(&body).await;
        operator.client.settled(&last).await;
    }
    operator.client.index_catches_up().await;
    let whole = async |path: &str| {
        let listed = operator.send(Method::GET, &format!("{path}?limit=1000"), Value::Null).await;
        listed.json()["items"].as_array().unwrap_or_else(|| panic!("{path}: {}", listed.text)).clone()
    };
    let of = [user_path(&one), user_path(&other)];
    let lists = [
        ("/admin/v1/users".to_owned(), whole("/admin/v1/users").await.len()),
        ("/admin/v1/topics".to_owned(), 3),
        ("/admin/v1/topics/a/subscriptions".to_owned(), 2),
        ("/admin/v1/topics/b/subscriptions".to_owned(), 2),
        (format!("{}/subscriptions", of[0]), 3),
        (format!("{}/subscriptions", of[1]), 3),
        ("/admin/v1/notifications".to_owned(), 3),
        (format!("/admin/v1/notifications/{last}/deliveries"), 2),
        ("/admin/v1/deliveries".to_owned(), 6),
        (format!("{}/notifications", of[0]), 3),
        (format!("{}/notifications", of[1]), 0),
        (format!("{}/deliveries", of[0]), 6),
        (format!("{}/deliveries", of[1]), 0),
    ];
    let mut cursors = Vec::new();
    for (path, count) in &lists {
        assert_eq!(walked(&operator, path).await, *count, "{path}");
        let first = operator.send(Method::GET, &format!("{path}?limit=1"), Value::Null).await.json();
        cursors.extend(first["page"]["before"].as_str().map(str::to_owned));
    }
    assert_eq!(cursors.len(), lists.len() - 2, "an empty list has none");
    // A cursor of another list is refused, or is a place in time in this list, too. It never leads into the other list.
    let mut refused = 0;
    for (path, _) in &lists {
        let own = whole(path).await;
        for cursor in &cursors {
            let answer = operator.send(Method::GET, &format!("{path}?after={cursor}"), Value::Null).await;
            if answer.status.as_u16() == 400 {
                is_error(&answer, 400, "bad_request", json!({"reason": "invalid_param", "param": "after"}));
                refused += 1;
                continue;
            }
            assert_eq!(answer.status.as_u16(), 200, "{path} {cursor}: {}", answer.text);
            let body = answer.json();
            let strangers: Vec<_> =
                body["items"].as_array().unwrap().iter().filter(|item| !own.contains(*item)).collect();
            assert!(strangers.is_empty(), "{path} {cursor}: {strangers:?}");
        }
    }
    assert!(refused > 0, "lists of other kinds have other places");
    stack.shutdown().await;
}

#[tokio::test]
async fn all_of_a_topic_s_users_are_unsubscribed_by_a_delete_with_a_body_with_200() {
    let operator = Operator::new().await;
    let (one, other) = (external_id(), external_id());
    let users = [operator.made(&one).await, operator.made(&other).await];
    let topic = format!("all-{}.{}", std::process::id(), unique());
    let path = format!("/admin/v1/topics/{topic}/subscriptions");
    let body = json!({"user_external_ids": [one, other]});
    let made = operator.send(Method::POST, &path, body.clone()).await;
    let successful = made.json()["successful"].clone();
    let expected: Vec<_> = (0..2)
        .map(|n| {
            let one = &successful[n];
            json!({"id": one["id"], "topic_name": topic, "user_id": users[n], "created_at": one["created_at"]})
        })
        .collect();
    made.is(200, json!({"successful": expected, "failed": []}));
    let ended = operator.send(Method::DELETE, &path, body.clone()).await;
    ended.is(200, json!({"successful": expected, "failed": []}));
    let failed: Vec<_> =
        [&one, &other].map(|id| json!({"external_id": id, "reason": "not_subscribed"})).into_iter().collect();
    operator.send(Method::DELETE, &path, body.clone()).await.is(207, json!({"successful": [], "failed": failed}));
    // The answer to the first request was lost.
    let keys = [(KEYS[0], operator.api_key.as_str()), (KEYS[1], operator.secret_key.as_str())];
    let headers = [keys[0], keys[1], ("x-stainless-retry-count", "1")];
    let again = operator.client.send(Method::DELETE, &path, &headers, Some(body.to_string().into_bytes())).await;
    again.is(200, json!({"successful": [], "failed": []}));
}

#[tokio::test]
async fn settings_have_one_shape_by_every_path_of_the_application_and_of_the_user() {
    let operator = Operator::new().await;
    let demo = Demo::new().unwrap();
    let user_key = demo.sign(&demo.user_key_claims(&operator.user));
    let channel = operator.channels["fcm"].as_str().unwrap();
    let of_application = [(KEYS[0], operator.api_key.as_str()), (KEYS[1], operator.secret_key.as_str())];
    let of_user = [(KEYS[0], operator.api_key.as_str()), ("x-notiflows-user-key", user_key.as_str())];
    for (keys, path) in [
        (of_application, format!("/admin/users/{}/channel-settings/{channel}", operator.user)),
        (of_application, format!("/admin/v1/users/{}/channel-settings/{channel}", operator.user)),
        (of_user, format!("/user/channels/{channel}/settings")),
        (of_user, format!("/user/v1/channels/{channel}/settings")),
    ] {
        let send = async |method: Method, tried: &str, body: &Value| {
            let headers = [keys[0], keys[1], ("x-stainless-retry-count", tried)];
            let body = (!body.is_null()).then(|| body.to_string().into_bytes());
            operator.client.send(method, &path, &headers, body).await
        };
        let body = json!({"settings": {"device_tokens": ["a"]}});
        let put = send(Method::PUT, "0", &body).await;
        let at = put.json()["created_at"].clone();
        let expected = json!({
            "channel_id": channel, "created_at": at, "provider": "fcm", "settings": {"device_tokens": ["a"]},
            "updated_at": at, "user_id": operator.user,
        });
        put.is(200, expected.clone());
        let again = send(Method::PUT, "1", &body).await;
        assert_eq!((again.status.as_u16(), &again.json()["created_at"]), (200, &at), "{path}");
        assert_eq!(send(Method::GET, "0", &Value::Null).await.json()["settings"], expected["settings"]);
        for (tried, status) in [("0", 204), ("1", 204), ("0", 404)] {
            let gone = send(Method::DELETE, tried, &Value::Null).await;
            assert_eq!(gone.status.as_u16(), status, "{path}: {}", gone.text);
            assert_eq!(gone.text.is_empty(), status == 204, "{path}");
        }
    }
}
