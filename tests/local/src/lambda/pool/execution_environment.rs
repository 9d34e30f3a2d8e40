//! A lane: the place of one process in a pool. It starts the process, gives it invocations, kills it after a time-out,
//! and starts it again.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::frozen::Frozen;
use super::guardian;
use super::output::{Output, Tail};
use super::queue::Queue;
use super::session::Session;
use super::{FunctionSpec, InvokeError, Member, process};
use crate::lambda::runtime_api;
use crate::net::listen::{self, Listening};

/// A process that ends sooner than this after its start is started again after a pause.
const SHORT_LIFE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// An order of the pool to a lane.
#[derive(Debug)]
pub enum Order {
    /// Start the lane's first process.
    Start,
    /// Kill the process with SIGKILL, report its id when it is gone, and start another one.
    Kill {
        /// The id of the process to kill. If another process runs by now, it is not killed. If absent, any process is
        /// killed.
        only: Option<u32>,
        /// Gets the id of the killed process.
        reply: oneshot::Sender<Option<u32>>,
    },
    /// Start another process instead of this one, once this one has ended what it is doing. So no invocation fails, as when
    /// a function's configuration is updated.
    Replace {
        /// Gets the id of the process that is gone.
        reply: oneshot::Sender<Option<u32>>,
    },
    /// Kill the process with SIGKILL, and end the lane.
    Stop,
}

/// The state of a lane and its process.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// The id of the running process.
    pub pid: Option<u32>,
    /// Whether it takes invocations.
    pub state: State,
}

/// Whether a lane takes invocations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// The process is starting.
    #[default]
    Starting,
    /// Its process has asked for an event.
    Up,
    /// The last process ended before it asked for an event. The text says why.
    Failed(String),
}

/// Makes the command of a process, for the address of its Runtime API.
type Make = Box<dyn Fn(&str) -> Command + Send + Sync>;

/// A lane and its data.
pub struct ExecutionEnvironment {
    name: String,
    arn: String,
    timeout: Duration,
    /// Whether its process is frozen between two invocations.
    freezes: bool,
    /// How far its process's clock is ahead of this one.
    ahead: Duration,
    queue: Arc<Queue>,
    output: Output,
    make: Make,
    orders: mpsc::Receiver<Order>,
    health: watch::Sender<Health>,
    /// Whether the first process was ordered.
    is_started: bool,
    /// How many processes ended early, one after another.
    failures: u32,
}

/// Why a process ended.
enum End {
    /// The process ended by itself.
    Exited(ExitStatus),
    /// The pool ordered it. The sender gets the answer when the process is gone.
    Killed(oneshot::Sender<Option<u32>>),
    /// The invocation had a time-out.
    TimedOut,
    /// The pool was shut down.
    Stopped,
}

impl ExecutionEnvironment {
    /// Starts a lane in its own task. Unless it `is_started`, its first process waits for [`Order::Start`]. Its processes'
    /// clocks are `ahead`.
    pub fn start(
        spec: &FunctionSpec,
        queue: Arc<Queue>,
        output: Output,
        make: Make,
        is_started: bool,
        ahead: Duration,
    ) -> Member {
        let (orders, receiver) = mpsc::channel(4);
        let (sender, health) = watch::channel(Health::default());
        let region = spec.environment.get("AWS_REGION").map_or("us-east-1", String::as_str);
        let environment = Self {
            name: spec.name.clone(),
            arn: format!("arn:aws:lambda:{region}:000000000000:function:{}", spec.name),
            timeout: spec.timeout,
            freezes: spec.freezes,
            ahead,
            queue,
            output,
            make,
            orders: receiver,
            health: sender,
            is_started,
            failures: 0,
        };
        tokio::spawn(environment.live());
        Member { orders, health }
    }

