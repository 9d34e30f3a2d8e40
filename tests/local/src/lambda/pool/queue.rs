//! The queue of invocations that wait for a free process, the oldest first.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::InvokeError;

/// One invocation.
#[derive(Debug)]
pub struct Job {
    /// The event.
    pub payload: Bytes,
    /// The sender of the answer to the caller.
    pub reply: oneshot::Sender<Result<Bytes, InvokeError>>,
}

/// The jobs in order. The semaphore counts them, so that a task can wait for a job and stop waiting without losing a
/// job.
#[derive(Debug)]
pub struct Queue {
    jobs: Mutex<VecDeque<Job>>,
    waiting: Semaphore,
}

impl Default for Queue {
    fn default() -> Self {
        Self { jobs: Mutex::default(), waiting: Semaphore::new(0) }
    }
}

impl Queue {
    /// Adds a job at the end.
    pub fn push(&self, job: Job) {
        let mut jobs = self.lock();
        // The check is made under the lock, so that no job is added after `close` has emptied the queue.
        if !self.waiting.is_closed() {
            jobs.push_back(job);
            self.waiting.add_permits(1);
        }
    }

    /// Puts a job back that was not begun, as the next one.
    pub fn push_front(&self, job: Job) {
        let mut jobs = self.lock();
        if !self.waiting.is_closed() {
            jobs.push_front(job);
            self.waiting.add_permits(1);
        }
    }

    /// Whether no job waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Waits for the next job whose caller still waits; `None` if the queue is closed.
    pub async fn take(&self) -> Option<Job> {
        loop {
            self.waiting.acquire().await.ok()?.forget();
            if let Some(job) = self.pop() {
                return Some(job);
            }
        }
    }

    /// The next job, if there is one.
    pub fn try_take(&self) -> Option<Job> {
        loop {
            self.waiting.try_acquire().ok()?.forget();
            if let Some(job) = self.pop() {
                return Some(job);
            }
        }
    }

    /// Drops the waiting jobs. Later jobs are dropped, too.
    pub fn close(&self) {
        let mut jobs = self.lock();
        self.waiting.close();
        jobs.clear();
    }

    fn pop(&self) -> Option<Job> {
        self.lock().pop_front().filter(|job| !job.reply.is_closed())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
