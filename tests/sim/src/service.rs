//! The services that are called: which one a request is for, and what it answers.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use hyper::{Response, Uri};
use serde_json::{Value, json};

use crate::{
    dynamo, providers, secrets,
    world::{Who, World},
};

/// A service and one of its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// The table.
    Dynamo(String),
    /// The queues.
    Sqs(String),
    /// Secrets Manager.
    Secrets,
    /// Google's access tokens.
    GoogleToken,
    /// A provider, and where the request goes.
    Provider(&'static str, String),
}

/// An answer.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// An answer of this status.
    pub fn new(status: u16, body: impl ToString) -> Self {
        Self { status, retry_after: None, body: body.to_string() }
    }

    /// As HTTP has it.
    pub fn response(self) -> Response<String> {
        let mut response = Response::builder().status(self.status);
        if let Some(seconds) = self.retry_after {
            response = response.header("retry-after", seconds.to_string());
        }
        response.header("content-type", "application/json").body(self.body).expect("a response")
    }
}

impl Service {
    /// The service of a request of an SDK.
    pub fn of_sdk(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        match target.split_once('.') {
            Some(("DynamoDB_20120810", operation)) => Self::Dynamo(operation.to_owned()),
            Some(("AmazonSQS", operation)) => Self::Sqs(operation.to_owned()),
            Some(("secretsmanager", _)) => Self::Secrets,
            Some(("PinpointSMSVoiceV2", _)) => Self::Provider("sms", String::new()),
            _ => Self::Provider("email", request.uri().to_owned()),
        }
    }

    /// The service of a request of a provider's client.
    pub fn of_provider(url: &Uri) -> Self {
        match url.host().unwrap_or_default() {
            "google.sim" => Self::GoogleToken,
            "fcm.sim" => Self::Provider("fcm", url.to_string()),
            "slack.sim" => Self::Provider("slack", url.to_string()),
            _ => Self::Provider("webhook", url.to_string()),
        }
    }

