//! The most frequent request of each function.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ground, Recipients, request};
use crate::harness::Request;
use crate::section::Fault;

/// Deliveries in a batch.
const BATCH: usize = 10;

/// Prepared events of a function.
#[derive(Debug)]
pub struct Typical {
    /// What the events ask for.
    pub what: &'static str,
    /// The events, one for each invocation.
    pub events: Vec<Bytes>,
}

impl Ground {
    /// `count` events of the function's most frequent request. An event with a batch has ten messages.
    pub async fn typical(&self, function: &str, count: usize) -> Result<Typical, Fault> {
        match function {
            "preferences" => self.changes(count).await,
            "channel-settings" => self.upserts(count).await,
            "dispatch" => {
                let events = Recipients::create(self, BATCH).await?.batches(count).await?;
                Ok(Typical { what: "a batch of 10 deliveries", events })
            }
            "users" => {
                let id = self.world.new_user(&json!({})).await?;
                let bearer = self.bearer(&id, "user");
                let path = format!("/api/v1/users/{id}");
                let event = request("users/get-user.json", &path, &[("authorization", &bearer)], None)?;
                Ok(Typical { what: "reading a user", events: vec![event; count] })
            }
            "notifications" => self.acceptances(count).await,
            "docs" => {
                let event = request("docs/get-document.json", "/openapi.json", &[], None)?;
                Ok(Typical { what: "the OpenAPI document", events: vec![event; count] })
            }
            // The benchmarks do not know this function.
            other => Err(format!("there is no event here for the function {other}").into()),
        }
    }

    /// Preference changes (contract 1).
    pub async fn changes(&self, count: usize) -> Result<Typical, Fault> {
        let user = self.world.new_user(&json!({})).await?;
        let change = |email: bool| self.change(&user, &json!({"preferences": {"email": email, "push": true}}));
        let events = alternating(count, change)?;
        Ok(Typical { what: "a preference change (contract 1)", events })
    }

    /// Channel-settings upserts (contract 3).
    pub async fn upserts(&self, count: usize) -> Result<Typical, Fault> {
        let user = self.world.new_user(&json!({})).await?;
        let demo = self.world.stack.demo().describe();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (key, secret) = (text(&demo["notiflows"]["api_key"]), text(&demo["notiflows"]["secret_key"]));
        let path = format!("/admin/users/{user}/channel-settings/{}", text(&demo["channels"]["fcm"]));
        let headers = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
        let file = "channel-settings/put-channel-settings.json";
        let upsert = |odd: bool| {
            let token = if odd { "ExampleTokenABCDEF123456789" } else { "ExampleTokenGHIJKL123456789" };
            request(file, &path, &headers, Some(&json!({"settings": {"device_tokens": [token]}})))
        };
        Ok(Typical { what: "a channel-settings upsert (contract 3)", events: alternating(count, upsert)? })
    }

    /// Deep merges into settings whose parent objects exist (contract 5).
    pub async fn merges(&self, count: usize) -> Result<Typical, Fault> {
        let user = self.world.new_user(&json!({})).await?;
        let patch = |email: bool| json!({"theme": "light", "notifications": {"email": email}});
        let seed = Request::new(Method::PUT, "/settings/user").bearer(&self.world.token(&user, "user"));
        self.world.expect(200, seed.json(&patch(false))).await?;
        let bearer = self.bearer(&user, "user");
        let merge = |email: bool| {
            let headers = [("authorization", bearer.as_str())];
            request("preferences/put-user-settings.json", "/settings/user", &headers, Some(&patch(email)))
        };
        Ok(Typical { what: "a deep merge (contract 5)", events: alternating(count, merge)? })
    }

    /// Requests to accept notifications. The stack's own worker delivers them.
    async fn acceptances(&self, count: usize) -> Result<Typical, Fault> {
        let user = self.world.new_user(&json!({})).await?;
        let bearer = self.bearer("bench-service", "service");
        let event = || {
            let content = json!({"title": "Hello", "body": "It works"});
            let id = Uuid::new_v4().to_string();
            let body = json!({"notification_type": "push", "user_id": user, "content": content, "request_id": id});
            let file = "notifications/post-notification.json";
            request(file, "/api/v1/notifications", &[("authorization", &bearer)], Some(&body))
        };
        let events = (0..count).map(|_| event()).collect::<Result<_, _>>()?;
        Ok(Typical { what: "accepting a notification", events })
    }

    fn bearer(&self, sub: &str, role: &str) -> String {
        format!("Bearer {}", self.world.token(sub, role))
    }
}

/// Two events in turns: each changes what the one before left.
fn alternating(count: usize, event: impl Fn(bool) -> Result<Bytes, Fault>) -> Result<Vec<Bytes>, Fault> {
    let both = [event(true)?, event(false)?];
    Ok(both.into_iter().cycle().take(count).collect())
}
