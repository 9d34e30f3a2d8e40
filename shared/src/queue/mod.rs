//! The queue. The only place that names `aws_sdk_sqs`.

mod message;

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};
use futures::FutureExt;

use crate::aws::Aws;

pub use message::{Message, UnreadableMessage};

/// The most entries of one `SendMessageBatch`.
const BATCH: usize = 10;
/// How often entries that a `SendMessageBatch` reported as failed are sent again before the caller is told.
const ROUNDS: u32 = 3;

/// A message on its way into the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    body: String,
    delay_seconds: i32,
}

impl Outbound {
    /// The longest that SQS keeps a message back.
    pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

    /// As it was sent before.
    pub fn again(body: &str) -> Self {
        Self { body: body.to_owned(), delay_seconds: 0 }
    }

    /// To be received after so long, in whole seconds, never earlier; [`Self::LONGEST_DELAY`] at the most.
    pub fn delayed(message: &Message, delay: Duration) -> Self {
        let delay = delay.min(Self::LONGEST_DELAY).as_millis().div_ceil(1000);
        Self { body: message.to_json(), delay_seconds: i32::try_from(delay).unwrap_or_default() }
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The queue did not take or change a message.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not take it")]
pub struct QueueError(#[source] Source);

impl QueueError {
    fn of(error: impl Into<Source>) -> Self {
        Self(error.into())
    }
}

/// One queue, through one client.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at `url`.
    pub fn new(aws: &Aws, url: impl Into<String>) -> Self {
        Self { client: Client::new(&aws.retrying()), url: url.into() }
    }

    /// Sends all messages: when it returns `Ok`, SQS has every one. An error may leave some of them in the queue.
    pub async fn send(&self, messages: &[Outbound]) -> Result<(), QueueError> {
        for chunk in messages.chunks(BATCH) {
            let mut entries = Vec::with_capacity(chunk.len());
            for (id, message) in chunk.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(&message.body);
                let entry = entry.set_delay_seconds((message.delay_seconds > 0).then_some(message.delay_seconds));
                entries.push(entry.build().map_err(QueueError::of)?);
            }
            self.send_entries(entries).await?;
        }
        Ok(())
    }

    async fn send_entries(&self, mut entries: Vec<SendMessageBatchRequestEntry>) -> Result<(), QueueError> {
        for _ in 0..ROUNDS {
            let batch = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.clone()));
            let sent = batch.send().boxed().await.map_err(QueueError::of)?;
            entries.retain(|entry| sent.failed().iter().any(|failed| failed.id() == entry.id()));
            if entries.is_empty() {
                return Ok(());
            }
        }
        Err(QueueError(format!("{} of a batch's messages were refused again and again", entries.len()).into()))
    }

    /// Sends a message that cannot be worked on as it stands, with the reason beside it.
    pub async fn send_unreadable(&self, body: &str, reason: &str) -> Result<(), QueueError> {
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let reason = reason.map_err(QueueError::of)?;
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        send.message_attributes("reason", reason).send().boxed().await.map(drop).map_err(QueueError::of)
    }

    /// Lets a message be received again after `pause` instead of the queue's own time-out.
    pub async fn retry_after(&self, receipt_handle: &str, pause: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(pause.as_millis().div_ceil(1000)).unwrap_or(i32::MAX).min(43_200);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt_handle);
        change.visibility_timeout(seconds).send().boxed().await.map(drop).map_err(QueueError::of)
    }
}
