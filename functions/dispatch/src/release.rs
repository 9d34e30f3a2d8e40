//! Releases deliveries that are held or wait long, when their time comes: each one's message is sent early enough, with a
//! delay to the exact second. The queue keeps it until then, and the worker that gets it decides: what was cancelled, paused or
//! changed in the meantime counts.
//!
//! All parts of the list are read at the same time, the earliest deliveries first. A run that has no time for all of them leaves the
//! rest in the list, where the next run finds them.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use futures::{StreamExt, future::join_all, stream};
use shared::{
    domain::{Channel, Timestamp, dead_letter::About},
    queue::{Message, Outbound, QueueError, Turn},
    store::{Due, StoreError},
    telemetry,
};

use crate::{App, share::Share};

/// Deliveries that are due within this time are sent with a delay, the longest that SQS has, less some seconds for clocks that
/// differ (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-timers.html>). So the schedule,
/// which runs every minute, has many tries, and the messages of one moment in the morning are spread over the time before it. A
/// message that is delayed is not in flight, and a queue takes any number of them
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>).
const AHEAD: Duration = Outbound::LONGEST_DELAY.saturating_sub(Duration::from_secs(10));
/// How many deliveries are read at once from one part.
pub const PAGE: usize = 500;
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

/// How a run of the schedule goes.
#[derive(Default)]
pub struct Run {
    released: Cell<usize>,
    has_failed: Cell<bool>,
}

impl Run {
    /// Something could not be done. The next run does it.
    pub fn failed(&self) {
        self.has_failed.set(true);
    }

    /// How many deliveries were released, and whether all could be done.
    pub fn end(&self) -> (usize, bool) {
        (self.released.get(), !self.has_failed.get())
    }
}

/// Releases deliveries of this share that are due soon. The next run finds again those that failed.
pub async fn all(app: &App, share: Share, deadline: Timestamp, run: &Run) {
    join_all(share.parts().map(|part| release(app, part, deadline, run))).await;
}

async fn release(app: &App, part: usize, deadline: Timestamp, run: &Run) {
    drain(app, part, deadline, run, async |last| app.store.due(part, last, app.clock.now().plus(AHEAD), PAGE).await)
        .await;
}

/// Whether enough is left of the invocation to go on.
pub fn is_time_to_go_on(app: &App, deadline: Timestamp) -> bool {
    deadline.saturating_duration_since(app.clock.now()) > TO_GO_ON
}

/// Releases what `read` finds, a page of at most [`PAGE`] at a time. `read` gets the last one of the page before.
///
/// A queue that refuses the first messages is not asked again in this part's run, and the pages are read on for the other queues: what is due
/// later on another channel may stand behind thousands of messages for it.
pub async fn drain(
    app: &App,
    part: usize,
    deadline: Timestamp,
    run: &Run,
    read: impl AsyncFn(Option<&Due>) -> Result<Vec<Due>, StoreError>,
) {
    let (mut last, queues) = (None, Queues::default());
    while is_time_to_go_on(app, deadline) {
        let due = match read(last.as_ref()).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(part, error = telemetry::chain(&error), "what is held cannot be read");
                run.failed();
                break;
            }
        };
        let sending = stream::iter(batches(&due)).map(async |(channel, batch)| {
            // A batch that is begun is sent and unlisted before the invocation ends, so that the next one does not send it again.
            if queues.refuses(channel) || !is_time_to_go_on(app, deadline) {
                return Ok(0);
            }
            let sent = send(app, batch).await;
            queues.note(channel, !matches!(sent, Err(ReleaseError::Queue(_))));
            sent
        });
        let done: Vec<_> = sending.buffer_unordered(AT_ONCE).collect().await;
        for result in &done {
            match result {
                Ok(sent) => run.released.set(run.released.get() + sent),
                Err(error) => {
                    run.failed();
                    tracing::error!(part, error = telemetry::chain(error), "not released yet");
                }
            }
        }
        if due.len() < PAGE || queues.all_refuse() {
            break;
        }
        last = due.into_iter().next_back();
    }
}

/// Which channels' queues have taken something of this part, and which have only refused.
#[derive(Default)]
struct Queues(RefCell<BTreeMap<Channel, bool>>);

impl Queues {
    fn note(&self, channel: Channel, has_taken: bool) {
        *self.0.borrow_mut().entry(channel).or_default() |= has_taken;
    }

    /// Whether it was asked and has taken nothing.
    fn refuses(&self, channel: Channel) -> bool {
        self.0.borrow().get(&channel) == Some(&false)
    }

    fn all_refuse(&self) -> bool {
        Channel::ALL.into_iter().all(|channel| self.refuses(channel))
    }
}

/// The deliveries in batches, each of one channel: its messages go to one queue, by one call.
fn batches(due: &[Due]) -> Vec<(Channel, Vec<&Due>)> {
    let of = |channel| due.iter().filter(|due| due.about.channel == channel).collect::<Vec<_>>();
    Channel::ALL
        .into_iter()
        .flat_map(|channel| of(channel).chunks(BATCH).map(|batch| (channel, batch.to_vec())).collect::<Vec<_>>())
        .collect()
}

/// Sends the messages first: a worker that dies after that sends them again, and the lease keeps each delivery from
/// being sent twice.
async fn send(app: &App, batch: Vec<&Due>) -> Result<usize, ReleaseError> {
    let now = app.clock.now();
    let message = |due: &&Due| {
        let About { notification_id, user_id, channel } = due.about;
        let left = due.at.saturating_duration_since(now);
        let message = Outbound::delayed(&Message::Deliver { notification_id, user_id, channel }, left).due(due.at);
        match due.in_line {
            Some(place) => message.in_turn(Turn::Place(place)),
            None => message,
        }
    };
    app.queue.send(&batch.iter().map(message).collect::<Vec<_>>()).await?;
    app.store.unlist(&batch).await?;
    Ok(batch.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_has_taken_something_is_asked_again_although_it_refuses_some() {
        use Channel::{Push, Slack, Sms};
        let queues = Queues::default();
        for (channel, has_taken) in [(Push, true), (Sms, false), (Push, false), (Sms, false)] {
            queues.note(channel, has_taken);
        }
        assert_eq!([Push, Sms, Slack].map(|channel| queues.refuses(channel)), [false, true, false]);
        assert!(!queues.all_refuse());
        Channel::ALL.into_iter().for_each(|channel| queues.note(channel, false));
        assert!(!queues.all_refuse(), "push has taken something");
        let none = Queues::default();
        Channel::ALL.into_iter().for_each(|channel| none.note(channel, false));
        assert!(none.all_refuse());
    }
}
