//! What the local stack takes out of the template.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Grant;

/// Addresses and names that only a running stack knows.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// `http://127.0.0.1:PORT` of the gateway.
    pub api_endpoint: String,
    /// `http://127.0.0.1:PORT` of the SQS proxy; queue URLs begin with it.
    pub sqs_endpoint: String,
    /// The region that ARNs and `AWS::Region` name.
    pub region: String,
    /// The account that ARNs, queue URLs and `AWS::AccountId` name.
    pub account: String,
    /// The stack's name: what CloudFormation would begin generated names with.
    pub stack: String,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// The cargo binary it is built from (`Metadata.BuildProperties.Binary`).
    pub binary: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// `MemorySize`, in MB.
    pub memory_mb: u32,
    /// The `Globals` variables with its own on top.
    pub environment: BTreeMap<String, String>,
    /// What its role allows.
    pub grants: Vec<Grant>,
    /// Its `HttpApi` events.
    pub routes: Vec<Route>,
    /// Its `SQS` events.
    pub queue_sources: Vec<QueueSource>,
    /// Its `ScheduleV2` and `Schedule` events.
    pub schedules: Vec<Schedule>,
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// As the template says; `$default` for an event with neither `Path` nor `Method`.
    pub path: String,
    /// In capitals, `ANY` among them.
    pub method: String,
}

/// An SQS queue that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The queue's logical id.
    pub queue: String,
    /// The most records an invocation gets.
    pub batch_size: usize,
    /// How long a batch may be gathered.
    pub window: Duration,
    /// Whether the answer's `batchItemFailures` decides which records come back.
    pub reports_batch_item_failures: bool,
    /// The most invocations at once, where the template bounds them.
    pub maximum_concurrency: Option<usize>,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// From one invocation to the next.
    pub every: Duration,
    /// The whole event, as JSON.
    pub input: String,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// Its name in SQS.
    pub name: String,
    /// Its URL, at the SQS proxy.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// Attributes as `CreateQueue` takes them.
    pub attributes: BTreeMap<String, String>,
}

/// The DynamoDB table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name in DynamoDB.
    pub name: String,
    /// Its CloudFormation properties, resolved.
    pub properties: Value,
}
