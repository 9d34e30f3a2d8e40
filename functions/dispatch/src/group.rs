//! A group of messages that are worked on at once: it decides on each, claims the deliveries to be sent by one call,
//! and then works on each by itself.

use std::{pin::Pin, time::Duration};

use futures::future::{MaybeDone, join_all, maybe_done};
use shared::{
    domain::Timestamp,
    queue::Outbound,
    render::{Next, Prepared},
    store::StoreError,
    telemetry,
};

use crate::{
    App,
    attempt::Attempt,
    leases::GroupLeases,
    verdict::{Verdict, after, come_back},
    work::Work,
};

/// The longest that the group waits for all decisions. A member whose template is not loaded by then does not delay the
/// others.
const TO_DECIDE: Duration = Duration::from_millis(250);

/// A message, and the input of its attempt.
pub struct Member<'a> {
    pub work: &'a Work,
    pub attempt: Attempt<'a>,
}

/// A decision, which may still be pending.
type Deciding<F> = Pin<Box<MaybeDone<F>>>;

/// Works on a group until `deadline`. Returns the ids of the messages that must come back.
pub async fn handle(app: &App, members: &[Member<'_>], deadline: Timestamp) -> Vec<String> {
    let mut deciding: Vec<_> = members.iter().map(|member| Box::pin(maybe_done(member.attempt.decide(app)))).collect();
    // A member without a decision goes on deciding below, and asks for a lease by itself.
    let _ = app.clock.timeout(TO_DECIDE.min(app.time_left(deadline)), join_all(&mut deciding)).await;
    let first = members.iter().zip(&mut deciding).enumerate().filter_map(|(place, (member, deciding))| {
        let Some(Ok(Prepared { next: Next::Send(..), .. })) = deciding.as_mut().output_mut() else { return None };
        let Attempt { notification, .. } = member.attempt;
        member.work.is_first(notification).then(|| (place, member.attempt.delivery()))
    });
    let leases = GroupLeases::new(app, deadline, first);
    let each = members.iter().zip(deciding).enumerate().map(async |(place, (member, deciding))| {
        in_time(app, member.work, deadline, finish(app, member, deciding, &leases, place)).await
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// Works on one message until the invocation nears its end.
async fn in_time(
    app: &App,
    work: &Work,
    deadline: Timestamp,
    working: impl Future<Output = Option<String>>,
) -> Option<String> {
    app.in_time(deadline, working).await.unwrap_or_else(|_| {
        tracing::error!(notification_id = %work.notification_id, channel = %work.channel, "out of time");
        work.record.message_id.clone()
    })
}

/// Goes on with a message after its decision. Returns the message's id if it must come back.
async fn finish<F>(
    app: &App,
    Member { work, attempt }: &Member<'_>,
    mut deciding: Deciding<F>,
    leases: &GroupLeases<'_>,
    place: usize,
) -> Option<String>
where
    F: Future<Output = Result<Prepared, StoreError>>,
{
    deciding.as_mut().await;
    let verdict = match deciding.as_mut().take_output() {
        Some(Ok(prepared)) => attempt.go_on(app, prepared, leases, place).await,
        Some(Err(error)) => Err(error),
        // The output is taken only here, so it is there.
        None => Ok(Verdict::Back),
    };
    let verdict = verdict.unwrap_or_else(|error| {
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

/// Hands a message on to the dead-letter queue. If that fails, the message comes back and finds that its delivery is
/// given up.
async fn give_up(app: &App, work: &Work) -> Verdict {
    let body = work.record.body.as_deref().unwrap_or_default();
    match app.dead_letters.send(&[Outbound::again(body)]).await {
        Ok(()) => Verdict::Done,
        Err(error) => {
            let error = telemetry::chain(&error);
            tracing::error!(notification_id = %work.notification_id, error, "not in the dead-letter queue yet");
            Verdict::Again(app.retries.pause(work.receive, None, app.random.fraction()))
        }
    }
}
