//! A function as a pool of processes. Each process takes one invocation at a time, as on Lambda.

mod clock_skew;
mod execution_environment;
mod frozen;
mod guardian;
mod output;
mod process;
mod queue;
mod session;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot, watch};

use self::execution_environment::{ExecutionEnvironment, Health, Order, State};
use self::output::Output;
pub use self::process::environment_of;
use self::queue::{Job, Queue};

/// The function that a pool runs.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The function's name, which is the name of its binary.
    pub name: String,
    /// The binary.
    pub executable: PathBuf,
    /// The time-out of an invocation. Its process is killed then.
    pub timeout: Duration,
    /// The memory in MB. The function's environment names it, but it is not a limit here.
    pub memory_mb: u32,
    /// The environment, without the variables that Lambda itself sets. The processes inherit no other variables.
    pub environment: BTreeMap<String, String>,
    /// The number of processes that are started at once, and of simultaneous invocations by one event source.
    pub concurrency: usize,
    /// The most processes. Beyond `concurrency`, one is started whenever all are busy and there is one more invocation, as
    /// on Lambda.
    pub maximum: usize,
    /// The destination of the processes' output.
    pub logs: Logs,
    /// Whether a process is frozen between two invocations.
    pub freezes: bool,
    /// Whether the clocks of its processes differ.
    pub skews: bool,
}

/// The destination of a process's output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Logs {
    /// The output is appended to a file.
    File(PathBuf),
    /// The output is dropped. The last lines are still shown if a process dies.
    #[default]
    Discard,
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvokeError {
    /// The function reported an error: Lambda's `{errorType, errorMessage}`.
    #[error("the function reported {0}")]
    FunctionError(Value),
    /// The invocation took longer than its time-out, and its process was killed.
    #[error("Task timed out after {:.2} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The process died.
    #[error("the process died: {0}")]
    Crashed(String),
    /// The function has no concurrency left: Lambda's answer 429 to an invocation.
    #[error("Rate Exceeded: the function has no concurrency left")]
    Throttled,
    /// The pool was shut down first.
    #[error("the pool is shut down")]
    Stopped,
}

/// Why a pool could not be started.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The log file cannot be written.
    #[error("function {function}: cannot write the log file {}", path.display())]
    Log {
        /// The function.
        function: String,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A process ended, or hung, before it asked for its first event.
    #[error("function {function} does not start: {detail}")]
    Init {
        /// The function.
        function: String,
        /// How the process ended, and its last output.
        detail: String,
    },
}

/// How long the processes of a pool have to ask for their first event.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Makes the command of the process in a lane, for the address of its Runtime API.
type MakeCommand = Arc<dyn Fn(usize, &str) -> Command + Send + Sync>;

/// The processes of one function and the invocations that wait for them.
#[derive(Debug)]
pub struct Pool {
    name: String,
    queue: Arc<Queue>,
    environments: Vec<Member>,
    /// How many of them were started at once.
    concurrency: usize,
    /// How many of them have been started.
    started: AtomicUsize,
    /// The invocations that run or wait.
    under_way: AtomicUsize,
    /// How many invocations may be under way before [`Pool::invoke_unless_throttled`] turns one away.
    limit: AtomicUsize,
}

/// An invocation that runs or waits. It is counted until it is dropped.
struct UnderWay<'p>(&'p Pool);

