//! SQS: queues that give messages out late, in any order, sometimes twice, and count how often.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};
use shared::domain::Channel;

use crate::{counts::Counts, dice::Dice};

/// The dead-letter queue.
pub const DEAD: &str = "dead";
/// The queue of the mail provider's feedback.
pub const FEEDBACK: &str = "feedback";

/// The queue of a channel's deliveries.
pub fn queue_of(channel: Channel) -> &'static str {
    channel.as_str()
}

/// Every queue.
pub fn all() -> impl Iterator<Item = &'static str> {
    Channel::ALL.into_iter().map(queue_of).chain([DEAD, FEEDBACK])
}

/// How often a message is given out before it becomes a dead letter: the template's default. It guards against messages that
/// workers die of; what a delivery's attempts are, its record says.
pub const MAX_RECEIVES: u32 = 100;
/// How long a received message is hidden: six times the function's time-out, as the template has it.
const VISIBILITY: Duration = Duration::from_secs(180);
/// How many of the messages that were deleted last may come once more.
const DELETED: usize = 40;

/// All queues.
#[derive(Debug, Default)]
pub struct Sqs {
    messages: BTreeMap<u64, Message>,
    next: u64,
    /// How many messages were given out as often as they may be.
    pub guarded: usize,
    /// How often a message is given out, if not as often as [`MAX_RECEIVES`].
    pub most_receives: Option<u32>,
    /// Whether messages come late or twice.
    pub is_unruly: bool,
    /// Whether messages come once more just when that matters, see [`Self::repeat`].
    is_repeating: bool,
    deleted: VecDeque<Message>,
    /// What happened, for the summary.
    pub counts: Counts,
}

/// A message in a queue. SQS may keep a second copy of it, with the same id.
#[derive(Clone, Debug)]
pub struct Message {
    queue: &'static str,
    /// The id that SQS gave it.
    pub id: String,
    /// Its body.
    pub body: String,
    /// The values of its message attributes.
    pub attributes: BTreeMap<String, String>,
    /// When it was sent.
    pub sent_at: Duration,
    visible_at: Duration,
    /// How often it was given out.
    pub receives: u32,
}

impl Message {
    /// The handle of its last receive.
    pub fn handle(&self, key: u64) -> String {
        format!("{key}/{}", self.receives)
    }
}

impl Sqs {
    /// Queues without messages, in which messages come late and twice.
    pub fn unruly(is_repeating: bool) -> Self {
        Self { is_unruly: true, is_repeating, ..Self::default() }
    }

    /// The number of messages, those in flight included.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// The bodies of all messages.
    pub fn bodies(&self) -> impl Iterator<Item = &str> {
        self.messages.values().map(|message| message.body.as_str())
    }

    /// Whether no queue has a message.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether a queue has a message that can be received.
    pub fn is_ready(&self, queue: &str, now: Duration) -> bool {
        self.messages.values().any(|message| message.queue == queue && message.visible_at <= now)
    }

    /// Puts a message into a queue.
    pub fn send(&mut self, queue: &'static str, body: &str, delay: Duration, now: Duration, dice: &mut Dice) -> String {
        let id = format!("m{:04}", self.next);
        let late = match self.is_unruly {
            true if dice.per_mille(20) => dice.millis(0, 300_000),
            true if dice.per_mille(150) => dice.millis(0, 5000),
            _ => Duration::ZERO,
        };
        let message = Message {
            queue,
            id: id.clone(),
            body: body.to_owned(),
            attributes: BTreeMap::new(),
            sent_at: now,
            visible_at: now + delay + late,
            receives: 0,
        };
        self.counts.note("messages");
        if !late.is_zero() {
            self.counts.note("messages that came late");
        }
        if self.is_unruly && dice.per_mille(60) {
            self.counts.note("messages that came twice");
            // Many copies come while a worker has the message.
            let most = dice.one(&[5000, 60_000]);
            let again = message.visible_at + dice.millis(0, most);
            self.add(Message { visible_at: again, ..message.clone() });
        }
        self.add(message);
        id
    }

    fn add(&mut self, message: Message) {
        self.messages.insert(self.next, message);
        self.next += 1;
    }

    /// Gives out up to `most` messages, in any order. A message that was given out as often as it may is a dead letter.
    pub fn receive(&mut self, queue: &str, most: usize, now: Duration, dice: &mut Dice) -> Vec<(u64, Message)> {
        let is_there = |message: &Message| message.queue == queue && message.visible_at <= now;
        let mut keys: Vec<_> =
            self.messages.iter().filter(|(_, message)| is_there(message)).map(|(key, _)| *key).collect();
        let mut given = Vec::new();
        while given.len() < most && !keys.is_empty() {
            let key = keys.swap_remove(dice.below(keys.len()));
            let Some(message) = self.messages.get_mut(&key) else { continue };
            if message.queue != DEAD && message.receives >= self.most_receives.unwrap_or(MAX_RECEIVES) {
                self.guarded += 1;
                *message = Message { queue: DEAD, receives: 0, visible_at: now, ..message.clone() };
                continue;
            }
            message.receives += 1;
            self.counts.note("receives");
            if message.receives > 1 {
                self.counts.note("repeated receives");
            }
            message.visible_at = now + VISIBILITY;
            given.push((key, message.clone()));
        }
        given
    }

