//! The parts of the template that the local stack uses.

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
    /// The stack's name, with which generated names begin.
    pub stack: String,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its key under `Resources`.
    pub logical_id: String,
    /// The cargo binary it is built from (`Metadata.BuildProperties.Binary`).
    pub binary: String,
    /// The time-out of an invocation.
    pub timeout: Duration,
    /// `MemorySize`, in MB.
    pub memory_mb: u32,
    /// The variables of `Globals` and of the function. The function's own values come first.
    pub environment: BTreeMap<String, String>,
    /// The permissions of its role.
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
    /// The path in the template; `$default` for an event without `Path` and `Method`.
    pub path: String,
    /// The method in capital letters, or `ANY`.
    pub method: String,
}

/// An SQS queue that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// The queue's logical id.
    pub queue: String,
    /// The most records of an invocation.
    pub batch_size: usize,
    /// How long messages of a batch are collected.
    pub window: Duration,
    /// Whether the answer's `batchItemFailures` decides which records come back.
    pub reports_batch_item_failures: bool,
    /// The most simultaneous invocations, if the template limits them.
    pub maximum_concurrency: Option<usize>,
}

/// A schedule that invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The time from one invocation to the next.
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
    /// The attributes for `CreateQueue`.
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
