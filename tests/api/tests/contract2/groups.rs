//! `PUT` and `GET /api/users/{UserID}/settings`: the groups, and the wire format.

use api::dynamodb;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Acme, CUSTOM, JSON, PREFIX, Visitor, all_groups, bearer, is_text, is_unauthorized, stack};

fn group(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// Gives a user the id that the contract's document uses. A caller of the API cannot choose an id, so the items are
/// rewritten in the table.
async fn give_id(from: &str, to: &str) {
    let all = dynamodb(stack(), "Scan", json!({})).await["Items"].as_array().unwrap().clone();
    let theirs: Vec<_> = all.iter().map(Value::to_string).filter(|item| item.contains(from)).collect();
    assert_eq!(theirs.len(), 2, "the user, and the owner of the address: {theirs:?}");
    for item in theirs {
        let item: Value = serde_json::from_str(&item.replace(from, to)).unwrap();
        dynamodb(stack(), "PutItem", json!({"Item": item})).await;
    }
}

#[tokio::test]
async fn the_document_s_sample_runs_as_it_stands() {
    let client = api::Client::new(stack().url());
    let id = "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a";
    let admin = bearer("the-admin", "admin", "acmepaymentscorp");
    let jane = json!({"name": "Jane Saoirse", "email": "janesaoirse@acmepaymentscorp.com"});
    let created = client.json(Method::POST, "/api/v1/users", &admin, &jane).await;
    give_id(created.json()["id"].as_str().unwrap(), id).await;
    let jane = Visitor::log_in(&client, id, "user", "acmepaymentscorp").await;
    let body = r#"{
  "UserID":"45742f96-aad2-45d8-b507-420cf07c87ff.acmepaymentscorp",
  "Email":"janesaoirse@acmepaymentscorp.com",
  "OptedNotification":[
    "com.soa.notification.type.ticket.change",
    "com.soa.notification.type.app.alert",
    "com.soa.notification.type.post.comment",
    "com.soa.notification.type.contract.state.change",
    "com.soa.notification.type.appteam",
    "com.soa.notification.type.app.lifecycle",
    "com.soa.notification.type.news.update",
    "com.soa.notification.type.app.post"
  ]
}"#;
    let path = "/api/users/522320b9-cb6b-495d-ae07-e4b3bfdb3f6a.acmepaymentscorp/settings";
    let headers = [("accept", "text/plain, */*; q=0.01"), ("content-type", "application/json; charset=UTF-8")];
    let answer = jane.send(&client, Method::PUT, path, &headers, body).await;
    is_text(&answer, 200, "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a.acmepaymentscorp");
    assert_eq!(answer.version(), 2);
    let out = [group("api.auto.connect"), group("privateapi"), CUSTOM.to_owned()];
    let kept: Vec<_> = all_groups().into_iter().filter(|group| !out.contains(group)).collect();
    jane.get(&client, path).await.is(
        200,
        json!({
            "UserID": "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a.acmepaymentscorp",
            "Email": "janesaoirse@acmepaymentscorp.com", "OptedNotification": kept,
        }),
    );
}

#[tokio::test]
async fn a_group_never_written_is_in() {
    let acme = Acme::new().await;
    let answer = acme.user.get(&acme.client, &acme.path()).await;
    answer.is(200, acme.shown(&all_groups()));
    assert_eq!(answer.version(), 1);
}

#[tokio::test]
async fn a_group_left_out_is_opted_out_and_the_list_is_replaced_as_a_whole() {
    let acme = Acme::new().await;
    is_text(&acme.put(json!({"OptedNotification": [group("app.post"), CUSTOM]})).await, 200, &acme.user_id());
    assert_eq!(acme.settings().await, (acme.shown(&[group("app.post"), CUSTOM.to_owned()]), 2));
    is_text(&acme.put(json!({"OptedNotification": [group("privateapi")]})).await, 200, &acme.user_id());
    assert_eq!(acme.settings().await, (acme.shown(&[group("privateapi")]), 3));
    is_text(&acme.put(json!({"OptedNotification": all_groups()})).await, 200, &acme.user_id());
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 4));
}

