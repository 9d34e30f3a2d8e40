//! A group of messages that are worked on at once: it decides on each, fills inboxes together, claims the other deliveries to be sent by
//! one call, and then works on each by itself.

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
    entry_state::EntryState,
    inboxes::{self, First},
    leases::GroupLeases,
    rates::{self, Go, SlotsOf},
    verdict::{Verdict, after},
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
    let goes = turns(app, members, &mut deciding, deadline).await;
    let entries = inboxes::send(app, to_inboxes(members, &mut deciding, &goes), deadline).await;
    let first = members.iter().zip(&goes).enumerate().filter_map(|(place, (member, go))| {
        let Some(Go::Now(..)) = go else { return None };
        let (notification, delivery) = (member.attempt.notification, member.attempt.delivery());
        (member.work.is_first(notification) && !entries.contains_key(&delivery)).then_some((place, delivery))
    });
    let leases = GroupLeases::new(app, deadline, first);
    let each = members.iter().zip(deciding).zip(goes).enumerate().map(async |(place, ((member, deciding), go))| {
        let entry = member.attempt.entry.max(entries.get(&member.attempt.delivery()).copied().unwrap_or_default());
        if entry == EntryState::Recorded {
            return None;
        }
        let member = Member { work: member.work, attempt: Attempt { entry, ..member.attempt } };
        in_time(app, member.work, deadline, finish(app, &member, deciding, go, &leases, place)).await
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// The messages that go to inboxes, for the first time.
fn to_inboxes<'a, F>(members: &[Member<'a>], deciding: &'a mut [Deciding<F>], goes: &[Option<Go>]) -> Vec<First<'a>>
where
    F: Future<Output = Result<Prepared, StoreError>>,
{
    let decided = members.iter().zip(deciding).zip(goes);
    let firsts = decided.filter_map(|((member, deciding), go)| {
        let prepared = deciding.as_mut().output_mut()?.as_ref().ok()?;
        First::of(member.work, member.attempt, prepared, go.as_ref())
    });
    firsts.collect()
}

/// When the messages go that are decided to be sent, by their places: together they reserve the slots that their providers' rates
/// give them. A message without a decision gets `None`, and asks by itself.
async fn turns<F>(
    app: &App,
    members: &[Member<'_>],
    deciding: &mut [Deciding<F>],
    deadline: Timestamp,
) -> Vec<Option<Go>>
where
    F: Future<Output = Result<Prepared, StoreError>>,
{
    let mut goes: Vec<_> = members.iter().map(|_| None).collect();
    let decided = members.iter().zip(deciding).enumerate().filter_map(|(place, (member, deciding))| {
        match deciding.as_mut().output_mut() {
            Some(Ok(Prepared { next: Next::Send(plan, _), .. })) => Some((place, (member.work, &*plan))),
            _ => None,
        }
    });
    let (places, messages): (Vec<_>, Vec<_>) = decided.unzip();
    let asked = app.in_time(deadline, rates::ask(app, &messages)).await.unwrap_or_default();
    for (place, go) in places.into_iter().zip(asked) {
        if let Some(empty) = goes.get_mut(place) {
            *empty = Some(go);
        }
    }
    goes
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
    go: Option<Go>,
    leases: &GroupLeases<'_>,
    place: usize,
) -> Option<String>
where
    F: Future<Output = Result<Prepared, StoreError>>,
{
    deciding.as_mut().await;
    let verdict = match deciding.as_mut().take_output() {
        Some(Ok(prepared)) => match (go, &prepared.next) {
            (Some(go), _) => attempt.go_on(app, prepared, go, leases, place).await,
            (None, Next::Send(plan, _)) => {
                let mut go = rates::ask(app, &[(*work, plan)]).await;
                let go = go.pop().unwrap_or(Go::Later(Verdict::Back));
                attempt.go_on(app, prepared, go, leases, place).await
            }
            (None, _) => attempt.go_on(app, prepared, Go::Now(SlotsOf::new()), leases, place).await,
        },
        Some(Err(error)) => Err(error),
        // The output is taken only here, so it is there.
        None => Ok(Verdict::Back),
    };
    let verdict = verdict.unwrap_or_else(|error| {
        let chain = telemetry::chain(&error);
        tracing::error!(notification_id = %work.notification_id, channel = %work.channel, error = chain, "not recorded");
        after(app, &error, attempt.due)
    });
    let verdict = match verdict {
        Verdict::GivenUp => give_up(app, work, attempt.due).await,
        verdict => verdict,
    };
    work.come_back(app, attempt.entry.may_be_there(), verdict).await
}

/// Hands a message on to the dead-letter queue. If that fails, the message comes back and finds that its delivery is
/// given up.
async fn give_up(app: &App, work: &Work, due: Timestamp) -> Verdict {
    let body = work.record.body.as_deref().unwrap_or_default();
    match app.dead_letters.send(&[Outbound::again(body).given_up()]).await {
        Ok(()) => Verdict::Done,
        Err(error) => {
            let error = telemetry::chain(&error);
            tracing::error!(notification_id = %work.notification_id, error, "not in the dead-letter queue yet");
            Verdict::of_outage(app, due)
        }
    }
}
