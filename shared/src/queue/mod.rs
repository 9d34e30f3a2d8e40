//! The queues. Only this module uses `aws_sdk_sqs`.

mod attributes;
mod deliveries;
mod message;
mod turn;

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{MessageAttributeValue, SendMessageBatchRequestEntry},
};
use futures::FutureExt;

use crate::{
    aws::Aws,
    domain::{Channel, Timestamp},
};

pub use attributes::Attributes;
pub use deliveries::{DeliveryQueues, url_variable};
pub use message::{Message, PageOfRun, UnreadableMessage};
pub use turn::Turn;

/// The most entries of one `SendMessageBatch`.
const BATCH: usize = 10;
/// How many times a batch is sent. Each time after the first sends only the entries that `SendMessageBatch` reported as
/// failed. Then the caller gets an error.
const ROUNDS: u32 = 3;

/// A message on its way into a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Whose queue it goes to.
    channel: Channel,
    body: String,
    delay_seconds: i32,
    attributes: Attributes,
}

impl Outbound {
    /// The longest delay of a message in SQS.
    pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

    /// A message with the body of an earlier message, without delay.
    pub fn again(body: &str) -> Self {
        // A message that nobody can read has no channel. It may go to any queue: its worker sets it aside.
        let channel = Message::from_json(body).map_or(Channel::Email, |message| message.channel());
        Self { channel, body: body.to_owned(), delay_seconds: 0, attributes: Attributes::default() }
    }

    /// A message that is received after `delay`, rounded up to whole seconds, and at most [`Self::LONGEST_DELAY`].
    pub fn delayed(message: &Message, delay: Duration) -> Self {
        Self::again(&message.to_json()).after(delay)
    }

    /// The same message, received after `delay`, rounded up to whole seconds, and at most [`Self::LONGEST_DELAY`].
    pub fn after(self, delay: Duration) -> Self {
        let delay = delay.min(Self::LONGEST_DELAY).as_millis().div_ceil(1000);
        Self { delay_seconds: i32::try_from(delay).unwrap_or_default(), ..self }
    }

    /// The same message, which says when its work is due. Without that, it is due when it is sent.
    pub fn due(mut self, due: Timestamp) -> Self {
        self.attributes.due = Some(due);
        self
    }

    /// The same message, which waits for its provider's rate.
    pub fn in_turn(mut self, turn: Turn) -> Self {
        self.attributes.turn = Some(turn);
        self
    }

    /// The same message, whose work was received so often before, in vain.
    pub fn received(mut self, times: u32) -> Self {
        self.attributes.receives = times;
        self
    }

    /// The same message, whose delivery may have been begun without a lease, if it is so.
    pub fn in_doubt(mut self, is_in_doubt: bool) -> Self {
        self.attributes.is_in_doubt = is_in_doubt;
        self
    }

    /// The same message, whose delivery's record says that it was given up.
    pub fn given_up(mut self) -> Self {
        self.attributes.is_given_up = true;
        self
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

/// SQS refused to store or to change a message, or could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not take it")]
pub struct QueueError(#[source] Source);

impl QueueError {
    fn of(error: impl Into<Source>) -> Self {
        Self(error.into())
    }
}

/// A queue's name: the last part of its URL or of its ARN.
pub fn name(url_or_arn: &str) -> &str {
    url_or_arn.rsplit(['/', ':']).next().unwrap_or_default()
}

/// One queue and its client.
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

    /// Sends all messages. After `Ok`, SQS has every message. After an error, SQS may have some of them.
    pub async fn send(&self, messages: &[Outbound]) -> Result<(), QueueError> {
        for chunk in messages.chunks(BATCH) {
            let mut entries = Vec::with_capacity(chunk.len());
            for (id, message) in chunk.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(&message.body);
                let entry = entry.set_delay_seconds((message.delay_seconds > 0).then_some(message.delay_seconds));
                let attributes = message.attributes.write().map_err(QueueError::of)?;
                let entry = entry.set_message_attributes(attributes);
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

    /// Sends the body of a message that cannot be read, unchanged, with the reason in a message attribute.
    pub async fn send_unreadable(&self, body: &str, reason: &str) -> Result<(), QueueError> {
        let reason = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let reason = reason.map_err(QueueError::of)?;
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        send.message_attributes("reason", reason).send().boxed().await.map(drop).map_err(QueueError::of)
    }

    /// Makes a message visible again after `pause`, instead of after the queue's visibility time-out. `pause` is
    /// rounded up to whole seconds, and at most 12 hours.
    pub async fn retry_after(&self, receipt_handle: &str, pause: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(pause.as_millis().div_ceil(1000)).unwrap_or(i32::MAX).min(43_200);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt_handle);
        change.visibility_timeout(seconds).send().boxed().await.map(drop).map_err(QueueError::of)
    }
}
