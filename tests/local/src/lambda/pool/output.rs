//! The output of a function's processes. It is written to the log, and the last lines are kept to explain the death of
//! a process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

use super::{FunctionSpec, Logs, PoolError};

/// How many last lines are kept.
const KEPT: usize = 20;

/// The destination of a function's output. All its processes share it.
#[derive(Debug, Clone)]
pub struct Output {
    file: Option<Arc<tokio::sync::Mutex<File>>>,
}

impl Output {
    /// Opens the log file, if there is one.
    pub async fn open(spec: &FunctionSpec) -> Result<Self, PoolError> {
        let file = match &spec.logs {
            Logs::Discard => None,
            Logs::File(path) => {
                let mut options = tokio::fs::OpenOptions::new();
                let opened = options.create(true).append(true).open(path).await;
                let file = opened.map_err(|source| PoolError::Log {
                    function: spec.name.clone(),
                    path: path.clone(),
                    source,
                })?;
                Some(Arc::new(tokio::sync::Mutex::new(file)))
            }
        };
        Ok(Self { file })
    }

    /// Starts to read the output of a process.
    pub fn follow(&self, child: &mut Child) -> Tail {
        let lines = Arc::<Mutex<VecDeque<String>>>::default();
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(tokio::spawn(self.clone().copy(stdout, lines.clone())));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(tokio::spawn(self.clone().copy(stderr, lines.clone())));
        }
        Tail { lines, readers }
    }

    async fn copy(self, from: impl AsyncRead + Unpin, kept: Arc<Mutex<VecDeque<String>>>) {
        let mut reader = BufReader::new(from);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.write(&text).await;
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(text);
        }
    }

    async fn write(&self, line: &str) {
        let Some(file) = &self.file else { return };
        let mut file = file.lock().await;
        // A full disk must not end the stack. The last lines are also kept in memory.
        let _ = file.write_all(format!("{line}\n").as_bytes()).await;
        let _ = file.flush().await;
    }
}

/// The last lines of one process's output.
#[derive(Debug)]
pub struct Tail {
    lines: Arc<Mutex<VecDeque<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Tail {
    /// Waits for the end of the output of a process that has ended. Returns the last lines.
    pub async fn finish(self) -> Vec<String> {
        let all = futures::future::join_all(self.readers);
        // A child of the process may keep the pipe open. Then the lines until now are used.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(500), all).await;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}
