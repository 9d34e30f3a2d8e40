//! The stack that is recorded, the callers, and the requests.

use std::sync::{Mutex, PoisonError};

use api::{Answer, Client, eventually, options, own};
use local::stack::Stack;
use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};

/// A request with all of its parts.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

impl Request {
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), headers: Vec::new(), body: None }
    }

    /// Removes the header and then adds it with this value.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn headers(mut self, headers: &[(String, String)]) -> Self {
        self.headers.extend_from_slice(headers);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    pub fn bytes(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }
}

/// The caller whose credentials a request has.
#[derive(Clone, Debug)]
pub enum Who {
    Nobody,
    /// A bearer token: subject, role and teams.
    Bearer(String, &'static str, Vec<&'static str>),
    /// Contract 3's key pair.
    Pair,
    /// Contract 3's public key, with a user's own key.
    UserKey(String),
    /// Contract 2's cookie: subject and role.
    Session(String, &'static str),
}

/// The subjects whose tokens name no organisation.
const FOR_EVERYONE: [&str; 2] = ["recorder-admin", "recorder-service"];

impl Who {
    /// An admin of no organisation.
    pub fn admin() -> Self {
        Self::Bearer(FOR_EVERYONE[0].to_owned(), "admin", vec![])
    }

    /// The admin of the recording's organisation.
    pub fn org_admin() -> Self {
        Self::Bearer("recorder-org-admin".to_owned(), "admin", vec![])
    }

    /// An application of no organisation.
    pub fn service() -> Self {
        Self::Bearer(FOR_EVERYONE[1].to_owned(), "service", vec![])
    }

    pub fn user(id: &str) -> Self {
        Self::Bearer(id.to_owned(), "user", vec![])
    }
}

pub struct Stage {
    pub stack: Stack,
    pub client: Client,
    pub demo: Value,
    http: reqwest::Client,
    /// The recording that is being made, and the number of names that `fresh` has made for it.
    turn: Mutex<(String, usize)>,
}

impl Stage {
    /// Starts a stack with one process per function. Two attempts are the most, so that a message becomes a dead letter
    /// soon. Leases are long enough not to end during a recording.
    pub async fn start() -> Self {
        let parameters = [("MaxAttempts", "2"), ("DispatchTimeout", "30")];
        let (stack, client) = own(local::stack::Options { concurrency: 1, ..options(&parameters) }).await;
        let demo = client.demo().await;
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let stage = Self { stack, client, demo, http, turn: Mutex::default() };
        // The worker caches the channels, so this channel must exist before the worker reads them.
        let body = json!({"provider": "in_app", "name": "Inbox", "position": 5});
        stage.done(201, &Who::admin(), "PUT", "/api/v1/channels/recorder-inbox", &body).await;
        stage
    }

    /// Begins a recording: the names that `fresh` makes from now on belong to it.
    pub fn begin(&self, name: &str) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = (name.to_lowercase(), 0);
    }

    /// A name that is used only once and is the same in each run.
    pub fn fresh(&self) -> String {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        turn.1 += 1;
        format!("{}-{}", turn.0, turn.1)
    }

