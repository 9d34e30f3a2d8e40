//! Expands one page of a run: sends the message of the page after it, makes each recipient's notification, sends their messages, and
//! notes that the page is done, in this order. So whatever stops between two of them can be repeated, by a message that comes again or
//! by two workers: each notification is there once, and its lease keeps its deliveries from being sent twice.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use shared::{
    domain::{Channel, Run, RunId, Timestamp, UserId, run::PageId},
    metrics::MetricEvent,
    queue::{Message, Outbound, PageOfRun, QueueError},
    store::{Expansion, PARTS, RunPage, StoreError},
    telemetry,
};

use crate::{
    App,
    verdict::{Kept, Verdict, after, come_back},
    work::due,
};

#[derive(Debug, thiserror::Error)]
enum ExpandError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Expands a page until `deadline`. Returns the message's id if it must come back.
pub async fn handle(
    app: &App,
    record: &SqsMessage,
    run_id: RunId,
    page: &PageOfRun,
    deadline: Timestamp,
) -> Option<String> {
    // A page that keeps failing is late by ever more, so that its pauses grow, and one that can never be written is given up.
    let due = due(record).unwrap_or_else(|| app.clock.now());
    let verdict = match app.in_time(deadline, expand(app, run_id, page)).await {
        Ok(Ok(())) => Verdict::Done,
        Ok(Err(error)) => {
            tracing::error!(%run_id, error = telemetry::chain(&error), "a page of a run is not expanded yet");
            match &error {
                ExpandError::Store(error) => after(app, error, due),
                ExpandError::Queue(_) => Verdict::of_outage(app, due),
            }
        }
        Err(_) => {
            tracing::error!(%run_id, "out of time: a page of a run is not expanded yet");
            Verdict::Back
        }
    };
    let queue = app.queue.source(record.event_source_arn.as_deref());
    let asked = come_back(queue, record, Kept::default(), verdict);
    app.in_time(deadline, asked).await.unwrap_or(record.message_id.clone())
}

async fn expand(app: &App, run_id: RunId, page: &PageOfRun) -> Result<(), ExpandError> {
    let Some(run) = app.runs.get(&app.store, run_id).await? else {
        tracing::warn!(%run_id, "the run is gone");
        return Ok(());
    };
    let (id, after) = match page {
        PageOfRun::Parts => {
            let part = |part| message(&run, PageOfRun::Topic { part, number: 0, after: None });
            return Ok(app.queue.send(&(0..PARTS).map(part).collect::<Vec<_>>()).await?);
        }
        PageOfRun::Named(number) => (PageId::Named(*number), None),
        PageOfRun::Topic { part, number, after } => (PageId::Part { part: *part, number: *number }, after.as_deref()),
    };
    let page = match app.store.run_page(&run, &id, after).await? {
        RunPage::Open(page) => page,
        // The message of the next page was sent before the page was done.
        RunPage::Done => return Ok(()),
        RunPage::Cancelled(begun) => return Ok(app.queue.send(&deliveries(&run, &begun, app.clock.now())).await?),
    };
    if let (PageId::Part { part, number }, Some(after)) = (&id, &page.next) {
        // The next page does not wait for this one.
        let next = PageOfRun::Topic { part: *part, number: number + 1, after: Some(after.clone()) };
        app.queue.send(&[message(&run, next)]).await?;
    }
    let Expansion { notified, expanded, new } = app.store.expand_run(&run, &page).await?;
    (0..new).for_each(|_| app.metrics.note(MetricEvent::Accepted));
    app.queue.send(&deliveries(&run, &notified, app.clock.now())).await?;
    app.store.finish_run_page(&run, &id, &expanded, page.next.is_none()).await?;
    tracing::info!(%run_id, page = %id, notified = expanded.notified, "a page of a run is expanded");
    Ok(())
}

fn message(run: &Run, page: PageOfRun) -> Outbound {
    let channel = run.spec.channels.first().copied().unwrap_or(Channel::Email);
    Outbound::delayed(&Message::Expand { run_id: run.id, page, channel }, Duration::ZERO)
}

/// The messages of the deliveries to these recipients. SQS delays a message only up to a limit; if `send_at` is later, the worker holds
/// the delivery.
fn deliveries(run: &Run, users: &[UserId], now: Timestamp) -> Vec<Outbound> {
    let delay = run.spec.send_at.map(|at| (at, at.saturating_duration_since(now)));
    let delay = delay.filter(|(_, delay)| *delay <= Outbound::LONGEST_DELAY);
    let to = |user: &UserId| {
        let (notification_id, user_id) = (run.id.notification_to(*user), *user);
        run.spec.channels.iter().map(move |channel| {
            let message = Message::Deliver { notification_id, user_id, channel: *channel };
            match delay {
                Some((due, delay)) => Outbound::delayed(&message, delay).due(due),
                None => Outbound::delayed(&message, Duration::ZERO),
            }
        })
    };
    users.iter().flat_map(to).collect()
}