    /// Removes a message. The handle of an earlier receive still removes it from a standard queue.
    pub fn delete(&mut self, key: u64) {
        let deleted = self.messages.remove(&key);
        if self.is_repeating {
            self.deleted.extend(deleted.filter(|message| ![DEAD, FEEDBACK].contains(&message.queue)));
            let surplus = self.deleted.len().saturating_sub(DELETED);
            self.deleted.drain(..surplus);
        }
    }

    /// Messages that somebody works on, or has deleted lately, are given out once more at this time, if `text` is in them. SQS does that
    /// if one of its servers could not be reached when they were received or deleted
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html>).
    pub fn repeat(&mut self, text: &str, now: Duration, at: Duration) {
        if !self.is_repeating || !self.is_unruly {
            return;
        }
        let in_flight = self.messages.values().filter(|message| message.receives > 0 && message.visible_at > now);
        let in_flight = in_flight.filter(|message| ![DEAD, FEEDBACK].contains(&message.queue));
        let found = in_flight.chain(&self.deleted).filter(|message| message.body.contains(text));
        let found: BTreeMap<_, _> = found.map(|message| (message.id.clone(), message.clone())).collect();
        for message in found.into_values() {
            self.counts.note("messages that came once more");
            self.add(Message { visible_at: at, receives: 0, ..message });
        }
    }

    /// Answers one call of the SDK. `is_partial` refuses some entries of a batch.
    pub fn answer(
        &mut self,
        operation: &str,
        body: &str,
        is_partial: bool,
        now: Duration,
        dice: &mut Dice,
    ) -> (u16, String) {
        let request: Value = serde_json::from_str(body).unwrap_or_default();
        let queue = queue(request["QueueUrl"].as_str().unwrap_or_default());
        let send = |sqs: &mut Self, entry: &Value, dice: &mut Dice| {
            let delay = Duration::from_secs(entry["DelaySeconds"].as_u64().unwrap_or_default());
            let id = sqs.send(queue, entry["MessageBody"].as_str().unwrap_or_default(), delay, now, dice);
            let text = |value: &Value| value["StringValue"].as_str().unwrap_or_default().to_owned();
            let given = entry["MessageAttributes"].as_object().into_iter().flatten();
            let attributes: BTreeMap<_, _> = given.map(|(name, value)| (name.clone(), text(value))).collect();
            let copies = sqs.messages.values_mut().filter(|message| message.id == id);
            copies.for_each(|message| message.attributes = attributes.clone());
            id
        };
        match operation {
            "SendMessage" => {
                let id = send(self, &request, dice);
                (200, json!({"MessageId": id, "MD5OfMessageBody": ""}).to_string())
            }
            "SendMessageBatch" => {
                let (mut sent, mut failed) = (Vec::new(), Vec::new());
                for entry in request["Entries"].as_array().into_iter().flatten() {
                    if is_partial && dice.per_mille(500) {
                        failed.push(json!({"Id": entry["Id"], "SenderFault": false, "Code": "InternalError"}));
                    } else {
                        let id = send(self, entry, dice);
                        sent.push(json!({"Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": ""}));
                    }
                }
                (200, json!({"Successful": sent, "Failed": failed}).to_string())
            }
            "ChangeMessageVisibility" => {
                let handle = request["ReceiptHandle"].as_str().unwrap_or_default();
                let time = Duration::from_secs(request["VisibilityTimeout"].as_u64().unwrap_or_default());
                let found = handle.split_once('/').and_then(|(key, _)| key.parse().ok());
                let message = found.and_then(|key: u64| self.messages.get_mut(&key));
                // The handle of an earlier receive is not valid any more while another receiver has the message.
                let message = message.filter(|message| handle.ends_with(&format!("/{}", message.receives)));
                if let Some(message) = &message {
                    assert!([queue, DEAD].contains(&message.queue), "{} has the message, not {queue}", message.queue);
                }
                match message {
                    Some(message) if message.visible_at > now => {
                        message.visible_at = now + time;
                        (200, "{}".to_owned())
                    }
                    _ => (400, r#"{"__type":"com.amazonaws.sqs#MessageNotInflight","message":"m"}"#.to_owned()),
                }
            }
            other => panic!("the simulation has no {other}: add it to sqs.rs"),
        }
    }
}

fn queue(url: &str) -> &'static str {
    let name = url.rsplit('/').next().unwrap_or_default();
    all().find(|queue| *queue == name).unwrap_or_else(|| panic!("no queue {url}"))
}
