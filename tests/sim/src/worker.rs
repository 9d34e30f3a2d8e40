//! The workers, and SQS's poller before each of them: it hands a batch over, and deletes what did not fail.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage, SqsMessageAttribute};
use dispatch::{App, Event, Held, Share};
use futures::future::{AbortHandle, Abortable, Either, select};
use serde_json::Value;

use crate::{
    apps,
    ledger::Invocation,
    schedule,
    sqs::{self, FEEDBACK, Message},
    world::{State, Who, World},
};

/// The function's time-out: the template's default.
pub const TIME_OUT: Duration = Duration::from_secs(30);
/// The event source's batch size in the template.
const BATCH: usize = 10;
/// How long a poller without messages waits at most before it looks again, in milliseconds.
const POLL: u64 = 4000;

/// What a worker is invoked for.
enum Job {
    Messages(&'static str, Vec<(u64, Message)>),
    Release(Share),
}

/// Works until the simulation is over. A process that dies is replaced.
pub async fn serve(world: Arc<World>, name: String) {
    while !world.state().is_over {
        let who = world.start(&name, false);
        let app = apps::worker(&who);
        while who.is_alive() && !world.state().is_over {
            match next(&world) {
                Some(job) => invoke(&who, &app, job).await,
                None => {
                    let pause = world.state().dice.millis(0, POLL);
                    world.time.sleep(pause).await;
                }
            }
        }
        let pause = world.state().dice.millis(100, 5000);
        world.time.sleep(pause).await;
    }
}

fn next(world: &World) -> Option<Job> {
    let now = world.time.now();
    let is_release_due = std::mem::take(&mut world.state().is_release_due);
    let shares = is_release_due.then(|| schedule::runs(world));
    let mut state = world.state();
    if let Some(shares) = shares {
        state.shares = shares;
    }
    if let Some(share) = state.shares.pop() {
        state.counts.note("releases");
        return Some(Job::Release(share));
    }
    let is_free = |queue: &&str| state.sqs.is_ready(queue, now) && state.busy(queue) < state.concurrency;
    let queues: Vec<_> = sqs::all().filter(is_free).collect();
    let State { sqs, dice, weather, history, are_batches_full, .. } = &mut *state;
    if queues.is_empty() {
        return None;
    }
    let queue = dice.one(&queues);
    let most = if *are_batches_full { BATCH } else { 1 + dice.below(BATCH) };
    let messages = sqs.receive(queue, most, now, dice);
    // No concurrency is left, or the function does not start after a bad deploy: the messages were received and nobody has
    // looked at them.
    if dice.per_mille(weather.throttles) {
        let ids: Vec<_> = messages.iter().map(|(_, message)| format!("{}/{}", message.id, message.receives)).collect();
        history.add(now, "lambda", &format!("throttles {queue}: {}", ids.join(" ")));
        return None;
    }
    (!messages.is_empty()).then_some(Job::Messages(queue, messages))
}

async fn invoke(who: &Who, app: &App, job: Job) {
    let world = &who.world;
    let event = event(world, &job);
    let (abort, registration) = AbortHandle::new_pair();
    begin(who, &job, abort);
    let deadline = SystemTime::from(world.wall().plus(TIME_OUT));
    let work = pin!(Abortable::new(dispatch::handle(app, event, deadline), registration));
    let answer = match select(work, world.time.sleep(TIME_OUT)).await {
        Either::Left((Ok(answer), _)) => answer,
        Either::Left((Err(_), _)) => return,
        Either::Right(_) => {
            let (now, mut state) = (world.time.now(), world.state());
            let name = state.name(who.process);
            state.history.add(now, &name, "is out of time");
            state.kill(who.process, now);
            return;
        }
    };
    let now = world.time.now();
    let mut state = world.state();
    let state = &mut *state;
    let name = state.name(who.process);
    if let Some(invocation) = state.processes[who.process].invocation.take() {
        state.invocations[invocation].ended = Some(now);
    }
    let Job::Messages(queue, messages) = job else { return };
    let failed: Vec<_> = answer["batchItemFailures"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item["itemIdentifier"].clone())
        .collect();
    if state.dice.per_mille(state.weather.kills / 2) {
        state.history.add(now, &name, "answered, and nobody heard it");
        state.counts.note("batches whose answer was lost");
        return;
    }
    for (key, message) in messages {
        let is_failed = failed.contains(&Value::from(message.id.clone()));
        let is_lost = state.dice.per_mille(state.weather.aws / 3);
        if is_failed || is_lost {
            state.history.add(now, &name, &format!("leaves {}", message.id));
            continue;
        }
        state.sqs.delete(key);
        if queue == FEEDBACK {
            let address = address_of(&message.body);
            state.suppressed.entry(address).or_insert(now);
        }
    }
}

fn begin(who: &Who, job: &Job, abort: AbortHandle) {
    let now = who.world.time.now();
    let mut state = who.world.state();
    let state = &mut *state;
    let (queue, line, bodies) = match job {
        Job::Release(share) => (None, format!("release {}/{}", share.number, share.of), Vec::new()),
        Job::Messages(queue, messages) => {
            let ids: Vec<_> =
                messages.iter().map(|(_, message)| format!("{}/{}", message.id, message.receives)).collect();
            let bodies = messages.iter().map(|(_, message)| message.body.clone()).collect();
            (Some(*queue), format!("{queue}: {}", ids.join(" ")), bodies)
        }
    };
    let number = state.invocations.len();
    let process = &mut state.processes[who.process];
    process.invocation = Some(number);
    process.abort = Some(abort);
    let wall = process.begin.plus(now);
    state.counts.note("invocations");
    let name = state.name(who.process);
    state.history.add(now, &name, &line);
    state.invocations.push(Invocation {
        queue,
        began: now,
        wall,
        ended: None,
        died: false,
        disturbed: false,
        boundaries: BTreeSet::new(),
        bodies,
    });
}

fn event(world: &World, job: &Job) -> Event {
    let (queue, messages) = match job {
        Job::Release(share) => return Event::Release { release: Held::Held, share: *share },
        Job::Messages(queue, messages) => (queue, messages),
    };
    let mut event = SqsEvent::default();
    event.records = messages.iter().map(|(key, message)| record(world, queue, *key, message)).collect();
    Event::Messages(event)
}

fn record(world: &World, queue: &str, key: u64, message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.id.clone());
    record.receipt_handle = Some(message.handle(key));
    record.body = Some(message.body.clone());
    record.event_source_arn = Some(apps::arn(queue));
    let sent = world.begin.plus(message.sent_at).millis();
    record.attributes = [
        ("ApproximateReceiveCount".to_owned(), message.receives.to_string()),
        ("SentTimestamp".to_owned(), sent.to_string()),
    ]
    .into();
    for (name, value) in &message.attributes {
        let mut attribute = SqsMessageAttribute::default();
        attribute.string_value = Some(value.clone());
        record.message_attributes.insert(name.clone(), attribute);
    }
    record
}

/// The address that a bounce is about.
fn address_of(body: &str) -> String {
    let event: Value = serde_json::from_str(body).unwrap_or_default();
    event["bounce"]["bouncedRecipients"][0]["emailAddress"].as_str().unwrap_or_default().to_owned()
}
