//! `GET`, `PUT` and `DELETE /api/v1/users/{id}/quiet-hours`.

use api::{Answer, Client, shared};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

/// A new user, who sends the requests.
struct Sleeper {
    client: Client,
    user: Value,
    token: String,
}

impl Sleeper {
    async fn new() -> Self {
        let client = shared();
        let user = client.new_user(json!({})).await;
        let demo = Demo::new().unwrap();
        let token = demo.sign(&demo.claims(user["id"].as_str().unwrap()));
        Self { client, user, token }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/users/{}{rest}", self.user["id"].as_str().unwrap())
    }

    async fn ask(&self, method: Method, headers: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers: Vec<_> = headers.iter().copied().chain([("authorization", bearer.as_str())]).collect();
        let body = (!body.is_empty()).then(|| body.as_bytes().to_vec());
        self.client.send(method, &self.path("/quiet-hours"), &headers, body).await
    }

    async fn put(&self, body: &Value) -> Answer {
        self.ask(Method::PUT, &[], &body.to_string()).await
    }

    async fn get(&self) -> Answer {
        self.ask(Method::GET, &[], "").await
    }

    async fn export(&self) -> Value {
        self.client.get(&self.path("/export"), &self.token).await.json()["user"]["quiet"].clone()
    }
}

fn night() -> Value {
    json!({"start": "22:00", "end": "07:00"})
}

#[track_caller]
fn are_not_set(answer: &Answer) {
    answer.is(404, json!({"statusCode": 404, "message": "Quiet hours are not set"}));
}

#[track_caller]
fn is_gone(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
}

#[tokio::test]
async fn they_are_set_read_replaced_and_removed() {
    let sleeper = Sleeper::new().await;
    are_not_set(&sleeper.get().await);
    let given = json!({"days": ["sun", "fri", "sun"], "start": "22:00", "end": "07:00"});
    let put = sleeper.put(&given).await;
    put.is(200, json!({"start": "22:00", "end": "07:00", "days": ["fri", "sun"]}));
    assert_eq!(put.version(), 2);
    let read = sleeper.get().await;
    read.is(200, put.json());
    assert_eq!(read.text, put.text);
    assert_eq!(read.version(), 2);

    // The whole record is replaced, so days that the request leaves out are not kept.
    sleeper.put(&night()).await.is(200, night());
    sleeper.get().await.is(200, night());

    let deleted = sleeper.ask(Method::DELETE, &[], "").await;
    is_gone(&deleted);
    assert_eq!(deleted.version(), 4);
    are_not_set(&sleeper.get().await);
    is_gone(&sleeper.ask(Method::DELETE, &[], "").await);
}

