//! The stack's own calls to the SQS emulator. They do not go through the proxy, so they are not counted.

use std::time::Duration;

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
};
use aws_sdk_sqs::{Client, Error};
use serde::Serialize;

use super::clients;

/// The most messages that one request deletes.
const LARGEST_DELETE: usize = 10;

/// A client of the emulated SQS.
#[derive(Debug, Clone)]
pub struct Sqs(Client);

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Messages that can be received now.
    pub visible: u64,
    /// Messages that were received, are not deleted, and cannot be received again yet.
    pub in_flight: u64,
    /// Messages with a delay that has not passed.
    pub delayed: u64,
}

impl Counts {
    /// The sum of all messages.
    pub fn total(self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.visible += other.visible;
        self.in_flight += other.in_flight;
        self.delayed += other.delayed;
    }
}

impl Sqs {
    /// A client of the emulator at `endpoint`.
    pub fn new(endpoint: &str) -> Self {
        Self(Client::from_conf(clients::sqs(endpoint).build()))
    }

    /// Receives up to `most` messages (10 or fewer) with all their attributes. It waits up to `wait`, in whole seconds,
    /// for the first message.
    pub async fn receive(&self, url: &str, most: usize, wait: Duration) -> Result<Vec<Message>, Error> {
        let received = self
            .0
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(most).unwrap_or(1))
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(0))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Sends a message. Returns its id.
    pub async fn send(&self, url: &str, body: &str) -> Result<String, Error> {
        let sent = self.0.send_message().queue_url(url).message_body(body).send().await?;
        Ok(sent.message_id.unwrap_or_default())
    }

    /// Sends one message with a message attribute, which is a text. Returns the message's id.
    pub async fn send_with(&self, url: &str, body: &str, (name, value): (&str, String)) -> Result<String, Error> {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
        let send = self.0.send_message().queue_url(url).message_body(body).message_attributes(name, value);
        Ok(send.send().await?.message_id.unwrap_or_default())
    }

    /// Deletes the messages with these receipt handles.
    pub async fn delete(&self, url: &str, handles: &[&str]) -> Result<(), Error> {
        for handles in handles.chunks(LARGEST_DELETE) {
            let entries = handles.iter().enumerate().map(|(index, handle)| {
                let entry = DeleteMessageBatchRequestEntry::builder();
                entry.id(index.to_string()).receipt_handle(*handle).build()
            });
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            self.0.delete_message_batch().queue_url(url).set_entries(Some(entries)).send().await?;
        }
        Ok(())
    }

    /// How many messages the queue holds.
    pub async fn counts(&self, url: &str) -> Result<Counts, Error> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed, ApproximateNumberOfMessagesNotVisible,
        };
        let wanted = self.0.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let attributes = wanted.send().await?.attributes.unwrap_or_default();
        let count = |name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or(0);
        Ok(Counts {
            visible: count(ApproximateNumberOfMessages),
            in_flight: count(ApproximateNumberOfMessagesNotVisible),
            delayed: count(ApproximateNumberOfMessagesDelayed),
        })
    }

    /// The SDK's client, for calls that only a test needs.
    pub fn client(&self) -> &Client {
        &self.0
    }
}
