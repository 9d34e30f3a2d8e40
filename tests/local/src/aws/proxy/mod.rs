//! The fault proxy before DynamoDB or SQS. It counts calls, and makes them fail if a test asks for it.

mod caller;
mod capacity;
mod conflicts;
mod count;
mod failure;
mod fault;
mod forward;
mod partial;
mod permissions;
mod statement;
mod strict;
mod transcript;
mod watch;
mod writes;

use std::io;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::net::loopback::{Listener, Reply, Request, Server};
pub use caller::Kill;
use caller::Killer;
use count::Counts;
use fault::{Call, Faults};
pub use fault::{Fault, Kind};
use forward::Upstream;
pub use permissions::Permissions;
pub use strict::Strict;
use strict::Verdict;
use transcript::Transcript;
pub use transcript::TranscriptCall;
use watch::Watch;
pub use watch::{Told, Written};

/// The service behind the proxy. Both services name the operation in `X-Amz-Target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// SQS, in its JSON protocol.
    Sqs,
}

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No port could be opened.
    #[error("the fault proxy could not listen on loopback")]
    Listen(#[from] io::Error),
    /// The HTTP client could not be made.
    #[error("the fault proxy could not make its HTTP client")]
    Client(#[from] reqwest::Error),
}

/// A running proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    server: Server,
    direct: Server,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    service: Service,
    upstream: Upstream,
    counts: Counts,
    faults: Faults,
    killer: Killer,
    watch: Watch,
    transcript: Transcript,
    permissions: OnceLock<Permissions>,
    strict: OnceLock<Strict>,
}

impl Proxy {
    /// Starts a proxy before the service at `upstream` (`http://127.0.0.1:PORT`).
    pub async fn start(service: Service, upstream: &str) -> Result<Self, ProxyError> {
        let upstream = Upstream::new(upstream)?;
        let counts = Counts::new(service);
        let (faults, killer, watch) = (Faults::default(), Killer::default(), Watch::default());
        let (transcript, permissions, strict) = (Transcript::default(), OnceLock::new(), OnceLock::new());
        let shared =
            Arc::new(Shared { service, upstream, counts, faults, killer, watch, transcript, permissions, strict });
        let past = Arc::clone(&shared);
        let direct = Listener::bind().await?.answer(move |request| {
            let shared = Arc::clone(&past);
            async move { shared.pass(request).await }
        });
        let listener = Listener::bind().await?;
        let handler = Arc::clone(&shared);
        let server = listener.answer(move |request| {
            let shared = Arc::clone(&handler);
            async move { shared.handle(request).await }
        });
        Ok(Self { server, direct, shared })
    }

    /// `http://127.0.0.1:PORT`, for callers that are no functions: their calls are not counted and meet no fault.
    pub fn direct_endpoint(&self) -> &str {
        self.direct.endpoint()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The counts of the calls since the start or the last `reset`.
    pub fn calls(&self) -> Value {
        self.shared.counts.report()
    }

    /// Sets all counts to zero.
    pub fn reset(&self) {
        self.shared.counts.reset();
    }

    /// Starts a new transcript of the calls, and drops an older one.
    pub fn begin_transcript(&self) {
        self.shared.transcript.begin();
    }

    /// The calls since the transcript was started, at most the last ten thousand; empty if it was not started.
    pub fn transcript(&self) -> Vec<TranscriptCall> {
        self.shared.transcript.read()
    }

    /// Replaces the faults. With an empty list the service works normally.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.faults.set(faults);
    }

    /// How many times the faults that have a number of times will be applied yet: 0 once all have happened.
    pub fn faults_left(&self) -> u64 {
        self.shared.faults.left()
    }

    /// Sets how a fault of the kind `kill` ends the calling process.
    pub fn set_killer(&self, kill: Kill) {
        self.shared.killer.set(kill);
    }

    /// Sets the function that is called for each notification that was written.
    pub fn set_watch(&self, told: Told) {
        self.shared.watch.set(told);
    }

    /// Sets the functions' permissions, once. Before that, every call is allowed.
    pub fn set_permissions(&self, permissions: Permissions) {
        let _ = self.shared.permissions.set(permissions);
    }

    /// Sets what the proxy before DynamoDB refuses as AWS does, once. Before that, it refuses nothing.
    pub fn set_strict(&self, strict: Strict) {
        let _ = self.shared.strict.set(strict);
    }

    /// Waits until the indexes of the table have everything that was written before.
    pub async fn index_catches_up(&self) {
        if let Some(strict) = self.shared.strict.get() {
            strict.index_catches_up().await;
        }
    }

    /// Ends the proxy and its connections.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
        self.direct.shutdown().await;
    }
}