#[tokio::test]
async fn they_disturb_nothing_and_are_in_the_export() {
    let sleeper = Sleeper::new().await;
    assert_eq!(sleeper.export().await, json!({}));
    sleeper.put(&json!({"start": "22:00", "end": "07:00", "days": ["mon"]})).await;
    assert_eq!(sleeper.export().await, json!({"start": "22:00", "end": "07:00", "days": ["mon"]}));
    let display = json!({"timezone": "Europe/Paris"});
    let path = sleeper.path("/preferences");
    assert_eq!(sleeper.client.json(Method::PATCH, &path, &sleeper.token, &display).await.status.as_u16(), 200);
    sleeper.get().await.is(200, json!({"start": "22:00", "end": "07:00", "days": ["mon"]}));
    let mut user = sleeper.client.get(&sleeper.path(""), &sleeper.token).await.json();
    user["updated_at"] = sleeper.user["updated_at"].clone();
    assert_eq!(user, sleeper.user);
    sleeper.ask(Method::DELETE, &[], "").await;
    assert_eq!(sleeper.export().await, json!({}));
    let display = sleeper.client.get(&path, &sleeper.token).await.json();
    assert_eq!(display["timezone"], "Europe/Paris");
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing_and_a_fresh_one_passes() {
    let sleeper = Sleeper::new().await;
    let stale = json!({"statusCode": 412, "message": "The user has changed since it was read"});
    let body = night().to_string();
    sleeper.ask(Method::PUT, &[("if-match", "\"9\"")], &body).await.is(412, stale.clone());
    are_not_set(&sleeper.get().await);
    sleeper.ask(Method::PUT, &[("if-match", "\"1\"")], &body).await.is(200, night());
    sleeper.ask(Method::DELETE, &[("if-match", "\"1\"")], "").await.is(412, stale);
    sleeper.get().await.is(200, night());
    is_gone(&sleeper.ask(Method::DELETE, &[("if-match", "\"2\"")], "").await);
}

#[tokio::test]
async fn a_key_does_a_write_once() {
    let sleeper = Sleeper::new().await;
    let key = [("idempotency-key", "night-1")];
    let body = night().to_string();
    sleeper.ask(Method::PUT, &key, &body).await.is(200, night());
    let later = json!({"start": "23:00", "end": "07:00"});
    sleeper.put(&later).await.is(200, later.clone());
    let replayed = sleeper.ask(Method::PUT, &key, &body).await;
    replayed.is(200, night());
    assert_eq!(replayed.header("x-idempotency-replayed"), "true");
    sleeper.get().await.is(200, later.clone());
    let conflict = json!({"statusCode": 409, "message": "This idempotency key was used for another request"});
    sleeper.ask(Method::PUT, &key, &later.to_string()).await.is(409, conflict);
    for replayed in ["", "true"] {
        let deleted = sleeper.ask(Method::DELETE, &key, "").await;
        is_gone(&deleted);
        assert_eq!(deleted.header("x-idempotency-replayed"), replayed);
    }
}

#[tokio::test]
async fn bad_input_is_told_by_its_field_and_writes_nothing() {
    let sleeper = Sleeper::new().await;
    sleeper.put(&night()).await;
    let time = "a time of day as HH:MM, from 00:00 to 23:59";
    let days = "days must be a list of one or more of mon, tue, wed, thu, fri, sat, sun, or null for every day";
    for (body, faults) in [
        (r#"{"start":"24:00","end":"06:00"}"#, json!([format!("start must be {time}")])),
        (r#"{"start":"23:00","end":null}"#, json!([format!("end must be {time}")])),
        (r#"{"start":"23:00"}"#, json!([format!("end is required: it must be {time}")])),
        (r#"{"start":"23:00","end":"23:00"}"#, json!(["end must be another time than start"])),
        (r#"{"start":"23:00","end":"06:00","days":[]}"#, json!([days])),
        (r#"{"start":"23:00","end":"06:00","days":["mon","someday"]}"#, json!([days])),
        (r#"{"start":"23:00","end":"06:00","timezone":"UTC"}"#, json!(["timezone is not a known field"])),
        ("[]", json!(["the body must be a JSON object"])),
        ("", json!(["the body must be a JSON object, and it is empty"])),
    ] {
        let answer = sleeper.ask(Method::PUT, &[], body).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": faults}));
    }
    for body in ["{", "{\"start\":\"23:00\",\"start\":\"22:00\",\"end\":\"06:00\"}", "{\"start\":\"\\ud800\"}"] {
        assert_eq!(sleeper.ask(Method::PUT, &[], body).await.status.as_u16(), 400, "{body}");
    }
    let read = sleeper.get().await;
    read.is(200, night());
    assert_eq!(read.version(), 2);
}

#[tokio::test]
async fn who_is_not_there_has_none() {
    let client = shared();
    let admin = client.token("admin").await;
    let unknown = "/api/v1/users/00000000-0000-4000-8000-000000000003/quiet-hours";
    for (method, body) in [(Method::GET, Value::Null), (Method::PUT, night()), (Method::DELETE, Value::Null)] {
        let answer = client.json(method, unknown, &admin, &body).await;
        answer.is(404, json!({"statusCode": 404, "message": "User not found"}));
    }
    let answer = client.json(Method::PUT, "/api/v1/users/42/quiet-hours", &admin, &night()).await;
    answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": ["id must be a UUID"]}));
    // The token of an erased user is refused, and erasure removes the quiet hours.
    let sleeper = Sleeper::new().await;
    sleeper.put(&night()).await;
    assert_eq!(client.json(Method::DELETE, &sleeper.path(""), &admin, &Value::Null).await.status.as_u16(), 204);
    sleeper.put(&night()).await.is(401, json!({"statusCode": 401, "message": "Unauthorized"}));
    let gone = client.get(&sleeper.path("/quiet-hours"), &admin).await;
    gone.is(404, json!({"statusCode": 404, "message": "User not found"}));
}
