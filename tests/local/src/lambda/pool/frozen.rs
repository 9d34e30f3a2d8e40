//! Freezes a process between two invocations, as Lambda does: it does not run, and what the other side does to its connections
//! meanwhile it learns only afterwards (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>). "Lambda
//! purges idle connections over time" (<https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html>).
//!
//! What a signal cannot do: Lambda also stops the process's monotonic clock.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::time::Instant;

use super::guardian;
use crate::net::{connections, sockets};

/// How long a process is frozen until its connections are closed. `shared::aws` relies on a second.
const CLOSES_AFTER: Duration = Duration::from_secs(1);

/// A frozen process.
#[derive(Debug)]
pub struct Frozen {
    pid: Pid,
    id: u32,
    /// When its connections are closed; `None` after that.
    closes_at: Option<Instant>,
}

impl Frozen {
    /// Stops the process. It goes on at once if nobody would resume it after the death of this program.
    pub fn freeze(child: &Child) -> Option<Self> {
        let id = child.id()?;
        if !guardian::guards(id) {
            return None;
        }
        let pid = Pid::from_raw(i32::try_from(id).ok()?)?;
        // The child was not waited for, so this is still its id, and nobody else's.
        kill_process(pid, Signal::STOP).ok()?;
        Some(Self { pid, id, closes_at: Some(Instant::now() + CLOSES_AFTER) })
    }

    /// Lets the process go on. Its owner has not waited for it.
    pub fn thaw(self) {
        let _ = kill_process(self.pid, Signal::CONT);
    }

    /// When its connections have to be closed, unless they were.
    pub fn closes_at(&self) -> Option<Instant> {
        self.closes_at
    }

    /// Closes the process's idle connections to the stand-ins and proxies.
    pub fn close_connections(&mut self) {
        self.closes_at = None;
        connections::close_idle(&sockets::connections_of(self.id));
    }
}
