//! The preference centre: a page that a signed link opens.

mod form;
mod links;
mod page;
mod trouble;
mod widget;

use std::time::Duration;

use api::{Answer, Client, shared};
use local::demo::{DEPLOYMENT_SECRET, Demo};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{LinkEpoch, Timestamp, UserId},
    preference_link::{LIFETIME, PreferenceKey},
};
use uuid::Uuid;

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub const AS_JSON: (&str, &str) = ("accept", "application/json");
/// The form that a browser sends if its user has never changed anything: each channel is on now, and was on when the
/// page was shown.
pub const CHANNELS: &str = "was.channel.email=on&channel.email=on&was.channel.push=on&channel.push=on&was.channel.sms=on\
                            &channel.sms=on&was.channel.slack=on&channel.slack=on&was.channel.in_app=on&channel.in_app=on";

/// A user with a link to the preference centre.
pub struct Visitor {
    pub client: Client,
    pub user: Value,
    pub id: String,
    pub token: String,
    /// `/preferences?token=…`
    pub link: String,
}

impl Visitor {
    pub async fn new() -> Self {
        Self::on(shared()).await
    }

    pub async fn on(client: Client) -> Self {
        let user = client.new_user(json!({"name": "Saoirse Unmistakable"})).await;
        let id = user["id"].as_str().unwrap().to_owned();
        let demo = Demo::new().unwrap();
        let token = demo.sign(&demo.claims(&id));
        let link = signed(&user, LIFETIME);
        Self { client, user, id, token, link }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/users/{}{rest}", self.id)
    }

    pub async fn look(&self) -> Answer {
        self.look_with(&[]).await
    }

    pub async fn look_with(&self, headers: &[(&str, &str)]) -> Answer {
        self.client.send(Method::GET, &self.link, headers, None).await
    }

    /// Posts the form as a browser without script does, and follows the redirect.
    pub async fn post(&self, body: &str) -> Answer {
        self.client.send(Method::POST, &self.link, &[FORM], Some(body.into())).await
    }

    /// Posts the form as the page's own script does.
    pub async fn save(&self, body: &str) -> Answer {
        self.client.send(Method::POST, &self.link, &[FORM, AS_JSON], Some(body.into())).await
    }

    /// All stored data of the user except notifications.
    pub async fn stored(&self) -> Value {
        let export = self.client.get(&self.path("/export"), &self.token).await;
        assert_eq!(export.status, 200, "{}", export.text);
        export.json()["user"].clone()
    }

    pub async fn version(&self) -> u64 {
        self.client.get(&self.path(""), &self.token).await.version()
    }

    /// The user's channels, as contract 1 shows them.
    pub async fn channels(&self) -> Value {
        self.client.get(&self.path(""), &self.token).await.json()["preferences"].clone()
    }
}

/// A link that is signed with the product's key and expires after `lifetime`.
pub fn signed(user: &Value, lifetime: Duration) -> String {
    format!("/preferences?token={}", token(user, Clock::system().now().plus(lifetime)))
}

/// The token of a link for this user, who never ended links.
pub fn token(user: &Value, expires: Timestamp) -> String {
    let id = UserId::parse(user["id"].as_str().unwrap()).unwrap();
    PreferenceKey::derive(DEPLOYMENT_SECRET).unwrap().sign(id, epoch(user), expires)
}

/// What the links of this user are bound to, who never ended links.
pub fn epoch(user: &Value) -> LinkEpoch {
    LinkEpoch { created_at: Timestamp::parse(user["created_at"].as_str().unwrap()).unwrap(), ended: 0 }
}

/// What the API would say about a user whom nobody has created.
pub fn nobody() -> Value {
    json!({"id": Uuid::new_v4().to_string(), "created_at": "2024-03-01T10:00:00Z"})
}

/// Asserts a page's status, its text, and the headers that protect it.
#[track_caller]
pub fn is_page(answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("x-content-type-options", "nosniff"),
        ("set-cookie", ""),
        ("location", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; form-action 'self'; base-uri 'none';"), "{policy}");
    assert!(!policy.contains("unsafe") && policy.contains("; frame-ancestors "), "{policy}");
    assert!(!answer.header("x-request-id").is_empty());
    assert!(answer.text.contains(says), "{}", answer.text);
    for loaded in ["<link", "<img", " src=", "http:", "https:", "@import", "url(", " style=", " onclick"] {
        assert!(!answer.text.contains(loaded), "{loaded}: {}", answer.text);
    }
}

/// Asserts the status and the body of a JSON answer, and the headers that protect it.
#[track_caller]
pub fn is_told(answer: &Answer, status: u16, body: Value) {
    answer.is(status, body);
    assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
}

/// The text between `from` and the next `to`. Panics if they do not occur.
#[track_caller]
pub fn between<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    html.split_once(from).and_then(|(_, rest)| rest.split_once(to)).unwrap_or_else(|| panic!("no {from}: {html}")).0
}
