//! `PUT`, `GET` and `DELETE /admin/v1/users/{external_id}`.

use api::unique_email;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_error, user_path};

#[tokio::test]
async fn a_user_is_created_with_201_and_updated_with_200() {
    let operator = Operator::new().await;
    let (external, email) = (external_id(), unique_email());
    let body = json!({
        "email": email, "first_name": "Ada", "last_name": "Lovelace", "phone": "+14155552671",
        "avatar": "https://example.com/ada.png", "locale": "en-gb", "timezone": "Europe/London",
        "custom_fields": {"plan": "pro", "seats": 3, "tags": [1.5, null, "x"]},
    });
    let created = operator.send(Method::PUT, &user_path(&external), body).await;
    let user = created.json();
    let expected = json!({
        "id": user["id"], "external_id": external, "email": email, "first_name": "Ada", "last_name": "Lovelace",
        "phone": "+14155552671", "avatar": "https://example.com/ada.png", "locale": "en-GB",
        "timezone": "Europe/London", "custom_fields": {"plan": "pro", "seats": 3, "tags": [1.5, null, "x"]},
        "created_at": user["created_at"], "updated_at": user["created_at"],
    });
    created.is(201, expected.clone());
    assert_eq!(created.version(), 1);
    operator.send(Method::GET, &user_path(&external), Value::Null).await.is(200, expected.clone());
    let body = json!({"last_name": "King", "avatar": null});
    let updated = operator.send(Method::PUT, &user_path(&external), body).await;
    let mut after = expected;
    after["last_name"] = json!("King");
    after["avatar"] = Value::Null;
    after["updated_at"] = updated.json()["updated_at"].clone();
    updated.is(200, after.clone());
    assert_eq!(updated.version(), 2);
    // The internal id in the path names the same user.
    let by_id = format!("/admin/v1/users/{}", user["id"].as_str().unwrap());
    operator.send(Method::GET, &by_id, Value::Null).await.is(200, after);
}

#[tokio::test]
async fn a_user_who_says_nothing_is_all_null() {
    let operator = Operator::new().await;
    let external = external_id();
    let created = operator.send(Method::PUT, &user_path(&external), json!({})).await;
    let user = created.json();
    created.is(
        201,
        json!({
            "id": user["id"], "external_id": external, "email": null, "first_name": null, "last_name": null,
            "phone": null, "avatar": null, "locale": null, "timezone": null, "custom_fields": {},
            "created_at": user["created_at"], "updated_at": user["created_at"],
        }),
    );
    let again = operator.send(Method::PUT, &user_path(&external), json!({})).await;
    again.is(200, user);
    assert_eq!(again.version(), 1, "nothing was changed");
}

