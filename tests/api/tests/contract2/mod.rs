//! Contract 2, one row of its table after the other. Each test has an organisation of its own, so that no test notices
//! another's security settings.

mod access;
mod bad_input;
mod counts;
mod csrf;
mod email;
mod groups;
mod login;
mod security;
pub mod sessions;

use std::sync::LazyLock;

use api::{Answer, Client, options};
use local::{demo::Demo, stack::SharedStack};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// A custom group of this deployment.
pub const CUSTOM: &str = "billing.digest";
pub const PREFIX: &str = "com.soa.notification.type.";
pub const JSON: (&str, &str) = ("content-type", "application/json");

/// A stack whose processes do not cache security settings: a change takes effect at once.
pub fn stack() -> &'static SharedStack {
    static STACK: LazyLock<SharedStack> = LazyLock::new(|| {
        let parameters = [("SecuritySettingsSeconds", "0"), ("CustomGroups", CUSTOM)];
        SharedStack::start(options(&parameters)).unwrap_or_else(|error| panic!("the stack does not start: {error}"))
    });
    &STACK
}

/// All known groups, in the order in which the service lists them.
pub fn all_groups() -> Vec<String> {
    let own = "api.auto.connect app.alert app.lifecycle app.post appteam contract.state.change news.update post.comment \
               privateapi ticket.change";
    own.split(' ').map(|name| format!("{PREFIX}{name}")).chain([CUSTOM.to_owned()]).collect()
}

/// A bearer token of the identity provider of `org`.
pub fn bearer(sub: &str, role: &str, org: &str) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(sub);
    claims["roles"] = json!([role]);
    claims["org"] = json!(org);
    demo.sign(&claims)
}

/// A logged-in user or site admin: the values that a browser keeps.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub org: String,
    /// The value of the session cookie `AtmoAuthToken_{org}`.
    pub token: String,
    pub csrf: String,
}

impl Visitor {
    pub async fn log_in(client: &Client, sub: &str, role: &str, org: &str) -> Self {
        let answer = log_in(client, &bearer(sub, role, org)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let cookie = |name: String| value_of(&answer, &name).split(';').next().unwrap().to_owned();
        Self {
            org: org.to_owned(),
            token: cookie(format!("AtmoAuthToken_{org}=")),
            csrf: cookie(format!("Csrf-Token_{org}=")),
        }
    }

    pub fn cookie(&self) -> String {
        format!("other=1; AtmoAuthToken_{}={}; Csrf-Token_{}={}", self.org, self.token, self.org, self.csrf)
    }

    pub fn csrf_header(&self) -> String {
        format!("X-Csrf-Token_{}", self.org)
    }

    /// Sends a request with the cookie, the CSRF header and `headers`.
    pub async fn send(
        &self,
        client: &Client,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let (cookie, csrf) = (self.cookie(), self.csrf_header());
        let own = [("cookie", cookie.as_str()), (csrf.as_str(), self.csrf.as_str())];
        client.send(method, path, &[&own, headers].concat(), Some(body.into())).await
    }

    pub async fn put(&self, client: &Client, path: &str, body: &Value) -> Answer {
        self.send(client, Method::PUT, path, &[JSON], body.to_string()).await
    }

    pub async fn get(&self, client: &Client, path: &str) -> Answer {
        client.send(Method::GET, path, &[("cookie", &self.cookie())], None).await
    }
}

pub async fn log_in(client: &Client, token: &str) -> Answer {
    client.send(Method::POST, "/api/login", &[("authorization", &format!("Bearer {token}"))], None).await
}

/// The part after `start` of the `Set-Cookie` header that begins with `start`.
pub fn value_of(answer: &Answer, start: &str) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    cookies.filter_map(|cookie| cookie.strip_prefix(start)).next().unwrap_or_else(|| panic!("no {start}")).to_owned()
}

/// A new organisation with one logged-in user and a logged-in site admin.
pub struct Acme {
    pub client: Client,
    pub org: String,
    pub id: String,
    pub email: String,
    pub user: Visitor,
    pub admin: Visitor,
}

impl Acme {
    pub async fn new() -> Self {
        Self::on(Client::new(stack().url())).await
    }

    pub async fn on(client: Client) -> Self {
        let org = format!("org-{}", Uuid::new_v4().simple());
        let (id, email) = new_user(&client, &org).await;
        let user = Visitor::log_in(&client, &id, "user", &org).await;
        let admin = Visitor::log_in(&client, "the-admin", "admin", &org).await;
        Self { client, org, id, email, user, admin }
    }

    /// The path of the user's settings.
    pub fn path(&self) -> String {
        format!("/api/users/{}/settings", self.user_id())
    }

    pub fn user_id(&self) -> String {
        format!("{}.{}", self.id, self.org)
    }

    pub fn business(&self) -> String {
        format!("/api/businesses/tenantbusiness.{}/securitysettings", self.org)
    }

    pub async fn put(&self, body: Value) -> Answer {
        self.user.put(&self.client, &self.path(), &body).await
    }

    /// The user's settings and their version.
    pub async fn settings(&self) -> (Value, u64) {
        let answer = self.admin.get(&self.client, &self.path()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        (answer.json(), answer.version())
    }

    /// The settings as a read shows them if the user is in exactly these groups.
    pub fn shown(&self, groups: &[String]) -> Value {
        json!({"UserID": self.user_id(), "Email": self.email, "OptedNotification": groups})
    }

    /// Changes the security settings as the site admin.
    pub async fn secure(&self, settings: Value) {
        let answer = self.admin.put(&self.client, &self.business(), &settings).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// Creates a user in that organisation. Returns the id and the address.
pub async fn new_user(client: &Client, org: &str) -> (String, String) {
    let email = format!("{}@example.com", Uuid::new_v4().simple());
    let body = json!({"name": "A User", "email": email});
    let answer = client.json(Method::POST, "/api/v1/users", &bearer("the-admin", "admin", org), &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (answer.json()["id"].as_str().unwrap().to_owned(), email)
}

/// Asserts the status and the whole plain text.
#[track_caller]
pub fn is_text(answer: &Answer, status: u16, text: &str) {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, text));
    assert_eq!(answer.header("content-type"), "text/plain");
    assert!(!answer.header("x-request-id").is_empty());
}

/// Asserts the answer to a caller without the right: 401.
#[track_caller]
pub fn is_unauthorized(answer: &Answer) {
    is_text(answer, 401, "Unauthorized");
    // A log-in says what is wrong with its token (RFC 6750 §3).
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("Bearer"), "{challenge}");
}