    /// The name of the service, or of the provider that it is a part of.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Provider(provider, _) => provider,
            Self::GoogleToken => "fcm",
            Self::Dynamo(_) => "dynamo",
            Self::Sqs(_) => "sqs",
            Self::Secrets => "secrets",
        }
    }

    /// Whether it is a provider's.
    pub fn is_provider(&self) -> bool {
        matches!(self, Self::Provider(..) | Self::GoogleToken)
    }

    /// Whether it is a service of AWS that is asked to change something.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Dynamo(operation) => !matches!(operation.as_str(), "Query" | "GetItem" | "BatchGetItem"),
            Self::Sqs(_) => true,
            Self::Secrets | Self::GoogleToken | Self::Provider(..) => false,
        }
    }

    /// Whether its 429 says that nothing was tried. A webhook's says nothing of that kind.
    pub fn turns_away(&self) -> bool {
        self.is_provider() && self.name() != "webhook"
    }

    /// A request in one line, without what differs from run to run.
    pub fn line(&self, body: &str) -> String {
        match self {
            Self::Dynamo(operation) => {
                let key = |name: &str| between(body, &format!("\"{name}\":{{\"S\":\""), "\"").unwrap_or_default();
                let is_batch = operation.starts_with("Batch") || operation.starts_with("Transact");
                if is_batch {
                    format!("{operation} {}", body.len())
                } else {
                    format!("{operation} {} {}", key("pk"), key("sk"))
                }
            }
            Self::Sqs(operation) if operation == "ChangeMessageVisibility" => {
                let number =
                    between(body, "\"VisibilityTimeout\":", "}").or(between(body, "\"VisibilityTimeout\":", ","));
                let handle = between(body, "\"ReceiptHandle\":\"", "\"").unwrap_or_default();
                format!("{operation} {handle} {}", number.unwrap_or_default())
            }
            Self::Sqs(operation) => {
                let url = between(body, "\"QueueUrl\":\"", "\"").unwrap_or_default();
                format!(
                    "{operation} {} {}",
                    url.rsplit('/').next().unwrap_or_default(),
                    body.matches("deliver.v1").count()
                )
            }
            Self::Secrets => format!("GetSecretValue {}", between(body, "\"SecretId\":\"", "\"").unwrap_or_default()),
            Self::GoogleToken => "google token".to_owned(),
            Self::Provider(name, _) => {
                let address = providers::address(self, body);
                format!("{name} #{} {address}", providers::notice(body).unwrap_or_default())
            }
        }
    }

    /// Whether it asks to put entries into inboxes.
    pub fn puts_entries(&self, body: &str) -> bool {
        matches!(self, Self::Dynamo(operation) if ["BatchExecuteStatement", "PutItem"].contains(&operation.as_str()))
            && body.contains("\"INBOX#")
    }

    /// Does what is asked for, and answers.
    pub fn done(&self, who: &Who, body: &str, is_partial: bool, call: Option<&providers::Call>) -> Reply {
        let world = &who.world;
        match self {
            Self::Dynamo(operation) => {
                if ["HELD#", "PAUSED#", "ERASING#", "ERASED#"].iter().any(|list| body.contains(list)) {
                    world.state().is_held_seen = true;
                }
                if is_partial && let Some(reply) = partly(world, operation, body) {
                    return reply;
                }
                let (status, answer) = dynamo::answer(&world.database, operation, body);
                // The answer of a put has the item that was there before.
                let is_letter = operation == "PutItem" && body.contains("\"S\":\"DEADLETTER");
                if is_letter && status == 200 && !answer.contains("\"Attributes\"") {
                    world.state().letters += 1;
                }
                Reply::new(status, answer)
            }
            Self::Sqs(operation) => {
                let (now, mut state) = (world.time.now(), world.state());
                let state = &mut *state;
                if operation.starts_with("SendMessage") && body.contains("sqs.sim/1/dead\"") {
                    state.weather.hasten("dynamo", now);
                }
                let (status, body) = state.sqs.answer(operation, body, is_partial, now, &mut state.dice);
                Reply::new(status, body)
            }
            Self::Secrets => secrets::answer(body),
            Self::GoogleToken => Reply::new(200, json!({"access_token": "t", "expires_in": 3600})),
            Self::Provider(..) => call.map_or_else(|| Reply::new(404, "{}"), |call| call.answer(self)),
        }
    }

    /// A server's failure. `is_done` says whether it has done what was asked for.
    pub fn failed(&self, is_done: bool) -> Reply {
        match self {
            // A gateway cannot tell.
            Self::Provider(..) if is_done => Reply::new(502, "{}"),
            Self::Provider(..) | Self::GoogleToken => Reply::new(500, "{}"),
            _ => Reply::new(500, r#"{"__type":"InternalServerError","message":"m"}"#),
        }
    }

    /// The answer of a server that is too busy.
    pub fn throttled(&self, world: &World) -> Reply {
        match self {
            Self::Dynamo(_) => {
                let kind = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
                Reply::new(400, json!({"__type": kind, "message": "m"}))
            }
            Self::Sqs(_) | Self::Secrets => Reply::new(400, r#"{"__type":"ThrottlingException","message":"m"}"#),
            Self::GoogleToken | Self::Provider(..) => {
                let mut state = world.state();
                let retry_after = state.dice.per_mille(500).then(|| {
                    // Some ask for minutes, and some for more than a message can be delayed.
                    let least = state.dice.one(&[0, 0, 240, 880]);
                    least + state.dice.below(90) as u64
                });
                Reply { retry_after, ..Reply::new(429, r#"{"__type":"TooManyRequestsException","message":"m"}"#) }
            }
        }
    }
}

/// A batch of which the table does only a part.
fn partly(world: &World, operation: &str, body: &str) -> Option<Reply> {
    let (list, left) = match operation {
        "BatchGetItem" => ("Keys", "UnprocessedKeys"),
        "BatchWriteItem" => ("", "UnprocessedItems"),
        "BatchExecuteStatement" => return Some(throttled_statements(world, body)),
        _ => return None,
    };
    let mut request: Value = serde_json::from_str(body).ok()?;
    let mut unprocessed = request["RequestItems"].clone();
    let at = format!("/{}{}{list}", dynamo::TABLE, if list.is_empty() { "" } else { "/" });
    let all = request["RequestItems"].pointer(&at)?.as_array()?.clone();
    let (done, undone) = all.split_at(all.len().div_ceil(2));
    if undone.is_empty() {
        return None;
    }
    *request["RequestItems"].pointer_mut(&at)? = done.into();
    *unprocessed.pointer_mut(&at)? = undone.into();
    let (status, answer) = dynamo::answer(&world.database, operation, &request.to_string());
    let mut answer: Value = serde_json::from_str(&answer).ok()?;
    answer[left] = unprocessed;
    Some(Reply::new(status, answer))
}

/// The table does the first of some statements and is too busy for the others.
fn throttled_statements(world: &World, body: &str) -> Reply {
    let mut request: Value = serde_json::from_str(body).unwrap_or_default();
    let all = request["Statements"].as_array().cloned().unwrap_or_default();
    let (done, undone) = all.split_at(all.len().div_ceil(2));
    request["Statements"] = done.into();
    let (status, answer) = dynamo::answer(&world.database, "BatchExecuteStatement", &request.to_string());
    let mut answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    if let Some(responses) = answer["Responses"].as_array_mut() {
        responses.extend(undone.iter().map(|_| json!({"Error": {"Code": "ThrottlingError", "Message": "m"}})));
    }
    Reply::new(status, answer)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}
