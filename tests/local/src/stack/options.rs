//! The options of a stack, and additions to it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;

use super::Progress;
use crate::aws::proxy::Told;
use crate::control::Control;
use crate::fidelity::Fidelity;
use crate::lambda::gateway::heard::Listen;

/// The options of a stack.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gateway's port on 127.0.0.1. 0 means any free port.
    pub port: u16,
    /// The number of processes with which each function begins, and of simultaneous invocations by one event source: the
    /// API, a queue. A function with several queues gets further processes when it needs them. 1 is one process in all.
    pub concurrency: usize,
    /// Template parameters. They replace the demo's and the template's own.
    pub parameters: BTreeMap<String, String>,
    /// Executables in place of those that are built, by the name of the binary: functions of another version.
    pub binaries: BTreeMap<String, PathBuf>,
    /// The directory that keeps the table and the queues across runs. If absent, both are in memory.
    pub data: Option<PathBuf>,
    /// Whether the stack prints its progress.
    pub progress: Progress,
    /// The destination of the functions' output.
    pub logs: FunctionLogs,
    /// Whether schedules fire at their times. If not, they fire only on request.
    pub schedules: bool,
    /// An address outside of loopback, on which containers reach the emulators and stand-ins.
    pub containers: Option<IpAddr>,
    /// Whether pages at any port of this machine, such as an application's development server, may call the API from a browser.
    pub pages_of_this_machine: bool,
    /// What the stack does as AWS does. By default everything, except what the variable [`crate::fidelity::VARIABLE`] names.
    pub fidelity: Fidelity,
}

/// The destination of the functions' output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FunctionLogs {
    /// A directory with one file for each function. The files are emptied at each start.
    Directory(PathBuf),
    /// The output is dropped. The last lines are still shown if a process dies.
    #[default]
    Nowhere,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            concurrency: 4,
            parameters: BTreeMap::new(),
            binaries: BTreeMap::new(),
            data: None,
            progress: Progress::default(),
            logs: FunctionLogs::default(),
            schedules: true,
            containers: None,
            pages_of_this_machine: false,
            fidelity: Fidelity::default(),
        }
    }
}

/// Makes routes under `/_local`, which can use the control plane.
pub type AddedRoutes = Box<dyn FnOnce(Arc<Control>) -> Router + Send>;

/// Additions to a stack.
pub struct Additions {
    /// Routes that the guard of the control plane protects, too.
    pub routes: AddedRoutes,
    /// The function that the proxy before DynamoDB calls for each written notification.
    pub told: Option<Told>,
    /// What stands around all routes, those of the API, too.
    pub around: fn(Router) -> Router,
    /// The function that the gateway calls for each answer.
    pub heard: Option<Listen>,
}

impl Default for Additions {
    fn default() -> Self {
        Self { routes: Box::new(|_| Router::new()), told: None, heard: None, around: |router| router }
    }
}

impl fmt::Debug for Additions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Additions").finish_non_exhaustive()
    }
}
