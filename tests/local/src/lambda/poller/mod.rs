//! The event source mapping from an SQS queue to a function.

mod batches;
mod event;
mod limits;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use self::batches::Batches;
pub use self::limits::Limits;
use self::verdict::{Verdict, verdict};
use crate::aws::sqs::Sqs;
use crate::lambda::pool::{InvokeError, Pool};
use crate::template::{Queue, QueueSource};

/// The most messages of one receive call.
const LARGEST_RECEIVE: usize = 10;
/// A batch is closed at this size in bytes, so that the event does not get too large.
const LARGEST_BATCH: usize = 5 * 1024 * 1024;
/// How long one receive call waits for the first message.
const LONG_POLL: Duration = Duration::from_secs(10);
/// How long to wait after a failed receive call.
const PAUSE: Duration = Duration::from_secs(1);

/// Receives messages, invokes the function and deletes the messages, several batches at a time. It ends when it is
/// dropped.
#[derive(Debug)]
pub struct Poller {
    tasks: JoinSet<()>,
}

/// The data of each task of the poller.
struct Mapping {
    sqs: Sqs,
    source: QueueSource,
    url: String,
    arn: String,
    region: String,
    pool: Arc<Pool>,
    batches: Batches,
    limits: Limits,
}

impl Poller {
    /// Connects `queue` to `pool`, with as many simultaneous batches as the pool allows one event source, and the template
    /// this one. The results are counted in `batches`.
    pub fn start(
        sqs: &Sqs,
        source: &QueueSource,
        queue: &Queue,
        region: &str,
        pool: &Arc<Pool>,
        batches: &Batches,
        limits: Limits,
    ) -> Self {
        batches.add(pool.name());
        let at_once = pool.concurrency().min(source.maximum_concurrency.unwrap_or(usize::MAX));
        let mapping = Arc::new(Mapping {
            sqs: sqs.clone(),
            source: source.clone(),
            url: queue.url.clone(),
            arn: queue.arn.clone(),
            region: region.to_owned(),
            pool: pool.clone(),
            batches: batches.clone(),
            limits,
        });
        let mut tasks = JoinSet::new();
        for _ in 0..at_once.max(1) {
            tasks.spawn(poll(mapping.clone()));
        }
        Self { tasks }
    }

    /// Stops receiving. Unfinished messages come back after their visibility time-out.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn poll(mapping: Arc<Mapping>) {
    loop {
        match mapping.gather().await {
            Ok(batch) if batch.is_empty() => {}
            Ok(batch) => mapping.hand_over(&batch).await,
            Err(error) => {
                eprintln!("local: the queue {} cannot be read: {error}", mapping.source.queue);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Mapping {
    /// The next batch: the messages of one receive call, or, with a window, all messages until the batch is full or the
    /// window ends.
    async fn gather(&self) -> Result<Vec<Message>, aws_sdk_sqs::Error> {
        let size = self.source.batch_size.max(1);
        if self.limits.in_flight < u64::MAX && self.sqs.counts(&self.url).await?.in_flight >= self.limits.in_flight {
            tokio::time::sleep(PAUSE).await;
            return Ok(Vec::new());
        }
        let mut batch = self.sqs.receive(&self.url, size.min(LARGEST_RECEIVE), LONG_POLL).await?;
        let deadline = Instant::now() + self.source.window;
        while !batch.is_empty() && batch.len() < size && bytes(&batch) < LARGEST_BATCH {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let most = (size - batch.len()).min(LARGEST_RECEIVE);
            // SQS waits for whole seconds. For less than a second, the task itself waits, and then receives once more.
            if left < Duration::from_secs(1) {
                tokio::time::sleep(left).await;
                batch.extend(self.sqs.receive(&self.url, most, Duration::ZERO).await?);
                break;
            }
            batch.extend(self.sqs.receive(&self.url, most, left.min(LONG_POLL)).await?);
        }
        Ok(batch)
    }

    /// Invokes the function and deletes the messages that it has done. The rest comes back after the visibility
    /// time-out.
    async fn hand_over(&self, batch: &[Message]) {
        let event = event::event(batch, &self.arn, &self.region).to_string();
        let (name, records) = (self.pool.name(), batch.len());
        let answer = match self.limits.throttles {
            true => self.pool.invoke_unless_throttled(event.into()).await,
            false => self.pool.invoke(event.into()).await,
        };
        let failed = match answer {
            Err(InvokeError::Throttled) => {
                self.batches.throttled(name);
                // Lambda polls less while it is turned away.
                return tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                eprintln!("local: {records} records come back: {error}");
                if error != InvokeError::Stopped {
                    self.batches.came_back(name, records);
                }
                return;
            }
            Ok(answer) => {
                let ids: BTreeSet<_> = batch.iter().filter_map(Message::message_id).collect();
                match verdict(&answer, &ids, self.source.reports_batch_item_failures) {
                    Verdict::DoneExcept(failed) => failed,
                    Verdict::Malformed(why) => {
                        eprintln!("local: function {name}: {why}; {records} records come back");
                        self.batches.came_back(name, records);
                        return;
                    }
                }
            }
        };
        // The counts are updated before messages are deleted. So a test that sees an empty queue also sees complete
        // counts.
        self.batches.done_except(name, records, &failed);
        let done = batch.iter().filter(|message| message.message_id().is_none_or(|id| !failed.contains(id)));
        let handles: Vec<_> = done.filter_map(Message::receipt_handle).collect();
        if let Err(error) = self.sqs.delete(&self.url, &handles).await {
            eprintln!("local: {} records were not deleted and come back: {error}", handles.len());
        }
    }
}

fn bytes(batch: &[Message]) -> usize {
    batch.iter().filter_map(Message::body).map(str::len).sum()
}
