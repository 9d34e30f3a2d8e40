//! The messages of the dead-letter queue: those that were received as often as they may be, and those that nobody can
//! read. Each is recorded before it is deleted from the queue.

use aws_lambda_events::event::sqs::SqsMessage;
use futures::{StreamExt, stream};
use shared::{
    delivery::feedback,
    domain::{Channel, DeadLetter, Reason, Timestamp, dead_letter::About},
    metrics::MetricEvent,
    queue::Message,
    store::{DeliveryKey, GaveUp, StoreError},
    suppressions::SuppressionsError,
    telemetry,
};

use crate::{
    App,
    feedback::suppress,
    verdict::{Kept, Verdict, come_back, not_ours},
    work::attributes,
};

const AT_ONCE: usize = 10;

/// Takes dead letters in until `deadline`. Returns the ids of those that must come back.
pub async fn handle(app: &App, records: Vec<SqsMessage>, deadline: Timestamp) -> Vec<String> {
    let in_time = async |record: &SqsMessage| {
        app.in_time(deadline, one(app, record)).await.unwrap_or_else(|_| {
            tracing::error!(message_id = record.message_id, "out of time: a dead letter is not recorded yet");
            record.message_id.clone()
        })
    };
    let failed: Vec<_> = stream::iter(&records).map(in_time).buffer_unordered(AT_ONCE).collect().await;
    failed.into_iter().flatten().collect()
}

async fn one(app: &App, record: &SqsMessage) -> Option<String> {
    let body = record.body.as_deref().unwrap_or_default();
    let taken = match Message::from_json(body) {
        Ok(Message::Deliver { notification_id, user_id, channel }) => {
            give_up(app, record, About { notification_id, user_id, channel }).await.map_err(SuppressionsError::from)
        }
        // A page that was received too often, or that a worker of a version without runs could not read: the letter has its message,
        // which a redrive sends again.
        Ok(Message::Expand { .. }) => {
            let attribute = record.message_attributes.get("reason").and_then(|reason| reason.string_value.clone());
            let letter = letter(app, record, attribute.unwrap_or_else(|| name(Reason::ReceivedTooOften)));
            put(app, &letter).await.map(|()| Verdict::Done).map_err(SuppressionsError::from)
        }
        Err(error) => match feedback::read(body) {
            Ok(Some(feedback)) => suppress(app, &feedback).await.map(|()| Verdict::Done),
            Ok(None) => Ok(Verdict::Done),
            Err(_) => {
                let attribute = record.message_attributes.get("reason").and_then(|reason| reason.string_value.clone());
                let letter = letter(app, record, attribute.unwrap_or_else(|| error.to_string()));
                put(app, &letter).await.map(|()| Verdict::Done).map_err(SuppressionsError::from)
            }
        },
    };
    let verdict = taken.unwrap_or_else(|error| {
        let message_id = record.message_id.as_deref();
        tracing::error!(message_id, error = telemetry::chain(&error), "a dead letter is not done with yet");
        Verdict::Back
    });
    come_back(&app.dead_letters, record, Kept::default(), verdict).await
}

/// Gives up the delivery of a message, unless the delivery is over.
async fn give_up(app: &App, record: &SqsMessage, about: About) -> Result<Verdict, StoreError> {
    let About { notification_id: id, channel, .. } = about;
    let now = app.clock.now();
    let loaded = app.store.load([], [id]).await?;
    let Some(notification) = loaded.notifications.get(&id) else {
        // The notification has expired, or was erased with its user. If its record cannot be read, only the letter is
        // left.
        if loaded.unreadable_notifications.contains(&id) {
            let letter = DeadLetter { about: Some(about), ..letter(app, record, name(Reason::ReceivedTooOften)) };
            put(app, &letter).await?;
        }
        return Ok(Verdict::Done);
    };
    let delivery = DeliveryKey { id, channel, kept_until: notification.kept_until };
    let letter = letter(app, record, String::new());
    let who = if attributes(record).is_given_up { GaveUp::Worker } else { GaveUp::Queue };
    // Its first worker may have died before it recorded that its entry was there.
    let is_in_doubt = who == GaveUp::Queue;
    if is_in_doubt && channel == Channel::InApp {
        app.store.note_doubt(delivery, now).await?;
    }
    let verdict = match app.store.give_up(delivery, &letter.id, who, now).await? {
        Err(refusal) => not_ours(refusal, now),
        Ok((given_up, id_of_letter)) => {
            let reason = name(given_up.reason.unwrap_or(Reason::ReceivedTooOften));
            tracing::error!(notification_id = %id, %channel, reason, "given up");
            let kept_until = notification.kept_until;
            // A copy of the message finds the letter that is stored: it makes no second one.
            let letter = DeadLetter { id: id_of_letter, reason, about: Some(about), kept_until, ..letter };
            put(app, &letter).await?;
            Verdict::Done
        }
    };
    app.store.take_back(notification.user_id, notification.due(), delivery, is_in_doubt).await?;
    Ok(verdict)
}

/// Stores a letter, and counts it if it is new.
async fn put(app: &App, letter: &DeadLetter) -> Result<(), StoreError> {
    if app.store.put_dead_letter(letter).await? {
        app.metrics.note(MetricEvent::DeadLetter);
    }
    Ok(())
}

fn letter(app: &App, record: &SqsMessage, reason: String) -> DeadLetter {
    let sent = record.attributes.get("SentTimestamp").and_then(|sent| sent.parse().ok());
    let sent = Timestamp::from_millis(sent.unwrap_or_default());
    let now = app.clock.now();
    DeadLetter {
        id: DeadLetter::id_of(sent, record.message_id.as_deref().unwrap_or("?")),
        reason,
        about: None,
        body: record.body.clone().unwrap_or_default(),
        at: now,
        kept_until: now.plus(app.retention),
    }
}

fn name(reason: Reason) -> String {
    reason.as_str().to_owned()
}
