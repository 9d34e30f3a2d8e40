//! A batch: read every message, load what they speak of in one call, work on them at once, report what must come back.

use std::{collections::HashSet, sync::Arc, time::Duration};

use aws_lambda_events::event::sqs::SqsMessage;
use futures::{StreamExt, stream};
use shared::{
    domain::{Channel, ConfiguredChannel, NotificationId, Timestamp, UserId},
    queue::{Message, Outbound, Queue},
    store::{Loaded, StoreError},
    telemetry,
};
use tokio::time::timeout;

use crate::{
    App,
    attempt::{Attempt, Verdict},
};

/// How many messages are worked on at once.
const AT_ONCE: usize = 10;
/// What is kept of an invocation's time for its answer.
const TO_ANSWER: Duration = Duration::from_millis(150);

/// A message that could be read.
struct Work {
    record: SqsMessage,
    receive: u32,
    notification_id: NotificationId,
    user_id: UserId,
    channel: Channel,
}

/// Works on a batch until `deadline`; the ids of the messages that must come back.
pub async fn handle(app: &App, records: Vec<SqsMessage>, deadline: Timestamp) -> Vec<String> {
    let mut failures = Vec::new();
    let mut works = Vec::new();
    for record in records {
        match Message::from_json(record.body.as_deref().unwrap_or_default()) {
            Ok(message) => works.push(Work::new(record, message)),
            Err(error) => failures.extend(set_aside(app, record, &error.to_string()).await),
        }
    }
    match load(app, &works).await {
        Ok((loaded, configured)) => {
            let failed = stream::iter(&works)
                .map(|work| in_time(app, work, &loaded, &configured, deadline))
                .buffer_unordered(AT_ONCE)
                .filter_map(async |failed| failed);
            failures.extend(failed.collect::<Vec<_>>().await);
        }
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "the batch could not be loaded");
            for work in works {
                failures.extend(come_back(&app.queue, &work.record, after(app, &error, work.receive)).await);
            }
        }
    }
    failures
}

/// Works on one message until the invocation nears its end: one that hangs must not take the others' answers with it.
async fn in_time(
    app: &App,
    work: &Work,
    loaded: &Loaded,
    configured: &[ConfiguredChannel],
    deadline: Timestamp,
) -> Option<String> {
    let left = deadline.since(Timestamp::now()).saturating_sub(TO_ANSWER);
    timeout(left, work_on(app, work, loaded, configured, deadline)).await.unwrap_or_else(|_| {
        tracing::error!(notification_id = %work.notification_id, channel = %work.channel, "out of time");
        work.record.message_id.clone()
    })
}

/// When a message comes back that the table stood in the way of.
fn after(app: &App, error: &StoreError, receive: u32) -> Verdict {
    match error {
        StoreError::Unavailable(_) => Verdict::Again(app.retries.pause(receive, None, rand::random())),
        StoreError::Failed(_) | StoreError::TooLarge | StoreError::Malformed(_) => Verdict::Back,
    }
}

impl Work {
    fn new(record: SqsMessage, message: Message) -> Self {
        let Message::Deliver { notification_id, user_id, channel } = message;
        let receive = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
        Self { record, receive: receive.unwrap_or(1), notification_id, user_id, channel }
    }
}

/// Moves a message that nobody can read to the dead letters, with the reason. Its id, where even that fails.
pub async fn set_aside(app: &App, record: SqsMessage, reason: &str) -> Option<String> {
    let id = record.message_id.unwrap_or_default();
    tracing::error!(message_id = id, reason, "a message cannot be read");
    let moved = app.dead_letters.send_unreadable(record.body.as_deref().unwrap_or(" "), reason).await;
    match moved {
        Ok(()) => None,
        Err(error) => {
            tracing::error!(message_id = id, error = telemetry::chain(&error), "it could not be set aside");
            Some(id)
        }
    }
}

async fn load(app: &App, works: &[Work]) -> Result<(Loaded, Arc<Vec<ConfiguredChannel>>), StoreError> {
    if works.is_empty() {
        return Ok(Default::default());
    }
    let users: HashSet<_> = works.iter().map(|work| work.user_id).collect();
    let notifications: HashSet<_> = works.iter().map(|work| work.notification_id).collect();
    tokio::try_join!(app.store.load(users, notifications, Timestamp::now()), app.channels())
}

/// Works on one message; its id, where it must come back.
async fn work_on(
    app: &App,
    work: &Work,
    loaded: &Loaded,
    configured: &[ConfiguredChannel],
    deadline: Timestamp,
) -> Option<String> {
    if loaded.unreadable.contains(&work.user_id) || loaded.unreadable_notifications.contains(&work.notification_id) {
        return work.record.message_id.clone();
    }
    let Some(notification) = loaded.notifications.get(&work.notification_id) else {
        // Expired, or erased with its user: there is nothing left to say, and nowhere to record it.
        tracing::warn!(notification_id = %work.notification_id, channel = %work.channel, "the notification is gone");
        return None;
    };
    let attempt = Attempt {
        user: loaded.users.get(&work.user_id),
        notification,
        channel: work.channel,
        configured,
        receive: work.receive,
        deadline,
    };
    let verdict = attempt.run(app).await.unwrap_or_else(|error| {
        let chain = telemetry::chain(&error);
        tracing::error!(notification_id = %work.notification_id, channel = %work.channel, error = chain, "not recorded");
        after(app, &error, work.receive)
    });
    let verdict = match verdict {
        Verdict::GivenUp => give_up(app, work).await,
        verdict => verdict,
    };
    come_back(&app.queue, &work.record, verdict).await
}

/// Hands a message on to the dead-letter queue. Where that is not to be had, it comes back and finds its delivery given up.
async fn give_up(app: &App, work: &Work) -> Verdict {
    let body = work.record.body.as_deref().unwrap_or_default();
    match app.dead_letters.send(&[Outbound::again(body)]).await {
        Ok(()) => Verdict::Done,
        Err(error) => {
            let error = telemetry::chain(&error);
            tracing::error!(notification_id = %work.notification_id, error, "not in the dead-letter queue yet");
            Verdict::Again(app.retries.pause(work.receive, None, rand::random()))
        }
    }
}

/// Its id, where a message of `queue` must come back, and when it asks for that.
pub async fn come_back(queue: &Queue, record: &SqsMessage, verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Done => return None,
        Verdict::Back | Verdict::GivenUp => {}
        Verdict::Again(pause) => {
            let receipt_handle = record.receipt_handle.as_deref().unwrap_or_default();
            if let Err(error) = queue.retry_after(receipt_handle, pause).await {
                tracing::warn!(error = telemetry::chain(&error), "the retry waits for the visibility time-out");
            }
        }
    }
    record.message_id.clone()
}
