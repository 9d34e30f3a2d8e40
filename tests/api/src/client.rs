//! An HTTP client of the stack, with words for what a user does.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// How long something that happens by itself may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// A client of one stack.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts the status, the content type and the whole JSON body.
    #[track_caller]
    pub fn is(&self, status: u16, body: Value) {
        assert_eq!((self.status.as_u16(), self.json()), (status, body), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(!self.header("x-request-id").is_empty());
    }

    /// The record's version out of `ETag`.
    pub fn version(&self) -> u64 {
        self.header("etag").trim_matches('"').parse().unwrap_or_else(|_| panic!("no version in {:?}", self.headers))
    }
}

impl Client {
    /// A client of the stack at `url`.
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().timeout(TIME_LIMIT).build().expect("a client");
        Self { http, url: url.to_owned() }
    }

    /// The stack's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request with all of its parts.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a body") }
    }

    /// A JSON request by `token`; none where that is empty.
    pub async fn json(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        self.send(method, path, &headers, body).await
    }

    /// `GET` by `token`.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.json(Method::GET, path, token, &Value::Null).await
    }

    /// What `GET /_local` answers: tokens, ids, keys.
    pub async fn demo(&self) -> Value {
        self.get("/_local", "").await.json()
    }

    /// A fresh bearer token of the demo.
    pub async fn token(&self, who: &str) -> String {
        self.demo().await["bearer"][who].as_str().unwrap_or_else(|| panic!("no token of {who}")).to_owned()
    }

    /// Creates a user with an address nobody else has, and what `more` adds; the whole user.
    pub async fn new_user(&self, more: Value) -> Value {
        let mut body = json!({"name": "A User", "email": unique_email()});
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let created = self.json(Method::POST, "/api/v1/users", &self.token("admin").await, &body).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
        created.json()
    }

    /// Has the application send a notification; its id.
    pub async fn notify(&self, body: &Value) -> String {
        let answer = self.json(Method::POST, "/api/v1/notifications", &self.token("service").await, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        answer.json()["data"]["notification_id"].as_str().expect("an id").to_owned()
    }

    /// The notification as soon as `done` says so.
    pub async fn notification_when(&self, id: &str, done: impl Fn(&Value) -> bool) -> Value {
        let token = self.token("service").await;
        let path = format!("/api/v1/notifications/{id}");
        eventually(async || {
            let answer = self.get(&path, &token).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            Some(answer.json()["data"].clone()).filter(|data| done(data))
        })
        .await
    }

    /// The notification once no delivery is under way any more.
    pub async fn settled(&self, id: &str) -> Value {
        const UNDER_WAY: [&str; 3] = ["queued", "held", "retrying"];
        let final_state = |delivery: &Value| !UNDER_WAY.contains(&delivery["status"].as_str().unwrap_or_default());
        let settled = |data: &Value| data["deliveries"].as_array().is_some_and(|all| all.iter().all(final_state));
        self.notification_when(id, settled).await
    }

    /// What a provider got for one address.
    pub async fn deliveries_to(&self, address: &str) -> Vec<Value> {
        let all = self.get("/_local/deliveries", "").await.json();
        all.as_array().into_iter().flatten().filter(|delivery| delivery["to"] == address).cloned().collect()
    }

    /// Waits until nothing is in any queue, and asserts that nothing gave up.
    pub async fn is_drained(&self) {
        self.queues_empty().await;
        assert_eq!(self.dead_letters().await, [] as [Value; 0]);
    }

    /// Waits until nothing is in any queue.
    pub async fn queues_empty(&self) {
        eventually(async || {
            let queues = self.get("/_local/queues", "").await.json();
            ["visible", "in_flight", "delayed", "dead_lettered"].iter().all(|name| queues[*name] == 0).then_some(())
        })
        .await;
    }

    /// The newest hundred messages that gave up.
    pub async fn dead_letters(&self) -> Vec<Value> {
        let answer = self.get("/api/v1/dead-letters?limit=100", &self.token("admin").await).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["items"].as_array().expect("items").clone()
    }
}

/// An address nobody else has.
pub fn unique_email() -> String {
    format!("user-{}@example.com", unique())
}

/// A number nobody else has in this process.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Asks until there is an answer.
pub async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < TIME_LIMIT, "it did not happen within {TIME_LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
