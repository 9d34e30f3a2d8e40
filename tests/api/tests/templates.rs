//! Templates: admins write them, services read them, and both can render them before a notification is sent.

mod drafts;
mod files;
mod versions;

use std::time::Duration;

use api::{Answer, Client, forbidden, options, own, past_for_every_clock, shared, unique};
use reqwest::Method;
use serde_json::{Value, json};

async fn ask(client: &Client, method: Method, path: &str, who: &str, body: Value) -> Answer {
    client.json(method, &format!("/api/v1/templates{path}"), &client.token(who).await, &body).await
}

/// The code of a template that no other test uses, and its path.
fn fresh() -> (String, String) {
    let code = format!("template-{}", unique());
    (code.clone(), format!("/{code}"))
}

fn sms(text: &str) -> Value {
    json!({"sms": {"text": text}})
}

fn no_template() -> Value {
    json!({"statusCode": 404, "message": "Template not found"})
}

#[tokio::test]
async fn a_template_is_written_whole_read_and_removed() {
    let client = shared();
    let (code, path) = fresh();
    let locales = json!({
        "default": {
            "email": {"subject": "Hi {{ user.first_name }}", "text": "x", "html": "<p>x</p>"},
            "push": {"title": "Hi", "body": "x", "data": {"id": "{{ id }}"}},
            "slack": {"text": "x", "blocks": [{"type": "divider"}]},
            "in_app": {"body": "x"},
        },
        "fr": sms("Salut"),
    });
    let whole = json!({"code": code, "locales": locales});
    let created = ask(&client, Method::PUT, &path, "admin", json!({"locales": locales})).await;
    created.is(201, whole.clone());
    let read = ask(&client, Method::GET, &path, "service", Value::Null).await;
    read.is(200, whole.clone());
    assert_eq!(read.version(), created.version());

    // A read's answer can be written back. Locales that a write does not name are removed.
    ask(&client, Method::PUT, &path, "admin", whole).await.is(200, read.json());
    let less = json!({"code": code, "locales": {"pt-BR": sms("Oi")}});
    let replaced = ask(&client, Method::PUT, &path, "admin", json!({"locales": {"PT-br": sms("Oi")}})).await;
    replaced.is(200, less.clone());
    ask(&client, Method::GET, &path, "admin", Value::Null).await.is(200, less);

    client.index_catches_up().await;
    let all = ask(&client, Method::GET, "", "service", Value::Null).await;
    assert!(all.json()["items"].as_array().unwrap().contains(&json!({"code": code})), "{}", all.text);

    assert_eq!(ask(&client, Method::DELETE, &path, "admin", Value::Null).await.status, 204);
    for method in [Method::GET, Method::DELETE] {
        ask(&client, method, &path, "admin", Value::Null).await.is(404, no_template());
    }
    // The versions of a template that begins again are counted from its time.
    past_for_every_clock().await;
    let again = ask(&client, Method::PUT, &path, "admin", json!({"locales": {"fr": sms("x")}})).await;
    assert!(again.version() > replaced.version(), "an old version must not be taken for a new one");
}

