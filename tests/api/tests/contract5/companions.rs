//! `GET`, `POST` and `DELETE` of a user's settings, and all four requests for an organisation's settings.

use reqwest::Method;
use serde_json::json;

use super::{MERGED, ORGANIZATION, Person, done, member, refused, stored};

#[tokio::test]
async fn a_post_is_wrapped_and_replaces_all() {
    let person = Person::new();
    let message = "User settings updated successfully";
    let first = person.post(&json!({"a": {"b": 1}, "c": null})).await;
    first.is(200, done(message));
    assert_eq!(first.version(), 1);
    // `POST` stores the whole document as it is. It merges nothing, so `null` is stored as a value.
    person.has(json!({"a": {"b": 1}, "c": null})).await;
    let second = person.post(&json!({"d": []})).await;
    second.is(200, done(message));
    assert_eq!(second.version(), 2);
    person.has(json!({"d": []})).await;
    person.post(&json!({})).await.is(200, done(message));
    person.has(json!({})).await;
}

#[tokio::test]
async fn a_delete_removes_keys_and_dots_walk_into_objects() {
    let person = Person::new();
    person
        .post(&json!({"theme": 1, "notifications": {"push": 1, "email": 1}, "a": [{"b": 1}], "x.y": 1, "x": {"y": {"z": 1}}}))
        .await;
    let message = "User settings keys deleted successfully";
    let answer = person.delete(&["theme", "notifications.push", "a.0.b", "a.b", "no.such.key", "x.y", "theme"]).await;
    answer.is(200, done(message));
    assert_eq!(answer.version(), 2);
    person.has(json!({"notifications": {"email": 1}, "a": [{"b": 1}], "x.y": 1, "x": {}})).await;
    person.delete(&["notifications", "notifications.email"]).await.is(200, done(message));
    person.has(json!({"a": [{"b": 1}], "x.y": 1, "x": {}})).await;
    // A delete creates nothing if there is no record.
    let nobody = Person::new();
    nobody.delete(&["a.b"]).await.is(200, done(message));
    let read = nobody.get().await;
    read.is(200, stored(json!({})));
    assert_eq!(read.version(), 0);
}

#[tokio::test]
async fn a_missing_or_empty_list_of_keys_has_its_own_message() {
    let person = Person::new();
    person.post(&json!({"keys": 1})).await;
    let expected = json!({"success": false, "message": "Keys array is required and must not be empty"});
    for body in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":null}"#, r#"{"keys":"keys"}"#, r#"{"keys":{"0":"keys"}}"#] {
        person.send(Method::DELETE, body).await.is(400, expected.clone());
    }
    for body in [
        r#"{"keys":["keys",1]}"#,
        r#"{"keys":["keys",""]}"#,
        r#"{"keys":["keys"],"x":1}"#,
        r#"{"keys":["keys","a..b"]}"#,
    ] {
        refused(&person.send(Method::DELETE, body).await, 400, "Failed to delete user settings keys");
    }
    person.has(json!({"keys": 1})).await;
}

#[tokio::test]
async fn a_post_without_settings_is_refused() {
    let person = Person::new();
    person.post(&json!({"kept": 1})).await;
    for body in ["{}", r#"{"settings":null}"#, r#"{"settings":[]}"#, r#"{"settings":"x"}"#] {
        let error = refused(&person.send(Method::POST, body).await, 400, "Failed to update user settings");
        assert_eq!(error, "settings must be an object", "{body}");
    }
    let unknown = person.send(Method::POST, r#"{"settings":{},"theme":"dark"}"#).await;
    assert!(refused(&unknown, 400, "Failed to update user settings").starts_with("theme is not a known field"));
    person.has(json!({"kept": 1})).await;
}

#[tokio::test]
async fn the_same_four_for_the_organization() {
    let admin = Person::admin_of_a_new_organization();
    admin.has(json!({})).await;
    admin.put(&json!({"a": {"b": 1}})).await.is(200, done("Organization settings partially updated successfully"));
    admin.post(&json!({"a": {"b": 2, "c": 3}})).await.is(200, done("Organization settings updated successfully"));
    admin.delete(&["a.c"]).await.is(200, done("Organization settings keys deleted successfully"));
    let read = admin.get().await;
    read.is(200, stored(json!({"a": {"b": 2}})));
    assert_eq!(read.version(), 3);
    for (method, body, message) in [
        (Method::PUT, "[]", "Failed to partially update organization settings"),
        (Method::POST, "[]", "Failed to update organization settings"),
        (Method::DELETE, "[]", "Failed to delete organization settings keys"),
    ] {
        refused(&admin.send(method, body).await, 400, message);
    }
    admin.has(json!({"a": {"b": 2}})).await;
}

#[tokio::test]
async fn an_organization_is_shared_by_its_members_and_no_one_else_and_is_not_the_admin_s_own() {
    let org = format!("shared-{}", uuid::Uuid::new_v4());
    let at = |org: &str, role: &str, path| Person { client: api::shared(), token: member(org, role), path };
    let admin = at(&org, "admin", ORGANIZATION);
    admin.put(&json!({"a": 1})).await;
    at(&org, "admin", ORGANIZATION).put(&json!({"b": 2})).await;
    at(&org, "user", ORGANIZATION).has(json!({"a": 1, "b": 2})).await;
    at(&format!("{org}2"), "admin", ORGANIZATION).has(json!({})).await;
    let own = Person { path: super::USER, ..admin };
    own.has(json!({})).await;
    own.put(&json!({"c": 3})).await.is(200, done(MERGED));
    at(&org, "user", ORGANIZATION).has(json!({"a": 1, "b": 2})).await;
}

#[tokio::test]
async fn a_stale_if_match_is_412_and_changes_nothing() {
    for person in [Person::new(), Person::admin_of_a_new_organization()] {
        let message = "The settings have changed since they were read";
        let bodies = [
            (Method::PUT, r#"{"a":{"c":2}}"#),
            (Method::POST, r#"{"settings":{"a":{"c":2}}}"#),
            (Method::DELETE, r#"{"keys":["a.b"]}"#),
        ];
        // There is no record: its version is 0.
        for (method, body) in &bodies {
            refused(&person.with(method.clone(), &[("if-match", "\"1\"")], *body).await, 412, message);
        }
        let created = person.with(Method::PUT, &[("if-match", "\"0\"")], r#"{"a":{"b":1}}"#).await;
        assert_eq!((created.status.as_u16(), created.version()), (200, 1));
        for tag in ["\"0\"", "\"2\"", "W/\"1\"", "\"x\""] {
            for (method, body) in &bodies {
                refused(&person.with(method.clone(), &[("if-match", tag)], *body).await, 412, message);
            }
        }
        person.has(json!({"a": {"b": 1}})).await;
        for (version, (tag, (method, body))) in ["\"1\"", "\"9\", \"2\"", "*"].iter().zip(&bodies).enumerate() {
            let answer = person.with(method.clone(), &[("if-match", tag)], *body).await;
            assert_eq!((answer.status.as_u16(), answer.version()), (200, version as u64 + 2), "{method} {tag}");
        }
        let read = person.get().await;
        assert_eq!((read.json(), read.version()), (stored(json!({"a": {"c": 2}})), 4));
    }
}