/// How much concurrency a function has, if none is reserved: as much as it has processes. One with a single process turns nothing
/// away: it has several queues, whose batches would come back only after their visibility time-outs.
fn limit_of(environments: &[Member]) -> usize {
    if environments.len() == 1 { usize::MAX } else { environments.len() }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The place of one process in the pool.
#[derive(Debug)]
struct Member {
    orders: mpsc::Sender<Order>,
    health: watch::Receiver<Health>,
}

impl Pool {
    /// Starts the first processes and waits until each has asked for its first event.
    pub async fn start(spec: FunctionSpec) -> Result<Self, PoolError> {
        let make: MakeCommand = {
            let spec = spec.clone();
            let shim = if spec.skews { clock_skew::shim() } else { None };
            Arc::new(move |environment, runtime_api| process::command(&spec, environment, runtime_api, shim.as_deref()))
        };
        let pool = Self::launch(&spec, make).await?;
        match pool.ready().await {
            Ok(()) => Ok(pool),
            Err(error) => {
                pool.shutdown().await;
                Err(error)
            }
        }
    }

    async fn launch(spec: &FunctionSpec, make: MakeCommand) -> Result<Self, PoolError> {
        let queue = Arc::new(Queue::default());
        let output = Output::open(spec).await?;
        let concurrency = spec.concurrency.max(1);
        let environments: Vec<_> = (0..spec.maximum.max(concurrency))
            .map(|environment| {
                let make = make.clone();
                ExecutionEnvironment::start(
                    spec,
                    queue.clone(),
                    output.clone(),
                    Box::new(move |api| make(environment, api)),
                    environment < concurrency,
                    if spec.skews { clock_skew::ahead(environment) } else { Duration::ZERO },
                )
            })
            .collect();
        let (started, under_way) = (AtomicUsize::new(concurrency), AtomicUsize::new(0));
        let limit = AtomicUsize::new(limit_of(&environments));
        Ok(Self { name: spec.name.clone(), queue, environments, concurrency, started, under_way, limit })
    }

    async fn ready(&self) -> Result<(), PoolError> {
        let failed = |detail: String| PoolError::Init { function: self.name.clone(), detail };
        let deadline = tokio::time::Instant::now() + START_LIMIT;
        for member in self.environments.iter().take(self.concurrency) {
            let mut health = member.health.clone();
            let settled = health.wait_for(|health| health.state != State::Starting);
            match tokio::time::timeout_at(deadline, settled).await {
                Ok(Ok(health)) => {
                    if let State::Failed(detail) = &health.state {
                        return Err(failed(detail.clone()));
                    }
                }
                Ok(Err(_)) => return Err(failed("the pool stopped".to_owned())),
                Err(_) => {
                    let seconds = START_LIMIT.as_secs();
                    return Err(failed(format!("it has not asked for an event within {seconds} s")));
                }
            }
        }
        Ok(())
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many invocations by one event source run at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Runs one invocation. It waits for a free process first if there are as many processes as there may be. If the
    /// future is dropped while it waits, the invocation never runs.
    pub async fn invoke(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let _under_way = self.begin();
        let (reply, answer) = oneshot::channel();
        self.queue.push(Job { payload, reply });
        answer.await.unwrap_or(Err(InvokeError::Stopped))
    }

    /// As [`Pool::invoke`], but an invocation that would have to wait, because as many are under way as may be, is turned away.
    pub async fn invoke_unless_throttled(&self, payload: Bytes) -> Result<Bytes, InvokeError> {
        if self.under_way.load(Ordering::SeqCst) >= self.limit.load(Ordering::SeqCst) {
            return Err(InvokeError::Throttled);
        }
        self.invoke(payload).await
    }

    /// Reserves the function this much concurrency, as `PutFunctionConcurrency` does. With 0 it gets no batch any more.
    /// Without a number, it has as much as it has processes.
    pub fn reserve(&self, concurrency: Option<usize>) {
        self.limit.store(concurrency.unwrap_or_else(|| limit_of(&self.environments)), Ordering::SeqCst);
    }

    /// Counts an invocation, and starts one more process if there are fewer than invocations.
    fn begin(&self) -> UnderWay<'_> {
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let wanted = under_way.min(self.environments.len());
        let one_more = |started| (started < wanted).then_some(started + 1);
        if let Ok(next) = self.started.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more)
            && let Some(member) = self.environments.get(next)
        {
            // A lane that does not take the order any more was stopped.
            let _ = member.orders.try_send(Order::Start);
        }
        UnderWay(self)
    }

    /// Kills every process with SIGKILL, waits until all are gone, and returns their ids. New processes are started.
    pub async fn kill(&self) -> Vec<u32> {
        self.end_all(|reply| Order::Kill { only: None, reply }).await
    }

    /// Replaces every process by a new one, which has cached nothing. Each first ends what it is doing, so no invocation fails.
    /// Waits until all are gone, and returns their ids.
    pub async fn replace(&self) -> Vec<u32> {
        self.end_all(|reply| Order::Replace { reply }).await
    }

    async fn end_all(&self, order: impl Fn(oneshot::Sender<Option<u32>>) -> Order) -> Vec<u32> {
        let mut ended = Vec::new();
        for member in &self.environments {
            let (reply, pid) = oneshot::channel();
            if member.orders.send(order(reply)).await.is_ok() {
                ended.push(pid);
            }
        }
        let pids = futures::future::join_all(ended).await;
        pids.into_iter().filter_map(|pid| pid.ok().flatten()).collect()
    }

    /// Kills the process that is in this lane at the call, with SIGKILL. Returns its id when it is gone. A new process
    /// is started at once. Other processes and the new one are not killed.
    pub fn kill_environment(&self, environment: usize) -> impl Future<Output = Option<u32>> + Send + use<> {
        let aimed = self.environments.get(environment).and_then(|member| {
            let pid = member.health.borrow().pid?;
            Some((member.orders.clone(), pid))
        });
        async move {
            let (orders, pid) = aimed?;
            let (reply, killed) = oneshot::channel();
            orders.send(Order::Kill { only: Some(pid), reply }).await.ok()?;
            killed.await.ok().flatten()
        }
    }

    /// The ids of the running processes.
    pub fn pids(&self) -> Vec<u32> {
        self.environments.iter().filter_map(|member| member.health.borrow().pid).collect()
    }

    /// Kills every process. Waiting invocations end with [`InvokeError::Stopped`].
    pub async fn shutdown(&self) {
        self.queue.close();
        for member in &self.environments {
            // If the lane has already ended, it needs no order.
            let _ = member.orders.send(Order::Stop).await;
        }
        for member in &self.environments {
            member.orders.closed().await;
        }
    }
}
