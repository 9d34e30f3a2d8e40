//! The emulated SQS with a memory. The emulator forgets its messages when it ends, however it ends, and SQS does not. So each
//! answer is noted in a [`journal`] before the caller gets it, and the next start sends what is left once more.
//!
//! A message that a worker had when the stack died comes back at the next start, not after its visibility time-out: that worker is
//! gone for certain. The emulator counts a message's receives anew after a start; the journal goes on counting, and sends a
//! message that was received too often to the dead-letter queue.

mod journal;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use jiff::Timestamp;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_http::dispatch::SqsHandler;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use self::journal::{Journal, Message};
use crate::net::loopback::{Reply, Request};
use crate::template::Queue;

/// The longest delay of a message in SQS, in seconds
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html>).
const LONGEST_DELAY: i64 = 900;

/// The emulator and its journal.
pub(super) struct KeptSqs {
    emulator: RustackSqsHandler,
    notes: Mutex<Notes>,
}

impl fmt::Debug for KeptSqs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeptSqs").finish_non_exhaustive()
    }
}

/// The journal, and what this run of the emulator calls its messages.
struct Notes {
    journal: Journal,
    /// The journal's numbers by `MessageId`.
    numbers: HashMap<String, u64>,
    /// `MessageId`s by the receipt handle of the last receive.
    received: HashMap<String, String>,
}

impl KeptSqs {
    /// The emulator with a journal in this folder.
    pub fn open(emulator: RustackSqsHandler, folder: &Path) -> io::Result<Arc<Self>> {
        let notes = Notes { journal: Journal::open(folder)?, numbers: HashMap::new(), received: HashMap::new() };
        Ok(Arc::new(Self { emulator, notes: Mutex::new(notes) }))
    }

    /// Answers a request, and notes what it did.
    pub async fn answer(self: Arc<Self>, request: Request) -> Reply {
        // A caller that hangs up does not stop this: what the emulator has done must be noted.
        let work = tokio::spawn(async move { self.work(&request.headers, request.body).await });
        work.await.unwrap_or(Reply::HangUp)
    }

    async fn work(&self, headers: &HeaderMap, body: Bytes) -> Reply {
        let operation = match resolve_operation(headers) {
            Ok(operation) => operation,
            Err(error) => return reply(error_to_response(&error, "local").map(Body::new)).await,
        };
        let name = operation.as_str();
        // While the emulator works, nobody else notes anything: a message must be in the journal before its end is noted. Only a
        // receive waits, for messages, and it must not hold up those who send them.
        let notes = if name == "ReceiveMessage" { None } else { Some(self.notes.lock().await) };
        let answer = match self.emulator.handle_operation(operation, body.clone()).await {
            Ok(response) => reply(response.map(Body::new)).await,
            Err(error) => return reply(error_to_response(&error, "local").map(Body::new)).await,
        };
        if let Reply::Answer(StatusCode::OK, _, answered) = &answer {
            let read = |bytes| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
            let mut notes = match notes {
                Some(notes) => notes,
                None => self.notes.lock().await,
            };
            if let Err(error) = notes.note(name, &read(&body), &read(answered)) {
                eprintln!("local: the queues are not kept, because their journal cannot be written: {error}");
            }
        }
        answer
    }

    /// Sends what the journal has to the queues, which have to be there. A message whose queue is gone stays in the journal.
    pub async fn send_kept(&self, queues: &[Queue]) {
        let mut notes = self.notes.lock().await;
        let now = Timestamp::now().as_millisecond();
        let (mut lost, kept) =
            (0, notes.journal.messages().map(|(number, kept)| (number, kept.clone())).collect::<Vec<_>>());
        for (number, message) in kept {
            match self.send(&message, target(queues, &message), now).await {
                Some(id) => drop(notes.numbers.insert(id, number)),
                None => lost += 1,
            }
        }
        if lost > 0 {
            eprintln!(
                "local: {lost} kept messages stay where they are, because their queues are not there or refuse them"
            );
        }
    }

