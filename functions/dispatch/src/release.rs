//! Releases held deliveries whose time comes: each one's message is sent early enough, with a delay to the exact
//! second.

use std::{cell::Cell, time::Duration};

use futures::{
    StreamExt,
    future::{join_all, try_join_all},
    stream,
};
use shared::{
    domain::{Timestamp, dead_letter::About},
    queue::{Message, Outbound, QueueError},
    store::{Due, HELD_PARTS, StoreError},
    telemetry,
};

use crate::App;

/// Deliveries that are due within this time are sent with a delay. So the schedule, which runs every minute, has many
/// tries, and the messages of one moment in the morning are spread over the time before it.
const AHEAD: Duration = Duration::from_secs(10 * 60);
/// How many deliveries are read at once from one part.
const PAGE: usize = 500;
/// The most messages that one call to SQS takes.
const BATCH: usize = 10;
/// How many batches of one part are sent at once.
const AT_ONCE: usize = 4;
/// With less time than this left of the invocation, the next invocation goes on.
const TO_GO_ON: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum ReleaseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Releases deliveries that are due soon. Returns how many. The next invocation finds again those that failed.
pub async fn handle(app: &App, deadline: Timestamp) -> usize {
    let released = Cell::new(0);
    let parts = join_all((0..HELD_PARTS).map(|part| release(app, part, deadline, &released)));
    if app.in_time(deadline, parts).await.is_err() {
        tracing::error!("out of time: not all was released that is due");
    }
    let released = released.get();
    tracing::info!(released, "released");
    released
}

async fn release(app: &App, part: usize, deadline: Timestamp, released: &Cell<usize>) {
    let mut last = None;
    while deadline.saturating_duration_since(app.clock.now()) > TO_GO_ON {
        let until = app.clock.now().plus(AHEAD);
        let due = match app.store.due(part, last.as_ref(), until, PAGE).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(part, error = telemetry::chain(&error), "what is held cannot be read");
                break;
            }
        };
        let done: Vec<_> =
            stream::iter(due.chunks(BATCH)).map(|batch| send(app, batch)).buffer_unordered(AT_ONCE).collect().await;
        let failed = done.iter().any(Result::is_err);
        for result in &done {
            match result {
                Ok(sent) => released.set(released.get() + sent),
                Err(error) => tracing::error!(part, error = telemetry::chain(error), "not released yet"),
            }
        }
        if failed || due.len() < PAGE {
            break;
        }
        last = due.into_iter().next_back();
    }
}

/// Sends the messages first: a worker that dies after that sends them again, and the lease keeps each delivery from
/// being sent twice.
async fn send(app: &App, batch: &[Due]) -> Result<usize, ReleaseError> {
    let now = app.clock.now();
    let message = |due: &Due| {
        let About { notification_id, user_id, channel } = due.about;
        Outbound::delayed(
            &Message::Deliver { notification_id, user_id, channel },
            due.at.saturating_duration_since(now),
        )
    };
    app.queue.send(&batch.iter().map(message).collect::<Vec<_>>()).await?;
    try_join_all(batch.iter().map(|due| app.store.unlist(due))).await?;
    Ok(batch.len())
}