#[tokio::test]
async fn an_erased_user_is_204_then_404_and_starts_afresh() {
    let operator = Operator::new().await;
    let (external, path) = (external_id(), String::new());
    let path = path + &user_path(&external);
    let body = json!({"first_name": "Old", "custom_fields": {"a": 1}, "preferences": {"channel_types": {"email": false}},
        "channel_settings": [{"channel_id": operator.channels["fcm"], "settings": {"device_tokens": ["t"]}}]});
    let old = operator.send(Method::PUT, &path, body).await.json();
    let gone = operator.send(Method::DELETE, &path, Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    for method in [Method::GET, Method::DELETE] {
        let answer = operator.send(method, &path, Value::Null).await;
        is_error(&answer, 404, "not_found", json!({"resource": "user", "id": external}));
    }
    let new = operator.send(Method::PUT, &path, json!({"last_name": "New"})).await;
    let user = new.json();
    let expected = json!({
        "id": old["id"], "external_id": external, "email": null, "first_name": null, "last_name": "New",
        "phone": null, "avatar": null, "locale": null, "timezone": null, "custom_fields": {},
        "created_at": user["created_at"], "updated_at": user["created_at"],
    });
    new.is(201, expected);
    assert!(new.version() > 1, "a version names one state only");
    let preferences = operator.send(Method::GET, &format!("{path}/preferences"), Value::Null).await.json();
    assert_eq!(preferences["channel_types"]["email"], true);
    let settings = format!("{path}/channel-settings/{}", operator.channels["fcm"].as_str().unwrap());
    assert_eq!(operator.send(Method::GET, &settings, Value::Null).await.status.as_u16(), 404);
}

#[tokio::test]
async fn channel_settings_and_preferences_come_with_the_user() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let body = json!({
        "channel_settings": [
            {"channel_id": operator.channels["fcm"], "settings": {"device_tokens": ["a", "b"]}},
            {"channel_id": operator.channels["slack"], "settings": {"slack_user_id": "U1"}},
        ],
        "preferences": {"channel_types": {"sms": false}, "notiflows": {"news": {"enabled": false}}},
    });
    for status in [201, 200] {
        let answer = operator.send(Method::PUT, &path, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    }
    let preferences = operator.send(Method::GET, &format!("{path}/preferences"), Value::Null).await.json();
    assert_eq!(
        (&preferences["channel_types"]["sms"], &preferences["notiflows"]["news"]["enabled"]),
        (&json!(false), &json!(false))
    );
    let settings = |channel: &str| format!("{path}/channel-settings/{}", operator.channels[channel].as_str().unwrap());
    let tokens = operator.send(Method::GET, &settings("fcm"), Value::Null).await.json();
    assert_eq!(tokens["settings"], json!({"device_tokens": ["a", "b"]}));
    assert!(tokens["created_at"].as_str() <= tokens["updated_at"].as_str(), "{tokens}");
    let slack = operator.send(Method::GET, &settings("slack"), Value::Null).await.json();
    assert_eq!(slack["settings"], json!({"slack_user_id": "U1"}));
}

#[tokio::test]
async fn an_address_is_not_unique_here_but_contract_1_s_stays_its_owner_s() {
    let operator = Operator::new().await;
    let token = operator.client.token("admin").await;
    let owner = operator.client.new_user(json!({})).await;
    let path = user_path(&external_id());
    // Two users of contract 3 may have the address of a user of contract 1.
    for path in [&path, &user_path(&external_id())] {
        let answer = operator.send(Method::PUT, path, json!({"email": owner["email"]})).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["email"]), (201, &owner["email"]));
    }
    // A user whom contract 1 created must have an address that no other such user has, also when contract 3 changes it.
    let other = operator.client.new_user(json!({})).await;
    let by_id = format!("/admin/v1/users/{}", other["id"].as_str().unwrap());
    let taken = operator.send(Method::PUT, &by_id, json!({"email": owner["email"], "first_name": "No"})).await;
    is_error(&taken, 409, "conflict", json!({}));
    let email = unique_email();
    let moved = operator.send(Method::PUT, &by_id, json!({"email": email, "first_name": "Yes"})).await;
    assert_eq!((moved.status.as_u16(), &moved.json()["first_name"]), (200, &json!("Yes")), "{}", moved.text);
    let one = operator.client.get(&format!("/api/v1/users/{}", other["id"].as_str().unwrap()), &token).await.json();
    assert_eq!((&one["email"], &one["name"]), (&json!(email), &other["name"]));
}

#[tokio::test]
async fn contract_1_shows_a_name_made_of_first_and_last_where_it_has_none() {
    let operator = Operator::new().await;
    let token = operator.client.token("admin").await;
    let path = user_path(&external_id());
    let id = operator.send(Method::PUT, &path, json!({"first_name": "Ada", "last_name": "Lovelace"})).await.json();
    let one = format!("/api/v1/users/{}", id["id"].as_str().unwrap());
    assert_eq!(operator.client.get(&one, &token).await.json()["name"], "Ada Lovelace");
    operator.client.json(Method::PUT, &one, &token, &json!({"name": "The Countess"})).await;
    assert_eq!(operator.client.get(&one, &token).await.json()["name"], "The Countess");
    let three = operator.send(Method::GET, &path, Value::Null).await.json();
    assert_eq!((&three["first_name"], &three["last_name"]), (&json!("Ada"), &json!("Lovelace")));
}

#[tokio::test]
async fn a_stale_if_match_is_412_and_changes_nothing() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let send = async |method: Method, tag: &str, body: Value| {
        let keys = [
            ("x-notiflows-api-key", operator.api_key.as_str()),
            ("x-notiflows-secret-key", operator.secret_key.as_str()),
            ("if-match", tag),
        ];
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        operator.client.send(method, &path, &keys, body).await
    };
    is_error(&send(Method::PUT, "*", json!({})).await, 412, "precondition_failed", json!({}));
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.status.as_u16(), 404, "nobody was created");
    let created = operator.send(Method::PUT, &path, json!({"first_name": "One"})).await;
    assert_eq!(send(Method::PUT, "\"1\"", json!({"first_name": "Two"})).await.status.as_u16(), 200);
    for (method, body) in [(Method::PUT, json!({"first_name": "Three"})), (Method::DELETE, Value::Null)] {
        is_error(&send(method, created.header("etag"), body).await, 412, "precondition_failed", json!({}));
    }
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.json()["first_name"], "Two");
    assert_eq!(send(Method::DELETE, "\"2\"", Value::Null).await.status.as_u16(), 204);
}