#[tokio::test]
async fn the_empty_list_is_out_of_all() {
    let acme = Acme::new().await;
    is_text(&acme.put(json!({"OptedNotification": []})).await, 200, &acme.user_id());
    assert_eq!(acme.settings().await, (acme.shown(&[]), 2));
}

#[tokio::test]
async fn a_body_without_the_list_leaves_the_groups_as_they_are() {
    let acme = Acme::new().await;
    acme.put(json!({"OptedNotification": [CUSTOM]})).await;
    is_text(&acme.put(json!({"UserID": acme.user_id(), "Email": acme.email})).await, 200, &acme.user_id());
    assert_eq!(acme.settings().await, (acme.shown(&[CUSTOM.to_owned()]), 3));
    let answer = acme.put(json!({})).await;
    is_text(&answer, 200, &acme.user_id());
    assert_eq!(answer.version(), 3, "a change of nothing changes nothing");
}

#[tokio::test]
async fn duplicates_count_once() {
    let acme = Acme::new().await;
    is_text(
        &acme.put(json!({"OptedNotification": [CUSTOM, CUSTOM, group("appteam"), CUSTOM]})).await,
        200,
        &acme.user_id(),
    );
    assert_eq!(acme.settings().await.0, acme.shown(&[group("appteam"), CUSTOM.to_owned()]));
}

#[tokio::test]
async fn an_unknown_group_is_400_and_nothing_is_written() {
    let acme = Acme::new().await;
    let before = acme.settings().await;
    for unknown in ["com.soa.notification.type.unknown", "appteam", "COM.SOA.NOTIFICATION.TYPE.APPTEAM", "", "a\u{0}b"]
    {
        let email = format!("new-{}", acme.email);
        let answer = acme.put(json!({"Email": email, "OptedNotification": [group("appteam"), unknown]})).await;
        let known = all_groups().join(", ");
        is_text(
            &answer,
            400,
            &format!("OptedNotification contains unknown groups ({unknown}): the known groups are {known}"),
        );
    }
    assert_eq!(acme.settings().await, before);
}

#[tokio::test]
async fn the_path_s_user_id_is_the_one_that_counts_and_that_is_returned() {
    let acme = Acme::new().await;
    let (other, _) = super::new_user(&acme.client, &acme.org).await;
    let other = format!("{other}.{}", acme.org);
    let answer = acme.put(json!({"UserID": other, "OptedNotification": []})).await;
    is_text(&answer, 200, &acme.user_id());
    assert_eq!(acme.settings().await.0, acme.shown(&[]));
    let untouched = acme.admin.get(&acme.client, &format!("/api/users/{other}/settings")).await;
    assert_eq!((untouched.json()["OptedNotification"].clone(), untouched.version()), (json!(all_groups()), 1));
}

#[tokio::test]
async fn the_five_json_types_are_taken_and_no_other() {
    let acme = Acme::new().await;
    for good in [
        "application/json",
        "application/json; charset=UTF-8",
        "application/vnd.soa.v71+json",
        "application/vnd.soa.v72+json;charset=utf-8",
        "application/vnd.soa.v80+json",
        "APPLICATION/VND.SOA.V81+JSON",
    ] {
        let answer = acme.user.send(&acme.client, Method::PUT, &acme.path(), &[("content-type", good)], "{}").await;
        is_text(&answer, 200, &acme.user_id());
    }
    let refused = "Content-Type must be application/json or application/vnd.soa.v71+json, v72, v80 or v81";
    for bad in ["", "text/plain", "application/vnd.soa.v82+json", "application/xml", "application/octet-stream"] {
        let given = [("content-type", bad)];
        let headers: &[(&str, &str)] = if bad.is_empty() { &[] } else { &given };
        let body = r#"{"OptedNotification":[]}"#;
        let answer = acme.user.send(&acme.client, Method::PUT, &acme.path(), headers, body).await;
        is_text(&answer, 415, refused);
    }
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
}

