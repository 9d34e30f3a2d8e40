//! Bad input is answered 400 for an invalid value and 422 for a wrong shape, and a read afterwards shows that nothing
//! changed.

use api::shared;
use reqwest::Method;
use serde_json::{Value, json};

use super::{own, patch, refused, user, with};
use crate::bad_bodies::{BadBody, bad_bodies};

const LANGUAGE: &str = "language must be a valid BCP 47 language tag of at most 255 characters, such as en-US";
const TIMEZONE: &str = "timezone must be the name of an IANA time zone, such as America/New_York";

#[tokio::test]
async fn a_value_that_is_not_valid_is_400_and_a_good_one_beside_it_is_not_written() {
    let client = shared();
    let (id, path) = user(&client).await;
    let token = own(&id);
    let before = patch(&client, &path, &token, &json!({"theme": "light"})).await;
    let formats = "date_time_format must be one of friendly, us, uk";
    let units = "measurement_unit must be one of imperial, metric";
    let themes = "theme must be one of light, dark, system";
    let long = format!("en-x-{}", ["abcdefgh"; 100].join("-"));
    for (field, value, message) in [
        ("date_time_format", "US", formats),
        ("date_time_format", "", formats),
        ("date_time_format", "iso", formats),
        ("measurement_unit", "Metric", units),
        ("measurement_unit", "si", units),
        ("theme", "blue", themes),
        ("theme", "dark ", themes),
        ("theme", "da\u{0}rk", themes),
        ("timezone", "Mars/Olympus", TIMEZONE),
        ("timezone", "", TIMEZONE),
        ("timezone", "+02:00", TIMEZONE),
        ("timezone", "America/New_York\n", TIMEZONE),
        ("timezone", "../../etc/passwd", TIMEZONE),
        ("language", "", LANGUAGE),
        ("language", "english", LANGUAGE),
        ("language", "en_US", LANGUAGE),
        ("language", "en-UK1", LANGUAGE),
        ("language", "xx", LANGUAGE),
        ("language", "de-419-DE", LANGUAGE),
        ("language", "é", LANGUAGE),
        ("language", &long, LANGUAGE),
    ] {
        let mut body = json!({"theme": "dark", "measurement_unit": "metric"});
        body[field] = json!(value);
        let answer = patch(&client, &path, &token, &body).await;
        refused(&answer, "invalid_preference_value", &json!([{"field": field, "message": message}]));
    }
    let read = client.get(&path, &token).await;
    read.is(200, with(json!({"theme": "light"})));
    assert_eq!(read.version(), before.version());
}

#[tokio::test]
async fn a_zone_in_other_letters_is_400_and_told_how_it_is_spelt() {
    let client = shared();
    let (id, path) = user(&client).await;
    let answer = patch(&client, &path, &own(&id), &json!({"timezone": "america/new_york"})).await;
    let message = format!("{TIMEZONE}; America/New_York is one of them, and capital letters matter");
    refused(&answer, "invalid_preference_value", &json!([{"field": "timezone", "message": message}]));
}

#[tokio::test]
async fn a_wrong_type_or_an_unknown_field_is_422() {
    let client = shared();
    let (id, path) = user(&client).await;
    let token = own(&id);
    for field in ["date_time_format", "timezone", "language", "measurement_unit", "theme"] {
        for value in [json!(1), json!(true), json!([]), json!(["us"]), json!({}), json!(1.5)] {
            let body = json!({field: value});
            let message = format!("{field} must be a string, or null for its default");
            let answer = patch(&client, &path, &token, &body).await;
            refused(&answer, "validation_error", &json!([{"field": field, "message": message}]));
        }
    }
    let known = "date_time_format, timezone, language, measurement_unit, theme";
    for field in ["colour", "Theme", "", "preferences", "\u{1f642}", "display.theme"] {
        let message = format!("{field} is not a known field: it must be one of {known}");
        let answer = patch(&client, &path, &token, &json!({"theme": "dark", field: "x"})).await;
        refused(&answer, "validation_error", &json!([{"field": field, "message": message}]));
    }
    client.get(&path, &token).await.is(200, with(json!({})));
}

#[tokio::test]
async fn a_wrong_shape_beside_a_wrong_value_is_422_and_both_are_told() {
    let client = shared();
    let (id, path) = user(&client).await;
    let answer = patch(&client, &path, &own(&id), &json!({"theme": "blue", "language": 1})).await;
    let errors = json!([
        {"field": "language", "message": "language must be a string, or null for its default"},
        {"field": "theme", "message": "theme must be one of light, dark, system"},
    ]);
    refused(&answer, "validation_error", &errors);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_422_whatever_its_type_is_said_to_be() {
    let client = shared();
    let (id, path) = user(&client).await;
    let bearer = format!("Bearer {}", own(&id));
    for BadBody { what, bytes, is_too_large } in bad_bodies("theme", "\"dark\"") {
        for content_type in ["application/json", "text/plain", ""] {
            let mut headers = vec![("authorization", bearer.as_str())];
            headers.extend((!content_type.is_empty()).then_some(("content-type", content_type)));
            let answer = client.send(Method::PATCH, &path, &headers, Some(bytes.clone())).await;
            if is_too_large {
                refused(&answer, "payload_too_large", &json!([]));
                continue;
            }
            let errors = answer.json()["error"]["details"]["errors"].clone();
            refused(&answer, "validation_error", &errors);
            assert_eq!(
                (&errors[0]["field"], errors.as_array().unwrap().len()),
                (&json!("body"), 1),
                "{what}: {errors}"
            );
            assert!(errors[0]["message"].as_str().unwrap().starts_with("the body must be"), "{what}: {errors}");
        }
    }
    let read = client.get(&path, &own(&id)).await;
    assert_eq!((read.version(), read.json()), (1, with(json!({}))));
}

#[tokio::test]
async fn a_flood_of_unknown_fields_is_counted_and_the_list_is_cut() {
    let client = shared();
    let (id, path) = user(&client).await;
    let body: serde_json::Map<_, _> = (0..500).map(|n| (format!("field-{n}"), Value::Null)).collect();
    let answer = patch(&client, &path, &own(&id), &Value::Object(body)).await;
    let details = answer.json()["error"]["details"].clone();
    assert_eq!((answer.status.as_u16(), &details["field_count"]), (422, &json!(500)));
    assert_eq!(details["errors"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn the_caller_s_request_id_is_in_the_error_too() {
    let client = shared();
    let answer = client.send(Method::PATCH, &super::path("42"), &[("x-request-id", "mine-4")], None).await;
    assert_eq!(answer.json()["error"]["request_id"], "mine-4");
    refused(&answer, "auth_required", &json!([]));
}

/// A custom domain may map the API to a path, which only `PublicUrl` names.
#[tokio::test]
async fn a_refusal_s_page_is_below_the_public_url() {
    let options = api::options(&[("PublicUrl", "https://notify.example.com/preferences")]);
    let (stack, client) = api::own(options).await;
    let refused = client.json(Method::PATCH, &super::path(super::UNKNOWN), "", &json!({})).await;
    let page = "https://notify.example.com/preferences/docs/errors/auth_required";
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["doc_url"]), (401, &json!(page)));
    stack.shutdown().await;
}