    /// Sends a message to the queue of this name. Returns its `MessageId`.
    async fn send(&self, message: &Message, queue: &str, now: i64) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", HeaderValue::from_static("AmazonSQS.SendMessage"));
        let operation = resolve_operation(&headers).ok()?;
        let left = message.due.saturating_sub(now).max(0);
        let request = json!({
            // The emulator reads only the name.
            "QueueUrl": format!("http://127.0.0.1/000000000000/{queue}"),
            "MessageBody": message.body,
            "MessageAttributes": message.attributes,
            "DelaySeconds": (left / 1000 + i64::from(left % 1000 > 0)).min(LONGEST_DELAY),
        });
        let sent = self.emulator.handle_operation(operation, request.to_string().into()).await.ok()?;
        let body = to_bytes(Body::new(sent.into_body()), usize::MAX).await.ok()?;
        let answer: Value = serde_json::from_slice(&body).ok()?;
        answer["MessageId"].as_str().map(str::to_owned)
    }
}

impl Notes {
    /// Notes what the operation of this name did.
    fn note(&mut self, operation: &str, request: &Value, answer: &Value) -> io::Result<()> {
        let queue = text(request, "QueueUrl").rsplit('/').next().unwrap_or_default().to_owned();
        match operation {
            "SendMessage" => self.sent(&queue, request, answer),
            "SendMessageBatch" => {
                let (entries, sent) = (list(request, "Entries"), list(answer, "Successful"));
                sent.iter().try_for_each(|sent| {
                    let entry = entries.iter().find(|entry| entry["Id"] == sent["Id"]);
                    entry.map_or(Ok(()), |entry| self.sent(&queue, entry, sent))
                })
            }
            "ReceiveMessage" => list(answer, "Messages").iter().try_for_each(|message| self.received(message)),
            "DeleteMessage" => self.deleted(request),
            "DeleteMessageBatch" => {
                let (entries, deleted) = (list(request, "Entries"), list(answer, "Successful"));
                let mut entries =
                    entries.iter().filter(|entry| deleted.iter().any(|deleted| deleted["Id"] == entry["Id"]));
                entries.try_for_each(|entry| self.deleted(entry))
            }
            "PurgeQueue" | "DeleteQueue" => self.journal.emptied(&queue),
            _ => Ok(()),
        }
    }

    fn sent(&mut self, queue: &str, sent: &Value, answer: &Value) -> io::Result<()> {
        let delay = sent["DelaySeconds"].as_i64().unwrap_or(0);
        let number = self.journal.sent(Message {
            queue: queue.to_owned(),
            body: text(sent, "MessageBody").to_owned(),
            attributes: sent.get("MessageAttributes").cloned().unwrap_or_else(|| json!({})),
            due: Timestamp::now().as_millisecond().saturating_add(delay.saturating_mul(1000)),
            receives: 0,
        })?;
        self.numbers.insert(text(answer, "MessageId").to_owned(), number);
        Ok(())
    }

    fn received(&mut self, message: &Value) -> io::Result<()> {
        let (id, handle) = (text(message, "MessageId"), text(message, "ReceiptHandle"));
        let Some(number) = self.numbers.get(id) else { return Ok(()) };
        // SQS takes the newest handle of a message, and need not take another.
        self.received.retain(|_, other| other != id);
        self.received.insert(handle.to_owned(), id.to_owned());
        self.journal.received(*number)
    }

    fn deleted(&mut self, entry: &Value) -> io::Result<()> {
        let id = self.received.remove(text(entry, "ReceiptHandle"));
        let number = id.and_then(|id| self.numbers.remove(&id));
        number.map_or(Ok(()), |number| self.journal.deleted(number))
    }
}

/// The name of the queue that a kept message belongs to: its own, or its dead-letter queue if it was received as often as its
/// queue lets it be.
fn target<'q>(queues: &'q [Queue], message: &'q Message) -> &'q str {
    let own = queues.iter().find(|queue| queue.name == message.queue);
    let policy = own.and_then(|queue| serde_json::from_str::<Value>(queue.attributes.get("RedrivePolicy")?).ok());
    let dead_letters =
        policy.filter(|policy| policy["maxReceiveCount"].as_u64().is_some_and(|most| message.receives >= most));
    let dead_letters = dead_letters.and_then(|policy| {
        let arn = policy["deadLetterTargetArn"].as_str()?;
        queues.iter().find(|queue| queue.arn == arn)
    });
    dead_letters.map_or(&message.queue, |queue| &queue.name)
}

async fn reply(response: axum::http::Response<Body>) -> Reply {
    let (mut parts, body) = response.into_parts();
    parts.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/x-amz-json-1.0"));
    match to_bytes(body, usize::MAX).await {
        Ok(body) => Reply::Answer(parts.status, parts.headers, body),
        Err(_) => Reply::HangUp,
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}
