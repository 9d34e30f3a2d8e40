//! What is held and whose time comes: its message is sent, in time and to the second.

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

/// What is due within this time is sent with a delay. A schedule that comes every minute so has many tries, and a morning's
/// messages are spread over the time before.
const AHEAD: Duration = Duration::from_secs(10 * 60);
/// How many are read at once from one part.
const PAGE: usize = 500;
/// As many as one call to SQS takes.
const BATCH: usize = 10;
/// How many batches of one part are on their way at once.
const AT_ONCE: usize = 4;
/// With less than this left of the invocation, the next one goes on.
const TO_GO_ON: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum ReleaseError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Releases what is due soon; how many that were. What fails is found again by the next invocation.
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

/// The messages first: one that dies between the two sends them again, and the lease keeps them from being delivered twice.
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