#[tokio::test]
async fn a_locale_is_written_read_and_removed_by_itself() {
    let client = shared();
    let (code, path) = fresh();
    let (french, english) = (format!("{path}/locales/fr-ca"), format!("{path}/locales/default"));
    ask(&client, Method::GET, &french, "service", Value::Null).await.is(404, no_template());
    let created = ask(&client, Method::PUT, &french, "admin", sms("Allô")).await;
    created.is(201, sms("Allô"));
    ask(&client, Method::PUT, &english, "admin", sms("Hello")).await.is(201, sms("Hello"));
    let changed = ask(&client, Method::PUT, &french, "admin", sms("Salut")).await;
    changed.is(200, sms("Salut"));
    assert!(changed.version() > created.version());

    ask(&client, Method::GET, &format!("{path}/locales/FR-CA"), "service", Value::Null).await.is(200, sms("Salut"));
    let whole = json!({"code": code, "locales": {"default": sms("Hello"), "fr-CA": sms("Salut")}});
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(200, whole);

    assert_eq!(ask(&client, Method::DELETE, &french, "admin", Value::Null).await.status, 204);
    for method in [Method::GET, Method::DELETE] {
        let gone = json!({"statusCode": 404, "message": "Locale not found"});
        ask(&client, method, &french, "admin", Value::Null).await.is(404, gone);
    }
    assert_eq!(ask(&client, Method::DELETE, &english, "admin", Value::Null).await.status, 204);
    ask(&client, Method::GET, &path, "admin", Value::Null).await.is(404, no_template());
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let client = shared();
    let (_, path) = fresh();
    let first = ask(&client, Method::PUT, &format!("{path}/locales/fr"), "admin", sms("one")).await;
    let second = ask(&client, Method::PUT, &format!("{path}/locales/fr"), "admin", sms("two")).await;
    let bearer = format!("Bearer {}", client.token("admin").await);
    let send = async |method: Method, below: &str, tag: &str, body: Value| {
        let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        client.send(method, &format!("/api/v1/templates{path}{below}"), &headers, body).await
    };
    let stale = json!({"statusCode": 412, "message": "The template has changed since it was read"});
    let whole = json!({"locales": {"de": sms("three")}});
    send(Method::PUT, "", first.header("etag"), whole.clone()).await.is(412, stale.clone());
    send(Method::PUT, "/locales/fr", first.header("etag"), sms("three")).await.is(412, stale.clone());
    send(Method::DELETE, "/locales/fr", first.header("etag"), Value::Null).await.is(412, stale.clone());
    send(Method::DELETE, "", first.header("etag"), Value::Null).await.is(412, stale);
    ask(&client, Method::GET, &format!("{path}/locales/fr"), "admin", Value::Null).await.is(200, sms("two"));
    assert_eq!(send(Method::PUT, "", second.header("etag"), whole).await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place_and_nothing_is_written() {
    let client = shared();
    let (_, path) = fresh();
    let refused = |faults: Value| json!({"statusCode": 400, "message": "Validation failed", "errors": faults});
    let put =
        async |below: &str, body: Value| ask(&client, Method::PUT, &format!("{path}{below}"), "admin", body).await;

    let bad =
        json!({"locales": {"default": sms("fine"), "fr": {"email": {"subject": "a\nb", "text": "{{ x"}}, "xx": {}}});
    put("", bad).await.is(
        400,
        refused(json!([
            "locales.fr.email.subject: it must be a line of 1 to 1000 characters",
            "locales.fr.email.text, line 1: unexpected end of input, expected end of variable block",
            "locales.xx is not a locale: it must be default, or a valid BCP 47 language tag, such as fr or pt-BR",
        ])),
    );
    put("/locales/fr", sms("{{ x|dat }}")).await.is(400, refused(json!(["sms.text, line 1: filter dat is unknown"])));
    let accepted = "default, or a valid BCP 47 language tag, such as fr or pt-BR";
    put("/locales/xx", sms("x")).await.is(400, refused(json!([format!("tag must be {accepted}")])));
    ask(&client, Method::GET, &path, "admin", Value::Null).await.is(404, no_template());

    let codes = refused(json!(["code must be a line of 1 to 255 characters, none of / ? # %"]));
    for code in ["/%20", "/a%2523", &format!("/{}", "x".repeat(256))] {
        ask(&client, Method::GET, code, "admin", Value::Null).await.is(400, codes.clone());
    }
    let nowhere = json!({"statusCode": 404, "message": "There is nothing at this path"});
    ask(&client, Method::GET, &format!("{path}/locales"), "admin", Value::Null).await.is(404, nowhere);
}

#[tokio::test]
async fn a_template_has_forty_locales_and_no_more() {
    let client = shared();
    let (_, path) = fresh();
    let tags = [
        "AT", "AU", "CA", "DE", "ES", "FR", "GB", "IE", "IN", "IT", "MX", "NL", "NZ", "PH", "PL", "PT", "SE", "SG",
        "US", "ZA",
    ];
    let all = ["en", "es"].iter().flat_map(|language| tags.map(|region| (format!("{language}-{region}"), sms("x"))));
    let full: serde_json::Map<_, _> = all.collect();
    assert_eq!(ask(&client, Method::PUT, &path, "admin", json!({"locales": full})).await.status, 201);
    let more = ask(&client, Method::PUT, &format!("{path}/locales/default"), "admin", sms("x")).await;
    let told =
        json!({"statusCode": 400, "message": "Validation failed", "errors": ["a template has at most 40 locales"]});
    more.is(400, told);
    // One transaction replaces all locales.
    let other: serde_json::Map<_, _> =
        full.keys().map(|tag| (tag.replace("en-", "fr-").replace("es-", "de-"), sms("y"))).collect();
    ask(&client, Method::PUT, &path, "admin", json!({"locales": other})).await;
    let read = ask(&client, Method::GET, &path, "admin", Value::Null).await.json();
    assert_eq!(read["locales"], Value::Object(other));
}

#[tokio::test]
async fn writers_of_different_locales_do_not_lose_each_other_s() {
    let client = shared();
    let (_, path) = fresh();
    let token = client.token("admin").await;
    let tags = ["de", "en", "es", "fr", "it"];
    let writes = tags.map(|tag| {
        let (client, token, path) = (client.clone(), token.clone(), format!("/api/v1/templates{path}/locales/{tag}"));
        async move { client.json(Method::PUT, &path, &token, &sms(tag)).await.status.as_u16() }
    });
    assert_eq!(futures::future::join_all(writes).await, [201; 5]);
    let read = ask(&client, Method::GET, &path, "admin", Value::Null).await.json();
    assert_eq!(read["locales"].as_object().unwrap().keys().collect::<Vec<_>>(), tags);
}

#[tokio::test]
async fn of_two_who_replace_a_template_at_once_one_wins_whole() {
    let (stack, client) = own(options(&[])).await;
    let replace = async |tag: &str| {
        let locales = json!({"locales": {tag: sms(tag)}});
        ask(&client, Method::PUT, "/contested", "admin", locales).await
    };
    assert_eq!(replace("it").await.status, 201);
    // The first request reads the template, the second one reads and writes it, and then the first one writes.
    let held =
        json!({"dynamodb": [{"operation": "TransactWriteItems", "kind": "delay", "delay_ms": 1500, "times": 1}]});
    client.json(Method::PUT, "/_local/faults", "", &held).await;
    let second = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        replace("fr").await
    };
    let (first, second) = futures::future::join(replace("de"), second).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert!(first.version() > second.version());
    let read = ask(&client, Method::GET, "/contested", "admin", Value::Null).await;
    read.is(200, json!({"code": "contested", "locales": {"de": sms("de")}}));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_preview_is_what_the_recipient_would_read() {
    let client = shared();
    let (_, path) = fresh();
    let text = "{{ user.first_name or 'Hello' }}: {{ at|datetime }}, {{ way|distance }}, {{ n|number }}, {{ theme }}";
    let french = "{{ user.name or 'Bonjour' }} : {{ at|datetime }}, {{ way|distance }}, {{ n|number }}";
    let body = json!({"locales": {"default": sms(text), "fr": sms(french)}});
    assert_eq!(ask(&client, Method::PUT, &path, "admin", body).await.status, 201);
    let preview = async |body: Value| ask(&client, Method::POST, &format!("{path}/render"), "service", body).await;
    let variables = json!({"at": 1_709_308_800, "way": 5000, "n": 1234.5});

    let told = json!({"channel": "sms", "language": "en-US",
        "content": {"sms": "Hello: March 1, 2024 at 4:00 PM, 3.1 mi, 1,234.5, system"}});
    preview(json!({"channel": "sms", "variables": variables})).await.is(200, told);

    let user = client.new_user(json!({"name": "Zoé Roy"})).await;
    let preferences = json!({"language": "fr-CA", "timezone": "America/Toronto", "measurement_unit": "metric"});
    let of = format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap());
    client.json(Method::PATCH, &of, &client.token("admin").await, &preferences).await;
    let told = json!({"channel": "sms", "language": "fr-CA",
        "content": {"sms": "Zoé Roy : 1er mars 2024 à 11:00, 5 km, 1 234,5"}});
    preview(json!({"channel": "sms", "variables": variables, "user_id": user["id"]})).await.is(200, told);
    let told = json!({"channel": "sms", "language": "fr-CA",
        "content": {"sms": "Zoé Roy : 01/03/2024 16:00, 5 km, 1 234,5"}});
    let other = json!({"channel": "sms", "variables": variables, "user_id": user["id"], "timezone": "UTC", "date_time_format": "uk"});
    preview(other).await.is(200, told);

    let refused = |fault: &str| json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]});
    preview(json!({"channel": "sms"})).await.is(400, refused("sms.text, line 1: at is undefined"));
    let none = "no part for push in any of the locales en-US, en, default";
    preview(json!({"channel": "push"})).await.is(400, refused(none));
    let language = "language must be a valid BCP 47 language tag of at most 255 characters, such as en-US";
    preview(json!({"channel": "sms", "language": "xx"})).await.is(400, refused(language));
    let nobody = json!({"channel": "sms", "user_id": "00000000-0000-4000-8000-000000000000"});
    preview(nobody).await.is(404, json!({"statusCode": 404, "message": "User not found"}));
    let missing = ask(&client, Method::POST, "/never-written/render", "service", json!({"channel": "sms"})).await;
    missing.is(404, no_template());
}

