//! The callers with their credentials, and the data that requests need.

use std::time::{Duration, Instant};

use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Request, World};
use crate::section::Fault;

/// How long to wait for something asynchronous.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A stack with an inbox, and its callers.
pub struct Cast {
    /// The stack.
    pub world: World,
    /// An admin's token.
    pub admin: String,
    /// A token of an application.
    pub service: String,
    /// The answer of `GET /_local`.
    pub demo: Value,
    /// The organisation of all users.
    pub org: String,
}

/// A session of contract 2.
pub struct Session {
    org: String,
    cookie: String,
    csrf: String,
}

impl Cast {
    /// Starts a stack in which a delivery gives up after one attempt, so that dead letters come soon.
    pub async fn new() -> Result<Self, Fault> {
        let world = World::start(&[("MaxAttempts", "1")]).await?;
        let (admin, service) = (world.token("bench-admin", "admin"), world.token("bench-service", "service"));
        let inbox = Request::new(Method::PUT, "/api/v1/channels/inbox").bearer(&admin);
        world.expect(201, inbox.json(&json!({"provider": "in_app"}))).await?;
        let demo = describe(&world.stack);
        let org = demo_org(&world.stack)?;
        Ok(Self { world, admin, service, demo, org })
    }

    /// A text in the answer of `GET /_local`, by its JSON pointer.
    pub fn told(&self, pointer: &str) -> Result<String, Fault> {
        let text = self.demo.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| format!("the demo tells no {pointer}").into())
    }

    /// Creates a user. Returns the id.
    pub async fn user(&self) -> Result<String, Fault> {
        self.world.new_user(&json!({"push_token": format!("device-{}", Uuid::new_v4().simple())})).await
    }

    /// A user's own token.
    pub fn own(&self, user: &str) -> String {
        self.world.token(user, "user")
    }

    /// The token of the organisation's own admin.
    pub fn org_admin(&self) -> String {
        self.world.token("bench-org-admin", "org_admin")
    }

    /// A request of an admin.
    pub fn by_admin(&self, method: Method, path: impl Into<String>) -> Request {
        Request::new(method, path).bearer(&self.admin)
    }

    /// A request of an application with a bearer token.
    pub fn by_service(&self, method: Method, path: impl Into<String>) -> Request {
        Request::new(method, path).bearer(&self.service)
    }

    /// A request of an application with contract 3's key pair.
    pub fn by_pair(&self, method: Method, path: impl Into<String>) -> Result<Request, Fault> {
        let (key, secret) = (self.told("/notiflows/api_key")?, self.told("/notiflows/secret_key")?);
        let request = Request::new(method, path).header("x-notiflows-api-key", &key);
        Ok(request.header("x-notiflows-secret-key", &secret))
    }

    /// A request of a user with contract 3's user key.
    pub fn by_user_key(&self, method: Method, path: impl Into<String>, user: &str) -> Result<Request, Fault> {
        let demo = self.world.stack.demo();
        let key = demo.sign(&demo.user_key_claims(user));
        let request = Request::new(method, path).header("x-notiflows-api-key", &self.told("/notiflows/api_key")?);
        Ok(request.header("x-notiflows-user-key", &key))
    }

    /// Logs in by contract 2.
    pub async fn session(&self, token: &str) -> Result<Session, Fault> {
        let answer = self.world.expect(200, Request::new(Method::POST, "/api/login").bearer(token)).await?;
        let cookies = answer.all("set-cookie");
        let value = |name: &str| {
            let start = format!("{name}_{}=", self.org);
            let found = cookies.iter().find_map(|cookie| cookie.strip_prefix(&start)?.split(';').next());
            found.map(str::to_owned).ok_or_else(|| Fault::from(format!("the log-in set no {name}")))
        };
        let (auth, csrf) = (value("AtmoAuthToken")?, value("Csrf-Token")?);
        let org = &self.org;
        let cookie = format!("AtmoAuthToken_{org}={auth}; Csrf-Token_{org}={csrf}");
        Ok(Session { org: org.clone(), cookie, csrf })
    }

    /// Sends a notification as an application. Returns the id.
    pub async fn notify(&self, body: &Value) -> Result<String, Fault> {
        let request = self.by_service(Method::POST, "/api/v1/notifications").json(body);
        let accepted = self.world.expect(202, request).await?.json();
        let id = accepted.pointer("/data/notification_id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| "a notification without an id was accepted".into())
    }

    /// Waits until the only delivery of a notification has this status.
    pub async fn delivered(&self, notification: &str, status: &str) -> Result<(), Fault> {
        let path = format!("/api/v1/notifications/{notification}");
        self.until(&format!("a delivery that is {status}"), async || {
            let answer = self.world.expect(200, self.by_service(Method::GET, &path)).await?.json();
            Ok((answer.pointer("/data/deliveries/0/status") == Some(&json!(status))).then_some(()))
        })
        .await
    }

    /// Calls `ask` until it returns `Some`.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn() -> Result<Option<T>, Fault>) -> Result<T, Fault> {
        let began = Instant::now();
        while began.elapsed() < TIME_LIMIT {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("{what}: not within {} s", TIME_LIMIT.as_secs()).into())
    }
}

impl Session {
    /// Adds the session's cookie and CSRF header to the request.
    pub fn with(&self, request: Request) -> Request {
        request.header("cookie", &self.cookie).header(&format!("X-Csrf-Token_{}", self.org), &self.csrf)
    }
}

fn describe(stack: &Stack) -> Value {
    stack.demo().describe()
}

fn demo_org(stack: &Stack) -> Result<String, Fault> {
    let claims = stack.demo().claims("anybody");
    claims["org"].as_str().map(str::to_owned).ok_or_else(|| "the demo's tokens name no organisation".into())
}
