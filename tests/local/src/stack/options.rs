//! How a stack is started, and what else than the tests' part it serves.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;

use super::Progress;
use crate::aws::proxy::Told;
use crate::control::Control;

/// How to start a stack.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Processes, and so invocations at once, a function.
    pub concurrency: usize,
    /// Template parameters, over the demo's and the template's own.
    pub parameters: BTreeMap<String, String>,
    /// Where the table is kept across runs; in memory where absent.
    pub data: Option<PathBuf>,
    /// Whether it says what it is doing.
    pub progress: Progress,
    /// What becomes of what the functions print.
    pub logs: FunctionLogs,
    /// Whether schedules fire at their times; else only when they are told to.
    pub schedules: bool,
    /// An address beyond loopback on which containers reach what is emulated.
    pub containers: Option<IpAddr>,
}

/// What becomes of what the functions print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FunctionLogs {
    /// One file a function, begun anew at each start.
    Directory(PathBuf),
    /// Dropped; the last lines of a process that dies are still shown.
    #[default]
    Nowhere,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            concurrency: 4,
            parameters: BTreeMap::new(),
            data: None,
            progress: Progress::default(),
            logs: FunctionLogs::default(),
            schedules: true,
            containers: None,
        }
    }
}

/// Makes routes under `/_local` that look at the stack through its control.
pub type AddedRoutes = Box<dyn FnOnce(Arc<Control>) -> Router + Send>;

/// What somebody adds to a stack that he starts.
pub struct Additions {
    /// Routes that stand behind the same guard as the control plane's.
    pub routes: AddedRoutes,
    /// Whom the proxy before the table tells of each notification that was written to.
    pub told: Option<Told>,
}

impl Default for Additions {
    fn default() -> Self {
        Self { routes: Box::new(|_| Router::new()), told: None }
    }
}

impl fmt::Debug for Additions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Additions").finish_non_exhaustive()
    }
}
