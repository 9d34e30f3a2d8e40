//! Erasing a user removes the user's settings too.

use api::shared;
use reqwest::Method;
use serde_json::{Value, json};

use super::{MERGED, Person, done};

fn nobody() -> Value {
    json!({"success": false, "message": "Authentication required"})
}

async fn is_gone(person: &Person) {
    person.get().await.is(401, nobody());
    person.put(&json!({"back": 1})).await.is(401, nobody());
    person.put(&json!({"back": {"in": {"depth": 1}}})).await.is(401, nobody());
    person.post(&json!({"back": 1})).await.is(401, nobody());
    person.delete(&["back"]).await.is(401, nobody());
    let wide: Value = (0..400).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();
    person.put(&wide).await.is(401, nobody());
    person.get().await.is(401, nobody());
}

#[tokio::test]
async fn a_token_that_outlives_its_user_brings_no_settings_back() {
    let client = shared();
    let admin = client.token("admin").await;
    for had_settings in [true, false] {
        let user = client.new_user(json!({})).await;
        let person = Person::of(client.clone(), user["id"].as_str().unwrap());
        if had_settings {
            person.put(&json!({"private": "words"})).await.is(200, done(MERGED));
        }
        let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
        assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status.as_u16(), 204);
        is_gone(&person).await;
    }
}

#[tokio::test]
async fn who_is_known_by_settings_alone_is_erased_all_the_same() {
    let client = shared();
    let admin = client.token("admin").await;
    let id = uuid::Uuid::new_v4().to_string();
    let person = Person::of(client.clone(), &id);
    let path = format!("/api/v1/users/{id}");
    let erase = async || client.json(Method::DELETE, &path, &admin, &Value::Null).await.status.as_u16();
    assert_eq!(erase().await, 404);
    person.put(&json!({"private": "words"})).await.is(200, done(MERGED));
    assert_eq!(erase().await, 204);
    is_gone(&person).await;
    assert_eq!(erase().await, 404);
}
