//! One stack for all tests of a process.

use std::ops::Deref;
use std::sync::mpsc;
use std::thread;

use super::{Options, Stack, StackError};

/// A stack on its own runtime. So tests with different runtimes can share it in a `static`: `static STACK:
/// LazyLock<SharedStack> = LazyLock::new(|| …)`. It lives as long as the process. The functions' processes end with it,
/// because they lose their Runtime API.
#[derive(Debug)]
pub struct SharedStack {
    stack: Stack,
}

impl SharedStack {
    /// Starts a stack and waits until it is up. This call blocks, so it should not be made on a runtime's own thread.
    pub fn start(options: Options) -> Result<Self, StackError> {
        let (sender, receiver) = mpsc::channel();
        let run = move || {
            let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(sender.send(Err(StackError::Thread(error)))),
            };
            runtime.block_on(async move {
                let started = Stack::start(options).await;
                if sender.send(started).is_ok() {
                    // The stack's tasks run on this runtime until the process ends.
                    std::future::pending::<()>().await;
                }
            });
        };
        let named = thread::Builder::new().name("local-stack".to_owned());
        named.spawn(run).map_err(StackError::Thread)?;
        let stack = receiver.recv().unwrap_or_else(|_| {
            let ended = std::io::Error::other("it ended before the stack was up");
            Err(StackError::Thread(ended))
        })?;
        Ok(Self { stack })
    }
}

impl Deref for SharedStack {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        &self.stack
    }
}
