//! The stack of a section. By default each function has one process.

use std::time::{Duration, Instant};

use bytes::Bytes;
use local::fidelity::Fidelity;
use local::stack::Progress;
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Copy, Counts, Request, batch};
use crate::section::Fault;

/// How long to wait for something asynchronous.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// A running stack.
#[derive(Debug)]
pub struct World {
    /// The stack.
    pub stack: Stack,
    http: reqwest::Client,
}

impl World {
    /// Starts a stack with these template parameters. Each function has one process, so that the first request fills
    /// all caches. Schedules do not fire by themselves, because their calls would be counted.
    pub async fn start(parameters: &[(&str, &str)]) -> Result<Self, Fault> {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::with(Options { parameters, ..Self::options() }).await
    }

    /// The options of `start`, for a caller that changes them.
    pub fn options() -> Options {
        Options {
            concurrency: 1,
            schedules: false,
            progress: Progress::Quiet,
            fidelity: Fidelity::none(),
            ..Options::default()
        }
    }

    /// Starts a stack with these options.
    pub async fn with(options: Options) -> Result<Self, Fault> {
        let stack = Stack::start(options).await?;
        Ok(Self { stack, http: reqwest::Client::builder().build()? })
    }

    /// Sends a request. Any answer is accepted.
    pub async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let Request { method, path, headers, body } = request;
        let mut call = self.http.request(method, format!("{}{path}", self.stack.url()));
        for (name, value) in &headers {
            call = call.header(name, value);
        }
        if let Some(body) = body {
            call = call.body(body);
        }
        let response = call.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// Sends a request. An answer with another status is an error.
    pub async fn expect(&self, status: u16, request: Request) -> Result<Answer, Fault> {
        let what = format!("{} {}", request.method, request.path);
        let answer = self.send(request).await?;
        if answer.status.as_u16() != status {
            return Err(format!("{what} was answered {} and not {status}: {}", answer.status, answer.text).into());
        }
        Ok(answer)
    }

    /// Gives an event to a function, as Lambda does, and waits for the answer.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Fault> {
        let pool = self.stack.function(function).ok_or_else(|| format!("there is no function {function}"))?;
        let answer = pool.invoke(Bytes::from(event.to_string())).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Counts the calls of `function` while `act` runs.
    pub async fn counted<T>(
        &self,
        function: &str,
        act: impl AsyncFnOnce() -> Result<T, Fault>,
    ) -> Result<(T, Counts), Fault> {
        let (dynamodb, sqs) = (self.stack.dynamodb_proxy(), self.stack.sqs_proxy());
        let before = self.stack.providers().calls();
        dynamodb.reset();
        sqs.reset();
        let done = act().await?;
        let mut counts = Counts::of(function, &dynamodb.calls(), &sqs.calls());
        let after = self.stack.providers().calls();
        for (name, calls) in after.as_object().into_iter().flatten() {
            let more = calls.as_u64().unwrap_or_default() - before[name].as_u64().unwrap_or_default();
            if more > 0 {
                counts.providers.insert(name.clone(), more);
            }
        }
        Ok((done, counts))
    }

    /// A bearer token of the demo's issuer: `user` and `org_admin` in an organisation of the demo, `admin` and `service`
    /// in none.
    pub fn token(&self, sub: &str, role: &str) -> String {
        let mut claims = self.stack.demo().claims(sub);
        claims["roles"] = json!([role.trim_start_matches("org_")]);
        if ["admin", "service"].contains(&role) {
            claims["org"] = Value::Null;
        }
        self.stack.demo().sign(&claims)
    }

    /// Creates a user through contract 1. Returns the id.
    pub async fn new_user(&self, more: &Value) -> Result<String, Fault> {
        let mut body =
            json!({"name": "A User", "email": format!("user-{}@example.com", uuid::Uuid::new_v4().simple())});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let request = Request::new(Method::POST, "/api/v1/users").bearer(&self.token("bench-org-admin", "org_admin"));
        let created = self.expect(201, request.json(&body)).await?.json();
        created["id"].as_str().map(str::to_owned).ok_or_else(|| "a user without an id was created".into())
    }

    /// Waits until all deliveries of a notification have ended.
    pub async fn settled(&self, notification: &str) -> Result<(), Fault> {
        const UNDER_WAY: [&str; 3] = ["queued", "held", "retrying"];
        let path = format!("/api/v1/notifications/{notification}");
        let request = Request::new(Method::GET, path).bearer(&self.token("bench", "service"));
        let began = Instant::now();
        while began.elapsed() < TIME_LIMIT {
            let answer = self.expect(200, request.clone()).await?.json();
            let deliveries = answer.pointer("/data/deliveries").and_then(Value::as_array);
            let ended = |delivery: &Value| !UNDER_WAY.iter().any(|state| delivery["status"] == *state);
            if deliveries.is_some_and(|all| all.iter().all(ended)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("a notification was not settled within {} s", TIME_LIMIT.as_secs()).into())
    }

    /// Gives a batch to the worker. A message that the worker does not finish is an error.
    pub async fn dispatch(&self, copies: &[Copy]) -> Result<(), Fault> {
        let answer = self.invoke("dispatch", &batch(copies)).await?;
        if answer["batchItemFailures"].as_array().is_none_or(|failures| !failures.is_empty()) {
            return Err(format!("the worker did not take the whole batch: {answer}").into());
        }
        Ok(())
    }

    /// Makes one call to the DynamoDB emulator. It is not counted.
    pub async fn table(&self, operation: &str, request: &Value) -> Result<Value, Fault> {
        const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/dynamodb/aws4_request, \
                              SignedHeaders=host, Signature=0";
        let call = self
            .http
            .post(self.stack.emulators().dynamodb_endpoint())
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("authorization", SIGNED)
            .header("x-amz-date", "20240101T000000Z")
            .body(request.to_string());
        let answer = call.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("{operation} was answered {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// The table's name.
    pub fn table_name(&self) -> &str {
        &self.stack.template().table.name
    }

    /// Ends the stack and all its processes.
    pub async fn shutdown(self) {
        self.stack.shutdown().await;
    }
}