#[tokio::test]
async fn only_an_admin_writes_and_users_do_not_read() {
    let client = shared();
    let (_, path) = fresh();
    let writers = forbidden("operator, or admin without an organization");
    let readers = forbidden("operator, or admin or service without an organization");
    let body = json!({"locales": {"fr": sms("x")}});
    ask(&client, Method::PUT, &path, "service", body.clone()).await.is(403, writers.clone());
    ask(&client, Method::DELETE, &path, "service", Value::Null).await.is(403, writers.clone());
    ask(&client, Method::PUT, &format!("{path}/locales/fr"), "broker", sms("x")).await.is(403, writers);
    for below in ["", &path] {
        ask(&client, Method::GET, below, "user", Value::Null).await.is(403, readers.clone());
    }
    ask(&client, Method::POST, &format!("{path}/render"), "user", json!({})).await.is(403, readers);
}

#[tokio::test]
async fn a_write_under_an_idempotency_key_is_done_once() {
    let client = shared();
    let (_, path) = fresh();
    let bearer = format!("Bearer {}", client.token("admin").await);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "template-once")];
    let put = async || {
        let body = json!({"locales": {"fr": sms("x")}}).to_string().into_bytes();
        client.send(Method::PUT, &format!("/api/v1/templates{path}"), &headers, Some(body)).await
    };
    let (first, second) = (put().await, put().await);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_eq!((second.header("x-idempotency-replayed"), second.version()), ("true", first.version()));
}
