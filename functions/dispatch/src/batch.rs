//! A batch: read every message, load what they speak of in one call, work on them at once, report what must come back.

use std::{collections::HashSet, time::SystemTime};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{StreamExt, stream};
use shared::{
    domain::{Channel, ConfiguredChannel, NotificationId, Timestamp, UserId},
    queue::Message,
    store::{Loaded, StoreError},
    telemetry,
};

use crate::{
    App,
    attempt::{Attempt, Verdict},
};

/// How many messages are worked on at once.
const AT_ONCE: usize = 10;

/// A message that could be read.
struct Work {
    message_id: String,
    receipt_handle: String,
    receive: u32,
    notification_id: NotificationId,
    user_id: UserId,
    channel: Channel,
}

/// Works on a batch until `deadline`; the answer names the messages that SQS must give out again.
pub async fn handle(app: &App, event: SqsEvent, deadline: SystemTime) -> SqsBatchResponse {
    let mut failures = Vec::new();
    let mut works = Vec::new();
    for record in event.records {
        match read(&record) {
            Ok(work) => works.push(work),
            Err(reason) => failures.extend(set_aside(app, record, &reason).await),
        }
    }
    match load(app, &works).await {
        Ok((loaded, configured)) => {
            let deadline = timestamp(deadline);
            let failed = stream::iter(&works)
                .map(|work| work_on(app, work, &loaded, &configured, deadline))
                .buffer_unordered(AT_ONCE)
                .filter_map(async |failed| failed);
            failures.extend(failed.collect::<Vec<_>>().await);
        }
        Err(error) => {
            tracing::error!(error = telemetry::chain(&error), "the batch could not be loaded");
            failures.extend(works.into_iter().map(|work| work.message_id));
        }
    }
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.into_iter().map(failure).collect();
    response
}

fn failure(message_id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message_id;
    failure
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn read(record: &SqsMessage) -> Result<Work, String> {
    let body = record.body.as_deref().unwrap_or_default();
    let Message::Deliver { notification_id, user_id, channel } =
        Message::from_json(body).map_err(|error| error.to_string())?;
    let receive = record.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Ok(Work {
        message_id: record.message_id.clone().unwrap_or_default(),
        receipt_handle: record.receipt_handle.clone().unwrap_or_default(),
        receive: receive.unwrap_or(1),
        notification_id,
        user_id,
        channel,
    })
}

/// Moves a message that nobody can read to the dead letters, with the reason. Its id, where even that fails.
async fn set_aside(app: &App, record: SqsMessage, reason: &str) -> Option<String> {
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

async fn load(app: &App, works: &[Work]) -> Result<(Loaded, Vec<ConfiguredChannel>), StoreError> {
    if works.is_empty() {
        return Ok(Default::default());
    }
    let users: HashSet<_> = works.iter().map(|work| work.user_id).collect();
    let notifications: HashSet<_> = works.iter().map(|work| work.notification_id).collect();
    let (loaded, configured) =
        tokio::try_join!(app.store.load(users, notifications, Timestamp::now()), app.channels())?;
    Ok((loaded, configured.to_vec()))
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
        return Some(work.message_id.clone());
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
        let error = telemetry::chain(&error);
        tracing::error!(notification_id = %work.notification_id, channel = %work.channel, error, "not recorded");
        Verdict::Back
    });
    match verdict {
        Verdict::Done => return None,
        Verdict::Back => {}
        Verdict::Again(pause) => {
            if let Err(error) = app.queue.retry_after(&work.receipt_handle, pause).await {
                tracing::warn!(error = telemetry::chain(&error), "the retry waits for the visibility time-out");
            }
        }
    }
    Some(work.message_id.clone())
}
