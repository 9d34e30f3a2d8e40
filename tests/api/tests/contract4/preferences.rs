//! `PATCH` and `GET /api/v1/users/{user_id}/preferences`.

use api::shared;
use reqwest::Method;
use serde_json::{Value, json};

use super::{UNKNOWN, defaults, own, patch, path, refused, user, with};

#[tokio::test]
async fn the_document_s_example_is_answered_as_it_says() {
    let client = shared();
    let (id, path) = user(&client).await;
    let body = json!({"date_time_format": "us", "timezone": "America/New_York"});
    let expected = json!({
        "date_time_format": "us", "timezone": "America/New_York", "language": "en-US", "measurement_unit": "imperial",
        "theme": "system",
    });
    let answer = patch(&client, &path, &own(&id), &body).await;
    answer.is(200, expected.clone());
    assert_eq!(answer.version(), 2);
    let read = client.get(&path, &own(&id)).await;
    read.is(200, expected);
    assert_eq!(read.version(), 2);
}

#[tokio::test]
async fn defaults_hold_where_nothing_was_set() {
    let client = shared();
    let (id, path) = user(&client).await;
    let read = client.get(&path, &own(&id)).await;
    read.is(200, defaults());
    assert_eq!(read.version(), 1);
}

#[tokio::test]
async fn only_given_fields_change_and_null_is_the_default_again() {
    let client = shared();
    let (id, path) = user(&client).await;
    let token = own(&id);
    let all = json!({
        "date_time_format": "uk", "timezone": "Europe/London", "language": "en-GB", "measurement_unit": "metric",
        "theme": "dark",
    });
    patch(&client, &path, &token, &all).await.is(200, all.clone());
    for (field, default) in defaults().as_object().unwrap() {
        let mut expected = all.clone();
        expected[field] = default.clone();
        patch(&client, &path, &token, &json!({field: null})).await.is(200, expected);
        patch(&client, &path, &token, &json!({field: all[field]})).await.is(200, all.clone());
    }
    client.get(&path, &token).await.is(200, all);
}

#[tokio::test]
async fn every_choice_is_taken() {
    let client = shared();
    let (id, path) = user(&client).await;
    for (field, choices) in [
        ("date_time_format", ["friendly", "us", "uk"].as_slice()),
        ("measurement_unit", &["imperial", "metric"]),
        ("theme", &["light", "dark", "system"]),
        ("timezone", &["UTC", "US/Eastern", "Asia/Kathmandu", "Etc/GMT+12", "America/Argentina/Buenos_Aires", "GB"]),
    ] {
        for choice in choices {
            let answer = patch(&client, &path, &own(&id), &json!({field: choice})).await;
            assert_eq!((answer.status.as_u16(), &answer.json()[field]), (200, &json!(choice)), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_language_is_kept_in_its_preferred_form_and_case() {
    let client = shared();
    let (id, path) = user(&client).await;
    for (given, kept) in [
        ("EN-us", "en-US"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("SR-LATN-RS", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("sl-rozaj-BISKE", "sl-rozaj-biske"),
        ("i-KLINGON", "tlh"),
        ("iw-il", "he-IL"),
        ("zh-CMN-hans", "cmn-Hans"),
        ("en-bu", "en-MM"),
        ("i-DEFAULT", "i-default"),
        ("X-Whatever", "x-whatever"),
        ("de-de-U-CO-Phonebk", "de-DE-u-co-phonebk"),
    ] {
        patch(&client, &path, &own(&id), &json!({"language": given})).await.is(200, with(json!({"language": kept})));
    }
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let client = shared();
    let (id, path) = user(&client).await;
    let answer = patch(&client, &path, &own(&id), &json!({})).await;
    answer.is(200, defaults());
    assert_eq!(answer.version(), 1);
}

#[tokio::test]
async fn what_other_dialects_own_stays() {
    let client = shared();
    let admin = client.token("admin").await;
    let user = client.new_user(json!({"push_token": "t", "preferences": {"email": false}})).await;
    let id = user["id"].as_str().unwrap();
    patch(&client, &path(id), &own(id), &json!({"theme": "dark"})).await.is(200, with(json!({"theme": "dark"})));
    let read = client.get(&format!("/api/v1/users/{id}"), &admin).await.json();
    let mut expected = user.clone();
    expected["updated_at"] = read["updated_at"].clone();
    assert_eq!(read, expected);
    client.json(Method::PUT, &path(id), &own(id), &json!({"preferences": {"push": false}})).await;
    client.get(&path(id), &own(id)).await.is(200, with(json!({"theme": "dark"})));
}

#[tokio::test]
async fn an_unknown_user_is_404_to_an_admin() {
    let client = shared();
    let admin = client.token("admin").await;
    for body in [json!({"theme": "dark"}), json!({})] {
        refused(&patch(&client, &path(UNKNOWN), &admin, &body).await, "user_not_found", &json!([]));
    }
    refused(&client.get(&path(UNKNOWN), &admin).await, "user_not_found", &json!([]));
}

#[tokio::test]
async fn an_erased_user_is_404_and_their_own_token_proves_nobody() {
    let client = shared();
    let admin = client.token("admin").await;
    let (id, path) = user(&client).await;
    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &admin, &Value::Null).await;
    let body = json!({"theme": "dark"});
    refused(&patch(&client, &path, &admin, &body).await, "user_not_found", &json!([]));
    refused(&client.get(&path, &admin).await, "user_not_found", &json!([]));
    for answer in [patch(&client, &path, &own(&id), &body).await, client.get(&path, &own(&id)).await] {
        refused(&answer, "auth_required", &json!([]));
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{:?}", answer.header("www-authenticate"));
    }
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing_and_a_fresh_one_passes() {
    let client = shared();
    let (id, path) = user(&client).await;
    let bearer = format!("Bearer {}", own(&id));
    let send = async |tag: &str, theme: &str| {
        let body = json!({"theme": theme}).to_string().into_bytes();
        client.send(Method::PATCH, &path, &[("authorization", &bearer), ("if-match", tag)], Some(body)).await
    };
    assert_eq!(send("\"1\"", "dark").await.version(), 2);
    for stale in ["\"1\"", "W/\"2\"", "\"x\""] {
        refused(&send(stale, "light").await, "precondition_failed", &json!([]));
    }
    client.get(&path, &own(&id)).await.is(200, with(json!({"theme": "dark"})));
    assert_eq!(send("\"2\"", "light").await.version(), 3);
    assert_eq!(send("*", "system").await.version(), 4);
}

#[tokio::test]
async fn another_method_is_405_and_says_which_there_are() {
    let client = shared();
    let (id, path) = user(&client).await;
    for method in [Method::POST, Method::DELETE, Method::OPTIONS] {
        let answer = client.json(method, &path, &own(&id), &json!({})).await;
        answer.is(405, json!({"statusCode": 405, "message": "Method not allowed"}));
        assert_eq!(answer.header("allow"), "GET, HEAD, PATCH, PUT");
    }
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_422() {
    let client = shared();
    let token = client.token("admin").await;
    let expected = json!([{"field": "user_id", "message": "user_id must be a UUID"}]);
    let long = "a".repeat(3000);
    for id in ["42", "%31%32", "123e4567-e89b-12d3-a456-42661417400z", "%00", "%F0%9F%99%82", &long] {
        refused(&patch(&client, &path(id), &token, &json!({"theme": "dark"})).await, "validation_error", &expected);
        refused(&client.get(&path(id), &token).await, "validation_error", &expected);
    }
    refused(&client.get(&path("42"), "").await, "auth_required", &json!([]));
}
