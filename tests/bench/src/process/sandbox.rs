//! One process and its Runtime API. The process gets one event at a time, and is measured from outside.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use local::lambda::runtime_api::{self, Call, Event};
use local::net::listen::{self, Listening};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use crate::section::Fault;

/// The time limit of an invocation, also under valgrind. The functions see it as their deadline.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a process may take to end after it was asked to.
const TO_END: Duration = Duration::from_secs(60);

/// A function's process.
#[derive(Debug)]
pub struct Sandbox {
    child: Child,
    calls: mpsc::Receiver<Call>,
    /// The waiting request for the next event, if there is one.
    waiting: Option<oneshot::Sender<Event>>,
    server: Listening,
    began: Instant,
    output: PathBuf,
    invocations: u64,
}

/// An answer and its times.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub body: Bytes,
    /// The time from the event to the answer.
    pub took: Duration,
    /// The time from the start of the process to the answer.
    pub since_start: Duration,
}

impl Sandbox {
    /// Starts the process. Its output goes to the file `output`. The clock starts just before.
    pub async fn start(mut command: Command, output: &Path) -> Result<Self, Fault> {
        let (sender, calls) = mpsc::channel(4);
        let server = Listening::start(listen::bind(0).await?, runtime_api::router(sender))?;
        let file = std::fs::File::create(output)?;
        command.env("AWS_LAMBDA_RUNTIME_API", server.address().to_string());
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn()?;
        Ok(Self { child, calls, waiting: None, server, began, output: output.to_owned(), invocations: 0 })
    }

    /// The id of the process.
    pub fn pid(&self) -> Result<u32, Fault> {
        self.child.id().ok_or_else(|| self.broken("it has ended"))
    }

    /// Runs one invocation.
    pub async fn invoke(&mut self, payload: &Bytes) -> Result<Answered, Fault> {
        let next = match self.waiting.take() {
            Some(next) => next,
            None => self.asked().await?,
        };
        self.invocations += 1;
        let handed = Instant::now();
        let now = jiff::Timestamp::now().as_millisecond();
        let event = Event {
            request_id: uuid::Uuid::new_v4().to_string(),
            deadline_ms: now.saturating_add(i64::try_from(LIMIT.as_millis())?),
            function_arn: "arn:aws:lambda:us-east-1:000000000000:function:measured".to_owned(),
            payload: payload.clone(),
        };
        if next.send(event).is_err() {
            return Err(self.broken("it hung up before its event"));
        }
        match self.heard().await? {
            Call::Done { result, accepted, .. } => {
                let (took, since_start) = (handed.elapsed(), self.began.elapsed());
                let _ = accepted.send(true);
                let body = result.map_err(|error| self.broken(&format!("it reported {error}")))?;
                Ok(Answered { body, took, since_start })
            }
            call => Err(self.broken(&format!("it said something else in place of an answer: {call:?}"))),
        }
    }

    async fn asked(&mut self) -> Result<oneshot::Sender<Event>, Fault> {
        match self.heard().await? {
            Call::Next(next) => Ok(next),
            call => Err(self.broken(&format!("it did not ask for an event: {call:?}"))),
        }
    }

    async fn heard(&mut self) -> Result<Call, Fault> {
        tokio::select! {
            biased;
            Some(call) = self.calls.recv() => Ok(call),
            status = self.child.wait() => {
                let status = status?;
                Err(self.broken(&format!("it ended with {status}")))
            }
            () = tokio::time::sleep(LIMIT) => Err(self.broken("it says nothing")),
        }
    }

    /// Waits until the process asks for its next event. Then all work for the last event is done.
    pub async fn settle(&mut self) -> Result<(), Fault> {
        if self.waiting.is_none() {
            self.waiting = Some(self.asked().await?);
        }
        Ok(())
    }

    /// Kills the process and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), Fault> {
        self.child.kill().await?;
        self.server.shutdown().await;
        Ok(())
    }

    /// Asks the process to end (`SIGTERM`) and waits for that, so that a watching program can write its results.
    pub async fn end(mut self) -> Result<(), Fault> {
        let pid = self.pid()?.to_string();
        // `kill` is built into every shell. Not every machine has it as a program.
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status().await?;
        let ended = tokio::time::timeout(TO_END, self.child.wait()).await;
        self.server.shutdown().await;
        match ended {
            Ok(ended) => drop(ended?),
            Err(_) => return Err(format!("process {pid} does not end ({asked})").into()),
        }
        Ok(())
    }

    /// An error with the end of the process's output.
    fn broken(&self, what: &str) -> Fault {
        let printed = std::fs::read_to_string(&self.output).unwrap_or_default();
        let lines: Vec<_> = printed.lines().rev().take(8).collect();
        let last: String = lines.iter().rev().map(|line| format!("\n  {line}")).collect();
        let name = self.output.file_stem().unwrap_or_default().to_string_lossy();
        format!("{name}: {what}, after {} invocations; the last it printed:{last}", self.invocations).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn start(script: &str) -> (Sandbox, PathBuf) {
        let output = std::env::temp_dir().join(format!("bench-sandbox-{}.log", uuid::Uuid::new_v4()));
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        (Sandbox::start(command, &output).await.unwrap(), output)
    }

    #[tokio::test]
    async fn a_process_that_ends_is_an_error_with_the_last_it_printed() {
        let (mut sandbox, output) = start("echo no table name; exit 3").await;
        let error = sandbox.invoke(&Bytes::from_static(b"{}")).await.unwrap_err().to_string();
        std::fs::remove_file(output).unwrap();
        assert!(error.contains("exit status: 3") && error.contains("\n  no table name"), "{error}");
    }

    #[tokio::test]
    async fn a_process_ends_when_it_is_asked_to() {
        let (sandbox, output) = start("echo $AWS_LAMBDA_RUNTIME_API; exec sleep 600").await;
        let pid = sandbox.pid().unwrap();
        sandbox.end().await.unwrap();
        std::fs::remove_file(output).unwrap();
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }
}
