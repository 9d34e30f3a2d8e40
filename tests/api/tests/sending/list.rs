//! `GET /api/v1/users/{id}/notifications`.

use api::{Client, eventually, forbidden, shared};
use reqwest::Method;
use serde_json::{Value, json};

use super::{own_token, recipient};

fn path(user: &str) -> String {
    format!("/api/v1/users/{user}/notifications")
}

/// The ids on a page, and the page's whole body.
async fn page(client: &Client, path: &str, token: &str) -> (Vec<String>, Value) {
    let answer = client.get(path, token).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let data = answer.json()["data"].clone();
    let items = data["items"].as_array().unwrap();
    (items.iter().map(|item| item["notification_id"].as_str().unwrap().to_owned()).collect(), data)
}

#[tokio::test]
async fn a_user_s_notifications_come_in_pages_newest_first() {
    let client = shared();
    let (somebody, other) = (recipient(&client, "push").await, recipient(&client, "push").await);
    let mut sent = Vec::new();
    for _ in 0..5 {
        let id = client.notify(&somebody.notification()).await;
        let created = client.settled(&id).await["created_at"].as_str().unwrap().to_owned();
        sent.push((created, id));
        client.notify(&other.notification()).await;
    }
    // Which one is newer is told by the clock of the process that accepted it.
    sent.sort_by(|one, other| other.cmp(one));
    let sent: Vec<_> = sent.into_iter().map(|(_, id)| id).collect();
    let token = own_token(&somebody.user);
    let path = path(&somebody.user);
    // The index is updated a moment after the table.
    eventually(async || (page(&client, &path, &token).await.0.len() == 5).then_some(())).await;
    let (mut after, mut found, mut sizes) = (String::new(), Vec::new(), Vec::new());
    loop {
        let (ids, data) = page(&client, &format!("{path}?limit=2{after}"), &token).await;
        sizes.push(ids.len());
        found.extend(ids);
        let page = &data["page"];
        let more = sizes.len() < 3;
        assert_eq!((&page["limit"], &page["has_more_after"]), (&json!(2), &json!(more)));
        assert_eq!(page["after"].is_string(), more, "{page}");
        let Some(cursor) = page["after"].as_str() else { break };
        after = format!("&after={cursor}");
    }
    assert_eq!((sizes, found), (vec![2, 2, 1], sent.clone()));
    // The list shows each notification exactly as `GET` of that notification does.
    let last = client.settled(&sent[4]).await;
    assert_eq!(page(&client, &path, &token).await.1["items"][4], last);
    for (query, fault) in [
        ("limit=0", "limit must be a whole number from 1 to 100"),
        ("limit=101", "limit must be a whole number from 1 to 100"),
        ("limit=ten", "limit must be a whole number from 1 to 100"),
        ("after=x", "after must be the cursor of an earlier page"),
    ] {
        let answer = client.get(&format!("{path}?{query}"), &token).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
}

#[tokio::test]
async fn users_see_their_own_operators_and_senders_everybody_s() {
    let client = shared();
    let somebody = recipient(&client, "email").await;
    let id = client.notify(&somebody.notification()).await;
    let own_path = path(&somebody.user);
    for token in [own_token(&somebody.user), client.token("admin").await, client.token("service").await] {
        let (ids, _) = eventually(async || {
            let (ids, data) = page(&client, &own_path, &token).await;
            (!ids.is_empty()).then_some((ids, data))
        })
        .await;
        assert_eq!(ids, std::slice::from_ref(&id));
    }
    for who in ["user", "broker", "photographer"] {
        let answer = client.get(&own_path, &client.token(who).await).await;
        answer.is(403, forbidden("self, admin, service"));
    }
    client.get(&own_path, "").await.is(401, json!({"statusCode": 401, "message": "Unauthorized"}));
    let nobody = path("00000000-0000-4000-8000-000000000007");
    assert_eq!(page(&client, &nobody, &client.token("admin").await).await.0, Vec::<String>::new());
    client.settled(&id).await;
}

#[tokio::test]
async fn of_an_erased_user_nothing_is_listed() {
    let client = shared();
    let somebody = recipient(&client, "email").await;
    let id = client.notify(&somebody.notification()).await;
    client.settled(&id).await;
    let admin = client.token("admin").await;
    let erase = format!("/api/v1/users/{}", somebody.user);
    assert_eq!(client.json(Method::DELETE, &erase, &admin, &Value::Null).await.status.as_u16(), 204);
    assert_eq!(page(&client, &path(&somebody.user), &admin).await.0, Vec::<String>::new());
    let own = client.get(&path(&somebody.user), &own_token(&somebody.user)).await;
    assert!(own.status.as_u16() == 401 || own.json()["data"]["items"] == json!([]), "{}", own.text);
}
