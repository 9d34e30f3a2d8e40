//! Contract 5, one row of its table after the other.

mod access;
mod bad_input;
mod companions;
mod costs;
pub mod documents;
mod erasure;
mod limits;
mod merge;
mod race;

use api::{Answer, Client, shared};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const USER: &str = "/settings/user";
const ORGANIZATION: &str = "/settings/organization";

/// A new user or admin, with a token.
struct Person {
    client: Client,
    token: String,
    path: &'static str,
}

impl Person {
    /// A user without stored settings. The path is that of the user's own settings.
    fn new() -> Self {
        Self::of(shared(), &Uuid::new_v4().to_string())
    }

    fn of(client: Client, id: &str) -> Self {
        let demo = Demo::new().unwrap();
        Self { client, token: demo.sign(&demo.claims(id)), path: USER }
    }

    /// An admin of an organisation without stored settings. The path is that of the organisation's settings.
    fn admin_of_a_new_organization() -> Self {
        let org = format!("org-{}", Uuid::new_v4());
        Self { client: shared(), token: member(&org, "admin"), path: ORGANIZATION }
    }

    async fn put(&self, body: &Value) -> Answer {
        self.client.json(Method::PUT, self.path, &self.token, body).await
    }

    async fn post(&self, settings: &Value) -> Answer {
        self.client.json(Method::POST, self.path, &self.token, &json!({"settings": settings})).await
    }

    async fn delete(&self, keys: &[&str]) -> Answer {
        self.client.json(Method::DELETE, self.path, &self.token, &json!({"keys": keys})).await
    }

    async fn get(&self) -> Answer {
        self.client.get(self.path, &self.token).await
    }

    /// Sends `body` exactly as it is written.
    async fn send(&self, method: Method, body: impl Into<Vec<u8>>) -> Answer {
        self.with(method, &[], body).await
    }

    async fn with(&self, method: Method, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        self.client.send(method, self.path, &all, Some(body.into())).await
    }

    /// Asserts the whole settings.
    #[track_caller]
    fn has(&self, settings: Value) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.get().await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, stored(settings)), "{caller}");
        }
    }
}

/// A token of a new member of `org`.
fn member(org: &str, role: &str) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(&Uuid::new_v4().to_string());
    claims["org"] = json!(org);
    claims["roles"] = json!([role]);
    demo.sign(&claims)
}

/// The answer to a read.
fn stored(settings: Value) -> Value {
    json!({"success": true, "settings": settings})
}

/// The answer to a change.
fn done(message: &str) -> Value {
    json!({"success": true, "message": message})
}

/// Asserts a refusal with this status and message, and that its reason is not empty. Returns the reason.
#[track_caller]
fn refused(answer: &Answer, status: u16, message: &str) -> String {
    let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.len() > 10, "{}", answer.text);
    answer.is(status, json!({"success": false, "message": message, "error": error}));
    error
}

const MERGED: &str = "User settings partially updated successfully";
const NOT_MERGED: &str = "Failed to partially update user settings";
