//! An HTTP client of the stack, with one method for each thing that a user does.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use local::fidelity::CLOCK_SKEW;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// The longest time that a test waits for one request, or for something that happens in the background.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// A client of one stack.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

/// An answer whose body was read to its end.
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
    /// The body as JSON; `null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header's text; empty if the header is missing.
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

    /// The record's version, read from the header `ETag`.
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

    /// Sends a request that the caller has put together completely.
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

    /// Sends a JSON request with the bearer token `token`; without a token if `token` is empty.
    pub async fn json(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        self.send(method, path, &headers, body).await
    }

    /// Sends a `GET` with the bearer token `token`.
    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.json(Method::GET, path, token, &Value::Null).await
    }

    /// The answer of `GET /_local`: the demo's tokens, ids and keys.
    pub async fn demo(&self) -> Value {
        self.get("/_local", "").await.json()
    }

    /// A new bearer token of the demo for `who`, which is a name under `bearer` in `GET /_local`.
    pub async fn token(&self, who: &str) -> String {
        self.demo().await["bearer"][who].as_str().unwrap_or_else(|| panic!("no token of {who}")).to_owned()
    }

    /// Creates a user with an address that no other user has, and with the fields of `more`. Returns the whole user.
    pub async fn new_user(&self, more: Value) -> Value {
        let mut body = json!({"name": "A User", "email": unique_email()});
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        let created = self.json(Method::POST, "/api/v1/users", &self.token("admin").await, &body).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
        created.json()
    }

    /// Sends a notification as the application. Returns its id.
    pub async fn notify(&self, body: &Value) -> String {
        let answer = self.json(Method::POST, "/api/v1/notifications", &self.token("service").await, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        answer.json()["data"]["notification_id"].as_str().expect("an id").to_owned()
    }

    /// Reads the notification again and again until `done` is true for it. Returns the notification.
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

    /// Waits until no delivery of the notification is under way. Returns the notification.
    pub async fn settled(&self, id: &str) -> Value {
        const UNDER_WAY: [&str; 3] = ["queued", "held", "retrying"];
        let final_state = |delivery: &Value| !UNDER_WAY.contains(&delivery["status"].as_str().unwrap_or_default());
        let settled = |data: &Value| data["deliveries"].as_array().is_some_and(|all| all.iter().all(final_state));
        self.notification_when(id, settled).await
    }

    /// All messages that the providers received for one address.
    pub async fn deliveries_to(&self, address: &str) -> Vec<Value> {
        let all = self.get("/_local/deliveries", "").await.json();
        all.as_array().into_iter().flatten().filter(|delivery| delivery["to"] == address).cloned().collect()
    }

    /// Waits until the table's index shows everything that was written before. On AWS, nobody can wait for that: whoever has
    /// just written something may not find it in a list yet.
    pub async fn index_catches_up(&self) {
        let answer = self.get("/_local/index", "").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    }

    /// Waits until every queue is empty, and asserts that there are no dead letters.
    pub async fn is_drained(&self) {
        self.queues_empty().await;
        assert_eq!(self.dead_letters().await, [] as [Value; 0]);
    }

    /// Waits until every queue is empty.
    pub async fn queues_empty(&self) {
        eventually(async || {
            let queues = self.get("/_local/queues", "").await.json();
            ["visible", "in_flight", "delayed", "dead_lettered"].iter().all(|name| queues[*name] == 0).then_some(())
        })
        .await;
    }

    /// Fires the schedule once, with all of its shares. Returns how many deliveries were released.
    pub async fn tick(&self) -> u64 {
        self.index_catches_up().await;
        let fired = self.json(Method::POST, "/_local/functions/dispatch/tick", "", &Value::Null).await;
        assert_eq!(fired.status, StatusCode::OK, "{}", fired.text);
        let fired = fired.json();
        let answers = fired["answers"].as_array().expect("answers");
        answers.iter().map(|share| share["answer"]["released"].as_u64().unwrap_or_default()).sum()
    }

    /// Sets up the channel of the inbox, which no deployment has by itself.
    pub async fn set_up_inbox(&self) {
        let (path, admin) = ("/api/v1/channels/inbox", self.token("admin").await);
        let made = self.json(Method::PUT, path, &admin, &json!({"provider": "in_app"})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }

    /// The newest hundred dead letters.
    pub async fn dead_letters(&self) -> Vec<Value> {
        self.index_catches_up().await;
        let answer = self.get("/api/v1/dead-letters?limit=100", &self.token("admin").await).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["items"].as_array().expect("items").clone()
    }
}

/// An address that no other user has.
pub fn unique_email() -> String {
    format!("user-{}@example.com", unique())
}

/// A number that no other test in this process gets.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Waits until what was written before is the past for every process. Clocks differ, so one process may see the time that another
/// has just written as the future.
pub async fn past_for_every_clock() {
    tokio::time::sleep(CLOCK_SKEW + Duration::from_millis(1)).await;
}

/// Calls `ask` again and again until it returns `Some`.
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

/// The body of contract 1's 403; `who` is who may.
pub fn forbidden(who: &str) -> Value {
    json!({"statusCode": 403, "message": format!("You may not do this. Who may: {who}")})
}