#[tokio::test]
async fn an_accept_that_cannot_take_the_answer_is_406() {
    let acme = Acme::new().await;
    let refused = "The answer is text/plain, which Accept does not allow";
    let body = r#"{"OptedNotification":[]}"#;
    for bad in ["application/json", "text/plain;q=0", "text/html, image/*"] {
        let answer = acme.user.send(&acme.client, Method::PUT, &acme.path(), &[JSON, ("accept", bad)], body).await;
        is_text(&answer, 406, refused);
    }
    assert_eq!(acme.settings().await.1, 1);
    for good in ["*/*", "text/*;q=0.2", "text/plain, */*; q=0.01", "application/json, text/plain"] {
        let answer = acme.user.send(&acme.client, Method::PUT, &acme.path(), &[JSON, ("accept", good)], "{}").await;
        is_text(&answer, 200, &acme.user_id());
    }
    let read = acme.user.send(&acme.client, Method::GET, &acme.path(), &[("accept", "text/plain")], "").await;
    is_text(&read, 406, "The answer is application/json, which Accept does not allow");
    let vendor = [("accept", "application/vnd.soa.v81+json")];
    let read = acme.user.send(&acme.client, Method::GET, &acme.path(), &vendor, "").await;
    assert_eq!((read.status.as_u16(), read.header("content-type")), (200, "application/vnd.soa.v81+json"));
    assert_eq!(read.json(), acme.shown(&all_groups()));
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let acme = Acme::new().await;
    let put = async |tag: &str| {
        let headers = [JSON, ("if-match", tag)];
        acme.user.send(&acme.client, Method::PUT, &acme.path(), &headers, r#"{"OptedNotification":[]}"#).await
    };
    assert_eq!(put("\"1\"").await.version(), 2);
    is_text(&put("\"1\"").await, 412, "It has changed since it was read");
    assert_eq!(acme.settings().await, (acme.shown(&[]), 2));
    assert_eq!(put("*").await.version(), 3);
}

#[tokio::test]
async fn another_method_is_405_and_says_which_there_are() {
    let acme = Acme::new().await;
    for (path, allow) in [
        (acme.path().as_str(), "GET, HEAD, PUT"),
        (acme.business().as_str(), "GET, HEAD, PUT"),
        ("/api/notifications/types", "GET, HEAD"),
        ("/api/login", "POST"),
        ("/api/login/renewToken", "POST"),
        ("/api/login/logout", "POST"),
    ] {
        let answer = acme.user.send(&acme.client, Method::DELETE, path, &[], "").await;
        is_text(&answer, 405, &format!("This path takes {allow}"));
        assert_eq!(answer.header("allow"), allow);
    }
}

#[tokio::test]
async fn an_opt_out_stops_a_notification_of_that_group() {
    let acme = Acme::new().await;
    acme.put(json!({"OptedNotification": [CUSTOM]})).await;
    let of = async |group: &str| -> Value {
        let body = json!({"notification_type": "email", "user_id": acme.id, "group": group, "content": {"subject": "s", "body": "x"}});
        let settled = acme.client.settled(&acme.client.notify(&body).await).await;
        json!([settled["deliveries"][0]["status"], settled["deliveries"][0]["reason"]])
    };
    assert_eq!(of(&group("appteam")).await, json!(["skipped", "group_opted_out"]));
    assert_eq!(of(CUSTOM).await, json!(["sent", null]));
}

#[tokio::test]
async fn the_list_of_types_is_for_who_is_logged_in() {
    let acme = Acme::new().await;
    let path = "/api/notifications/types";
    acme.user.get(&acme.client, path).await.is(200, json!({"NotificationType": all_groups()}));
    is_unauthorized(&acme.client.send(Method::GET, path, &[], None).await);
    let token = bearer(&acme.id, "user", &acme.org);
    is_unauthorized(&acme.client.get(path, &token).await);
}
