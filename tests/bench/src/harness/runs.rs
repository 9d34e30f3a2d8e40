//! Runs: accepted through the API, and expanded by the worker.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Request, World};
use crate::section::Fault;

const ROOT: &str = "/api/v1/runs";
/// How long to wait for a run of ten thousand.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// A run that is due so much later, in minutes, is expanded at once, and SQS holds its deliveries back: so the calls of the expansion
/// are counted alone.
const LATER: i64 = 14;

impl World {
    /// The request for a run to this audience, `{"recipients": […]}` or `{"topic": …}`, on this channel.
    pub fn run_request(&self, audience: &Value, channel: &str, is_later: bool) -> Request {
        let mut body = json!({
            "notification_type": channel, "content": {"subject": "Hello", "title": "Hello", "body": "How are you?"},
        });
        if is_later {
            body["send_at"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(LATER)).to_string());
        }
        if let (Some(body), Some(audience)) = (body.as_object_mut(), audience.as_object()) {
            body.extend(audience.clone());
        }
        Request::new(Method::POST, ROOT).bearer(&self.token("bench", "service")).json(&body)
    }

    /// Accepts a run. Returns its id.
    pub async fn accept_run(&self, request: Request) -> Result<String, Fault> {
        let accepted = self.expect(202, request).await?.json();
        let id = accepted.pointer("/data/run_id").and_then(Value::as_str);
        id.map(str::to_owned).ok_or_else(|| "a run without an id was accepted".into())
    }

    /// Waits until a run is expanded, and returns how many recipients have a notification.
    pub async fn expanded(&self, run: &str) -> Result<u64, Fault> {
        let request = Request::new(Method::GET, format!("{ROOT}/{run}")).bearer(&self.token("bench", "service"));
        let began = Instant::now();
        while began.elapsed() < TIME_LIMIT {
            let answer = self.expect(200, request.clone()).await?.json();
            if answer["data"]["status"] == "done" {
                return Ok(answer["data"]["expanded"].as_u64().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("a run was not expanded within {} s", TIME_LIMIT.as_secs()).into())
    }

    /// How many pages a run has had.
    pub async fn pages_of_run(&self, run: &str) -> Result<u64, Fault> {
        let query = json!({
            "TableName": self.table_name(), "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)", "Select": "COUNT",
            "ExpressionAttributeValues": {":pk": {"S": format!("RUN#{run}")}, ":sk": {"S": "DONE#"}},
        });
        Ok(self.table("Query", &query).await?["Count"].as_u64().unwrap_or_default())
    }

    /// Subscribes these users to a topic, which is created.
    pub async fn subscribe(&self, topic: &str, users: &[String]) -> Result<(), Fault> {
        let demo = self.stack.demo().describe();
        let told = |pointer: &str| demo.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        for users in users.chunks(1000) {
            let request = Request::new(Method::POST, format!("/admin/v1/topics/{topic}/subscriptions"))
                .header("x-notiflows-api-key", &told("/notiflows/api_key"))
                .header("x-notiflows-secret-key", &told("/notiflows/secret_key"));
            self.expect(200, request.json(&json!({"user_external_ids": users}))).await?;
        }
        Ok(())
    }
}

/// The named recipients of a run.
pub fn named<'u>(users: impl IntoIterator<Item = &'u String>) -> Value {
    json!({"recipients": users.into_iter().map(|user| json!({"user_id": user})).collect::<Vec<_>>()})
}