impl Shared {
    async fn handle(&self, request: Request) -> Reply {
        let caller = caller::app_id(&request.headers);
        let noted = self.transcript.asked(&request.headers, caller.as_deref(), &request.body);
        let reply = self.answer(request, caller.as_deref()).await;
        self.transcript.answered(noted, &reply);
        reply
    }

    async fn answer(&self, request: Request, caller: Option<&str>) -> Reply {
        let operation = operation(&request);
        let call = self.counts.begin(&operation, caller);
        let refusal = self.permissions.get().map(|all| all.refusal(self.service, &operation, caller, &request.body));
        if let Some(refusal) = refusal.flatten() {
            eprintln!("local: {refusal}: see its Policies in template.yaml");
            return failure::denied(self.service, &refusal);
        }
        let asked = Call { service: self.service, operation: &operation, caller, body: &request.body };
        let Some(fault) = self.faults.next(&asked) else {
            return self.forward(&call, &operation, request).await;
        };
        tokio::time::sleep(fault.delay()).await;
        match fault.kind {
            Kind::Delay => self.forward(&call, &operation, request).await,
            Kind::Reset => {
                if fault.applied {
                    self.forward(&call, &operation, request).await;
                }
                Reply::HangUp
            }
            Kind::Kill => {
                let killed = self.killer.aim(caller);
                if fault.applied {
                    self.forward(&call, &operation, request).await;
                }
                // The connection is closed after the process is gone, because a living process would repeat the call on
                // another connection.
                killed.await;
                Reply::HangUp
            }
            Kind::Partial => self.forward_part(&call, &operation, request).await,
            Kind::Throttle => {
                call.throttled();
                failure::throttle(self.service)
            }
            Kind::Error => failure::error(self.service),
            Kind::Conflict => failure::conflict(&operation, &request.body),
        }
    }

    /// Forwards a call past everything. Only the indexes hear of it.
    async fn pass(&self, request: Request) -> Reply {
        let strict = self.strict.get().filter(|_| self.service == Service::DynamoDb);
        let written = strict.map(|strict| strict.written(&operation(&request), &request.body));
        let reply = self.upstream.send(request).await;
        if let Some((strict, written)) = strict.zip(written) {
            strict.wrote(written);
        }
        reply
    }

    async fn forward(&self, call: &count::Call<'_>, operation: &str, mut request: Request) -> Reply {
        let sent = request.body.len();
        let reply = match (self.service, self.strict.get()) {
            (Service::Sqs, _) => self.upstream.send(request).await,
            (Service::DynamoDb, None) => self.forward_to_table(call, operation, request, &self.upstream).await.0,
            (Service::DynamoDb, Some(strict)) => match strict.admit(operation, &mut request) {
                Verdict::Refused { reply, is_throttled } => {
                    if is_throttled {
                        call.throttled();
                    }
                    reply
                }
                Verdict::Admitted(admitted) => {
                    if !admitted.takes.is_zero() {
                        tokio::time::sleep(admitted.takes).await;
                    }
                    let upstream = strict.elsewhere(operation, &request.body).unwrap_or(&self.upstream);
                    let (mut reply, units) = self.forward_to_table(call, operation, request, upstream).await;
                    strict.done(&admitted, operation, units, &mut reply);
                    reply
                }
            },
        };
        call.carried(sent, reply.length());
        reply
    }

    /// Returns the answer, and the write units that the call has used.
    async fn forward_to_table(
        &self,
        call: &count::Call<'_>,
        operation: &str,
        request: Request,
        upstream: &Upstream,
    ) -> (Reply, f64) {
        let (request, asked) = capacity::ask(request);
        let transaction_items = capacity::transaction_items(operation, &request.body);
        let written = self.watch.written(operation, &request.body);
        let mut reply = upstream.send(request).await;
        self.watch.tell(&written);
        let units = capacity::consumed(operation, transaction_items, &reply);
        let write = units.write;
        call.consumed(units);
        if asked {
            capacity::take_out(&mut reply);
        }
        (reply, write)
    }

    async fn forward_part(&self, call: &count::Call<'_>, operation: &str, mut request: Request) -> Reply {
        let Some(split) = partial::split(operation, &request.body) else {
            return self.forward(call, operation, request).await;
        };
        match split {
            partial::Split::Nothing { answer } => failure::answer(200, &answer),
            partial::Split::Refused => {
                call.throttled();
                failure::throttle(self.service)
            }
            partial::Split::Part { body, held_back } => {
                request.body = body;
                let mut reply = self.forward(call, operation, request).await;
                partial::report(operation, held_back, &mut reply);
                reply
            }
        }
    }
}

/// The operation's name: `UpdateItem` for `DynamoDB_20120810.UpdateItem`.
fn operation(request: &Request) -> String {
    let target = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().filter(|name| !name.is_empty()).unwrap_or("Unknown").to_owned()
}

#[cfg(test)]
mod tests;