    /// The organisation of this recording's users.
    pub fn org(&self) -> String {
        format!("org-{}", self.turn.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// A text from the answer of `GET /_local`.
    pub fn told(&self, pointer: &str) -> String {
        self.demo.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}")).to_owned()
    }

    /// The headers with a caller's credentials.
    pub async fn credentials(&self, who: &Who) -> Vec<(String, String)> {
        let key = ("x-notiflows-api-key".to_owned(), self.told("/notiflows/api_key"));
        match who {
            Who::Nobody => Vec::new(),
            Who::Bearer(sub, role, teams) => {
                let org = (!FOR_EVERYONE.contains(&sub.as_str())).then(|| self.org());
                vec![self.bearer(sub, role, teams, org)]
            }
            Who::Pair => vec![key, ("x-notiflows-secret-key".to_owned(), self.told("/notiflows/secret_key"))],
            Who::UserKey(user) => {
                let demo = self.stack.demo();
                vec![key, ("x-notiflows-user-key".to_owned(), demo.sign(&demo.user_key_claims(user)))]
            }
            Who::Session(sub, role) => self.session(sub, role).await,
        }
    }

    fn bearer(&self, sub: &str, role: &str, teams: &[&str], org: Option<String>) -> (String, String) {
        let mut claims = self.stack.demo().claims(sub);
        claims["roles"] = json!([role]);
        claims["teams"] = json!(teams);
        claims["org"] = json!(org);
        ("authorization".to_owned(), format!("Bearer {}", self.stack.demo().sign(&claims)))
    }

    async fn session(&self, sub: &str, role: &str) -> Vec<(String, String)> {
        let org = self.org();
        let request = Request::new("POST", "/api/login").headers(&[self.bearer(sub, role, &[], Some(org.clone()))]);
        let answer = self.expect(200, &request).await;
        let value = |name: &str| {
            let start = format!("{name}_{org}=");
            let all = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
            let found = all.filter_map(|cookie| cookie.strip_prefix(&start)?.split(';').next()).next();
            found.unwrap_or_else(|| panic!("no {name}")).to_owned()
        };
        let (auth, csrf) = (value("AtmoAuthToken"), value("Csrf-Token"));
        let cookie = format!("AtmoAuthToken_{org}={auth}; Csrf-Token_{org}={csrf}");
        vec![("cookie".to_owned(), cookie), (format!("x-csrf-token_{org}"), csrf)]
    }

    /// A request by this caller.
    pub async fn by(&self, who: &Who, method: &str, path: impl Into<String>) -> Request {
        Request::new(method, path).headers(&self.credentials(who).await)
    }

    pub async fn send(&self, request: &Request) -> Answer {
        let method: Method = request.method.parse().unwrap();
        let mut call = self.http.request(method, format!("{}{}", self.stack.url(), request.path));
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if let Some(body) = &request.body {
            call = call.body(body.clone());
        }
        let response = call.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    /// Sends a request and asserts the answer's status.
    pub async fn expect(&self, status: u16, request: &Request) -> Answer {
        let answer = self.send(request).await;
        let what = (&request.method, &request.path);
        assert_eq!(answer.status.as_u16(), status, "{what:?}: {}", answer.text);
        answer
    }

    /// Sends a JSON request by this caller and asserts the answer's status. Returns the answer's body.
    pub async fn done(&self, status: u16, who: &Who, method: &str, path: &str, body: &Value) -> Value {
        let request = self.by(who, method, path).await;
        let request = if body.is_null() { request } else { request.json(body) };
        self.expect(status, &request).await.json()
    }

    /// Deletes the keys without a name, which requests that are refused have used. Their ids are random, and so is their order in a list.
    pub async fn forget_keys(&self) {
        let listed = self.done(200, &Who::admin(), "GET", "/api/v1/api-keys", &Value::Null).await;
        for key in listed["items"].as_array().unwrap().iter().filter(|key| key["name"].is_null()) {
            let path = format!("/api/v1/api-keys/{}", key["api_key"].as_str().unwrap());
            self.expect(204, &self.by(&Who::admin(), "DELETE", path).await).await;
        }
    }

    /// Creates a user of contract 1. Returns the id.
    pub async fn user(&self) -> String {
        let name = self.fresh();
        let body =
            json!({"name": "A User", "email": format!("{name}@example.com"), "push_token": format!("device-{name}")});
        let made = self.done(201, &Who::org_admin(), "POST", "/api/v1/users", &body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Sends a notification as the application. Returns the id.
    pub async fn notify(&self, body: &Value) -> String {
        let accepted = self.done(202, &Who::service(), "POST", "/api/v1/notifications", body).await;
        accepted["data"]["notification_id"].as_str().unwrap().to_owned()
    }

    /// Waits until the notification's only delivery has this status.
    pub async fn delivered(&self, notification: &str, status: &str) {
        let path = format!("/api/v1/notifications/{notification}");
        eventually(async || {
            let read = self.done(200, &Who::service(), "GET", &path, &Value::Null).await;
            (read["data"]["deliveries"][0]["status"] == status).then_some(())
        })
        .await;
    }

    /// Replaces the processes of a function, each once it has ended what it does, so that its caches are empty.
    pub async fn forget(&self, function: &str) {
        self.stack.function(function).unwrap_or_else(|| panic!("no function {function}")).replace().await;
    }
}
