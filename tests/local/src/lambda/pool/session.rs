//! The Runtime API session of one process: its calls, its invocations and its answers.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::InvokeError;
use super::queue::Job;
use crate::lambda::runtime_api::{Call, Event};

/// A running invocation.
struct Running {
    request_id: String,
    reply: oneshot::Sender<Result<Bytes, InvokeError>>,
    deadline: Instant,
}

/// The state of the session of one process.
pub struct Session {
    /// The calls of the process.
    pub calls: mpsc::Receiver<Call>,
    /// How far the process's clock is ahead. It compares the deadline with that clock.
    ahead: Duration,
    waiting: Option<oneshot::Sender<Event>>,
    running: Option<Running>,
    /// Whether the process has asked for an event.
    pub asked: bool,
    /// The error that the process reported about its start.
    pub init_error: Option<Value>,
}

impl Session {
    /// A new session without any calls, of a process whose clock is `ahead`.
    pub fn new(calls: mpsc::Receiver<Call>, ahead: Duration) -> Self {
        Self { calls, ahead, waiting: None, running: None, asked: false, init_error: None }
    }

    /// Whether the process waits for an event.
    pub fn is_free(&self) -> bool {
        self.waiting.is_some() && self.running.is_none()
    }

    /// The deadline of the running invocation, if there is one.
    pub fn deadline(&self) -> Option<Instant> {
        self.running.as_ref().map(|running| running.deadline)
    }

    /// Handles a call of the process. Returns `true` if it asked for an event.
    pub fn heard(&mut self, call: Call) -> bool {
        match call {
            Call::Next(reply) => {
                let unanswered = "it asked for the next event without answering this one";
                self.end(Err(InvokeError::Crashed(unanswered.to_owned())));
                self.waiting = Some(reply);
                self.asked = true;
                true
            }
            Call::Done { request_id, result, accepted } => {
                let own = self.running.as_ref().is_some_and(|running| running.request_id == request_id);
                if own {
                    self.end(result.map_err(InvokeError::FunctionError));
                }
                let _ = accepted.send(own);
                false
            }
            Call::InitError(error) => {
                self.init_error = Some(error);
                false
            }
        }
    }

    /// Gives the process an event. Returns the job as the error if the process does not wait any more.
    pub fn hand(&mut self, job: Job, arn: &str, timeout: Duration) -> Result<(), Job> {
        let Some(waiting) = self.waiting.take() else {
            return Err(job);
        };
        let timeout_ms = i64::try_from((timeout + self.ahead).as_millis()).unwrap_or(i64::MAX);
        let event = Event {
            request_id: uuid::Uuid::new_v4().to_string(),
            deadline_ms: jiff::Timestamp::now().as_millisecond().saturating_add(timeout_ms),
            function_arn: arn.to_owned(),
            payload: job.payload.clone(),
        };
        let request_id = event.request_id.clone();
        if waiting.send(event).is_err() {
            return Err(job);
        }
        self.running = Some(Running { request_id, reply: job.reply, deadline: Instant::now() + timeout });
        Ok(())
    }

    fn end(&mut self, result: Result<Bytes, InvokeError>) {
        if let Some(running) = self.running.take() {
            // The caller may have stopped waiting. The function has done its work anyway.
            let _ = running.reply.send(result);
        }
    }

    /// Ends the running invocation with an error.
    pub fn fail(mut self, error: InvokeError) {
        self.end(Err(error));
    }
}