    async fn live(mut self) {
        while !self.is_started {
            match self.orders.recv().await {
                Some(Order::Start) => self.is_started = true,
                Some(Order::Kill { reply, .. } | Order::Replace { reply }) => drop(reply.send(None)),
                Some(Order::Stop) | None => return,
            }
        }
        loop {
            match self.one_process().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => self.failed(&format!("it cannot be started: {error}"), &[]),
            }
            if self.failures > 0 && self.pause().await {
                return;
            }
        }
    }

    /// Waits before the next start, longer each time. Returns `true` if the pool was shut down meanwhile.
    async fn pause(&mut self) -> bool {
        let pause = LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(10) - 1));
        let until = Instant::now() + pause;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return false,
                order = self.orders.recv() => match order {
                    Some(Order::Kill { reply, .. } | Order::Replace { reply }) => drop(reply.send(None)),
                    Some(Order::Start) => {}
                    Some(Order::Stop) | None => return true,
                },
            }
        }
    }

    /// Runs one process from its start to its end. Returns `true` if the pool was shut down.
    async fn one_process(&mut self) -> std::io::Result<bool> {
        let listener = listen::bind(0).await?;
        let (sender, calls) = mpsc::channel(4);
        // Each process has its own server. So a late call of a dead process is not taken for a call of the next
        // process.
        let server = Listening::start(listener, runtime_api::router(sender))?;
        let mut command = (self.make)(&server.address().to_string());
        let mut child = process::contained(&mut command).spawn()?;
        let pid = child.id();
        let tail = self.output.follow(&mut child);
        self.health.send_modify(|health| health.pid = pid);
        if let Some(pid) = pid.filter(|_| self.freezes) {
            guardian::guard(pid);
        }

        let started = Instant::now();
        let mut session = Session::new(calls, self.ahead);
        let end = self.serve(&mut child, &mut session).await?;
        if let Some(pid) = pid.filter(|_| self.freezes) {
            guardian::release(pid);
        }
        self.health.send_modify(|health| health.pid = None);
        tokio::spawn(server.shutdown());

        Ok(match end {
            End::Stopped => {
                session.fail(InvokeError::Stopped);
                true
            }
            End::TimedOut => {
                eprintln!("local: function {}: task timed out after {} s", self.name, self.timeout.as_secs_f64());
                session.fail(InvokeError::TimedOut(self.timeout));
                self.failures = 0;
                false
            }
            End::Killed(reply) => {
                session.fail(InvokeError::Crashed("signal: killed".to_owned()));
                self.failures = 0;
                let _ = reply.send(pid);
                false
            }
            End::Exited(status) => {
                self.exited(status, session, tail, started).await;
                false
            }
        })
    }

    /// Gives invocations to the process until it ends. While it waits for one, it is frozen.
    async fn serve(&mut self, child: &mut Child, session: &mut Session) -> std::io::Result<End> {
        let mut frozen = None;
        let mut is_replaced: Option<oneshot::Sender<_>> = None;
        loop {
            if session.is_free()
                && let Some(reply) = is_replaced.take()
            {
                child.kill().await?;
                return Ok(End::Killed(reply));
            }
            let deadline = session.deadline();
            if self.freezes && frozen.is_none() && session.is_free() && self.queue.is_empty() {
                frozen = Frozen::freeze(child);
            }
            let closes_at = frozen.as_ref().and_then(Frozen::closes_at);
            tokio::select! {
                biased;
                status = child.wait() => return Ok(End::Exited(status?)),
                order = self.orders.recv() => {
                    let end = match order {
                        Some(Order::Kill { only: Some(pid), reply }) if child.id() != Some(pid) => {
                            let _ = reply.send(None);
                            continue;
                        }
                        Some(Order::Kill { reply, .. }) => End::Killed(reply),
                        Some(Order::Replace { reply }) => {
                            is_replaced = Some(reply);
                            continue;
                        }
                        Some(Order::Start) => continue,
                        Some(Order::Stop) | None => End::Stopped,
                    };
                    child.kill().await?;
                    return Ok(end);
                }
                Some(call) = session.calls.recv() => {
                    if session.heard(call) {
                        self.health.send_if_modified(|health| {
                            std::mem::replace(&mut health.state, State::Up) != State::Up
                        });
                    }
                }
                () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    child.kill().await?;
                    return Ok(End::TimedOut);
                }
                () = tokio::time::sleep_until(closes_at.unwrap_or_else(Instant::now)), if closes_at.is_some() => {
                    if let Some(frozen) = &mut frozen {
                        frozen.close_connections();
                    }
                }
                Some(job) = self.queue.take(), if session.is_free() => {
                    if let Some(frozen) = frozen.take() {
                        frozen.thaw();
                    }
                    if let Err(job) = session.hand(job, &self.arn, self.timeout) {
                        self.queue.push_front(job);
                    }
                }
            }
        }
    }

    /// Handles a process that ended by itself: its invocation gets an error, and the end is reported once.
    async fn exited(&mut self, status: ExitStatus, mut session: Session, tail: Tail, started: Instant) {
        let lines = tail.finish().await;
        // The last calls of the process, such as its init error, may not have been read before its end was noticed.
        while let Ok(call) = session.calls.try_recv() {
            session.heard(call);
        }
        let asked = session.asked;
        let mut detail = format!("Runtime exited with {status}");
        if let Some(error) = &session.init_error {
            detail = format!("{detail}; it reported {error}");
        }
        session.fail(InvokeError::Crashed(detail.clone()));
        if !asked {
            return self.failed(&detail, &lines);
        }
        if started.elapsed() > SHORT_LIFE {
            self.failures = 0;
        }
        self.report(&detail, &lines);
        self.failures += 1;
    }

    /// Handles a process that did not start: the state says so, and the oldest waiting invocation gets the error, as on
    /// Lambda.
    fn failed(&mut self, detail: &str, lines: &[String]) {
        self.report(detail, lines);
        self.failures += 1;
        let mut whole = detail.to_owned();
        for line in lines {
            whole = format!("{whole}\n  {line}");
        }
        self.health.send_modify(|health| health.state = State::Failed(whole));
        if let Some(job) = self.queue.try_take() {
            let _ = job.reply.send(Err(InvokeError::Crashed(detail.to_owned())));
        }
    }

    /// Prints an error, but only the first of several errors in a row.
    fn report(&self, detail: &str, lines: &[String]) {
        if self.failures == 0 {
            eprintln!("local: function {}: {detail}; the last it printed:", self.name);
            for line in lines {
                eprintln!("local:   {line}");
            }
        }
    }
}
