//! The story of one simulation: callers do this and that while everything fails, then the weather clears, and all has to come
//! to rest.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{join, join_all},
};
use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::domain::{Field, Provider, QuietHours, TimeOfDay, Timestamp, UserChange, user_change::AllowedUser};

use crate::{
    caller::Caller,
    invariants,
    model::{Cancel, Change, Model, Notice, Subject},
    net, pauses,
    people::{self, CHANNELS, GROUP, USERS},
    providers,
    run::Spawner,
    schedule,
    sqs::FEEDBACK,
    weather::Weather,
    worker,
    world::World,
};

type Known = Rc<RefCell<Model>>;

/// How many things each of the two callers does.
const STEPS: usize = 9;
/// How often a caller sends a request that was not confirmed.
const TRIES: usize = 4;
/// The longest that it may take to come to rest.
const REST: Duration = Duration::from_secs(8 * 60 * 60);

/// Tells the story of a world.
pub async fn tell(world: Arc<World>, spawner: Spawner) {
    let known = Known::default();
    let workers = { 2 + world.state().dice.below(2) };
    for worker in 0..workers {
        spawner.spawn(worker::serve(world.clone(), format!("w{worker}")));
    }
    spawner.spawn(schedule::run(world.clone()));
    let callers = join_all(["a", "b"].map(|name| call(world.clone(), known.clone(), name)));
    join(callers, pauses::tell(world.clone(), known.clone())).await;
    // Some of it goes on in bad weather: sometimes for so long that held deliveries are released in it.
    let more = {
        let dice = &mut world.state().dice;
        let most = dice.one(&[600_000, 600_000, 2_400_000]);
        dice.millis(0, most)
    };
    world.time.sleep(more).await;
    // By then some have given up.
    if world.state().dice.per_mille(500) {
        world.state().weather.hasten("sqs", world.time.now());
        redrive(&world, &mut Caller::new(&world, "redrives", false)).await;
    }
    {
        let mut state = world.state();
        state.weather = Weather::CLEAR;
        state.cleared = Some(world.time.now());
        state.sqs.is_unruly = false;
        state.history.add(world.time.now(), "weather", "clears");
    }
    let mut operator = Caller::new(&world, "op", true);
    pauses::resume_all(&world, &known, &mut operator).await;
    rest(&world).await;
    invariants::every_dead_letter_is_listed(&world, &mut operator).await;
    for _ in 0..8 {
        if redrive(&world, &mut operator).await == 0 {
            break;
        }
        rest(&world).await;
    }
    world.state().is_over = true;
    invariants::check(&world, &known.take(), &mut operator).await;
    let mut state = world.state();
    let of_queues = std::mem::take(&mut state.sqs.counts);
    state.counts += of_queues;
}

/// Waits until nothing is under way any more.
pub async fn rest(world: &World) {
    let end = world.time.now() + REST;
    let mut quiet = 0;
    while quiet < 3 {
        if world.time.now() > end {
            let left = world.state().sqs.len();
            invariants::broken(world, format!("it does not come to rest: {left} messages are left"));
            return;
        }
        world.time.sleep(Duration::from_secs(30)).await;
        let is_idle = {
            let state = world.state();
            let is_working = state.processes.iter().any(|process| process.invocation.is_some());
            state.sqs.is_empty() && state.late.is_empty() && !is_working
        };
        quiet = if is_idle && !schedule::is_any_listed(world) { quiet + 1 } else { 0 };
    }
}

/// Redrives all dead letters. Returns how many.
pub async fn redrive(world: &World, caller: &mut Caller) -> u64 {
    world.state().redrives.push(world.time.now());
    let answer = caller.request(Method::POST, "/api/v1/dead-letters/redrive", json!({"all": true})).await;
    let redriven = answer.map_or(0, |(_, body)| body["redriven"].as_u64().unwrap_or_default());
    world.state().counts.add("redrives", usize::try_from(redriven).unwrap_or_default());
    redriven
}

async fn call(world: Arc<World>, known: Known, name: &str) {
    let mut caller = Caller::new(&world, name, false);
    for _ in 0..STEPS {
        let (pause, what, user) = {
            let dice = &mut world.state().dice;
            let pause = if dice.per_mille(450) { dice.millis(0, 300) } else { dice.millis(0, 60_000) };
            (pause, dice.below(100), dice.below(USERS))
        };
        world.time.sleep(pause).await;
        let late = if world.state().weather.late_entries > 0 { net::user_of_late_entry(&world) } else { None };
        if let Some(user) = late.filter(|_| world.state().dice.per_mille(300)) {
            change(&world, &known, &mut caller, user, Subject::User).await;
            continue;
        }
        match what {
            0..=61 => notify(&world, &known, &mut caller, user).await,
            62..=69 => cancel(&world, &known, &mut caller).await,
            70..=76 => change(&world, &known, &mut caller, user, channel(&world)).await,
            77..=82 => change(&world, &known, &mut caller, user, Subject::Group).await,
            83..=86 => change(&world, &known, &mut caller, user, Subject::Devices).await,
            87..=89 => change(&world, &known, &mut caller, user, Subject::Quiet).await,
            90..=92 => change(&world, &known, &mut caller, user, Subject::User).await,
            93..=96 => bounce(&world, &known, user),
            _ => {
                redrive(&world, &mut caller).await;
            }
        }
    }
}

fn channel(world: &World) -> Subject {
    Subject::Channel(world.state().dice.one(&CHANNELS))
}

async fn notify(world: &World, known: &Known, caller: &mut Caller, user: usize) {
    let number = known.borrow().notices.len();
    let notice = {
        let now = world.wall();
        let dice = &mut world.state().dice;
        let send_at = dice.per_mille(200).then(|| now.plus(dice.millis(0, 2_400_000)));
        let lives = dice.per_mille(150).then(|| dice.millis(1000, 900_000));
        Notice {
            user,
            channel: if dice.per_mille(400) { None } else { Some(dice.one(&CHANNELS)) },
            is_grouped: dice.per_mille(400),
            is_critical: dice.per_mille(100),
            is_at_most_once: dice.per_mille(250),
            send_at,
            expires_at: lives.map(|lives| send_at.unwrap_or(now).plus(lives)),
            id: None,
            acked: None,
            cancels: Vec::new(),
        }
    };
    let mut body = json!({
        "user_id": people::id(user), "content": {"body": providers::text(number)}, "request_id": format!("r{number}"),
        "critical": notice.is_critical, "at_most_once": notice.is_at_most_once,
    });
    for (name, value) in [
        ("notification_type", notice.channel.map(|channel| json!(channel))),
        ("group", notice.is_grouped.then(|| json!(GROUP))),
        ("send_at", notice.send_at.map(|at| json!(at))),
        ("expires_at", notice.expires_at.map(|at| json!(at))),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    world.state().counts.add("deliveries", if notice.channel.is_some() { 1 } else { CHANNELS.len() });
    known.borrow_mut().notices.push(notice);
    for _ in 0..TRIES {
        let answer = caller.request(Method::POST, "/api/v1/notifications", body.clone()).await;
        if let Some((202, answer)) = answer {
            let mut known = known.borrow_mut();
            let notice = &mut known.notices[number];
            notice.id = answer["data"]["notification_id"].as_str().map(str::to_owned);
            notice.acked = Some(world.time.now());
            return;
        }
        invariants::refused(world, "POST /api/v1/notifications", answer);
    }
}

async fn cancel(world: &World, known: &Known, caller: &mut Caller) {
    let (number, id) = {
        let known = known.borrow();
        let there: Vec<_> =
            known.notices.iter().enumerate().filter_map(|(n, notice)| Some((n, notice.id.clone()?))).collect();
        if there.is_empty() {
            return;
        }
        // One that is just being sent, so that a copy of its message may come to another worker meanwhile. Else mostly one of the
        // last ones, which is still under way.
        let sent = if world.has_copies() { being_sent(world, &there) } else { None };
        sent.unwrap_or_else(|| {
            let dice = &mut world.state().dice;
            let place = there.len() - 1 - dice.below(there.len()).min(dice.below(there.len()));
            there[place].clone()
        })
    };
    for _ in 0..TRIES {
        let answer = caller.request(Method::DELETE, &format!("/api/v1/notifications/{id}"), Value::Null).await;
        let acked = match &answer {
            Some((200, answer)) => {
                let deliveries = answer["data"]["deliveries"].as_array().cloned().unwrap_or_default();
                let cancelled = deliveries.iter().filter(|delivery| delivery["status"] == "cancelled");
                let channels = cancelled.map(|delivery| delivery["channel"].as_str().unwrap_or_default().to_owned());
                Some((world.time.now(), channels.collect()))
            }
            _ => None,
        };
        if acked.is_some() {
            come_once_more(world, &id);
        }
        let is_done = acked.is_some() || matches!(answer, Some((404, _)));
        known.borrow_mut().notices[number].cancels.push(Cancel { acked });
        if is_done {
            return;
        }
        invariants::refused(world, "DELETE /api/v1/notifications", answer);
    }
}

/// The notification of these for which a provider was called last, and has not answered yet.
fn being_sent(world: &World, of: &[(usize, String)]) -> Option<(usize, String)> {
    let state = world.state();
    let mut calls = state.calls.iter().rev().filter(|call| call.ended.is_none());
    calls.find_map(|call| of.iter().find(|(number, _)| *number == call.notice)).cloned()
}

/// Messages about it come once more, just when somebody has changed what is decided about them.
fn come_once_more(world: &World, id: &str) {
    let now = world.time.now();
    world.state().sqs.repeat(id, now, now);
}

async fn change(world: &World, known: &Known, caller: &mut Caller, user: usize, subject: Subject) {
    let allows = subject != Subject::User && subject != Subject::Quiet && world.state().dice.per_mille(250);
    let window = (subject == Subject::Quiet).then(|| window(world));
    if subject == Subject::User {
        known.borrow_mut().is_anybody_erased = true;
    }
    for _ in 0..TRIES {
        let began = world.time.now();
        let place = {
            let mut known = known.borrow_mut();
            let (subject, window) = (subject.clone(), window.as_ref().map(|(_, window)| *window));
            known.changes.push(Change { user, subject, allows, window, began, acked: None, ended: Duration::MAX });
            known.changes.len() - 1
        };
        let status = match &subject {
            Subject::User => {
                let path = format!("/api/v1/users/{}", people::id(user));
                caller.request(Method::DELETE, &path, Value::Null).await.map(|(status, _)| status)
            }
            Subject::Channel(channel) => {
                let path = format!("/api/v1/users/{}", people::id(user));
                let body = json!({"preferences": {*channel: allows}});
                caller.request(Method::PUT, &path, body).await.map(|(status, _)| status)
            }
            other => {
                let change = user_change(other, user, allows, window.as_ref().map(|(quiet, _)| quiet.clone()));
                write(caller, user, change).await
            }
        };
        let now = world.time.now();
        let mut known = known.borrow_mut();
        let change = &mut known.changes[place];
        change.ended = now;
        match status {
            Some(200..=299) => {
                change.acked = Some(now);
                come_once_more(world, &people::id(user).to_string());
                return;
            }
            // The user was erased.
            Some(404 | 410) => return,
            _ => {}
        }
    }
}

/// A change that has no request of its own here: by the store, as the handlers of other dialects make it.
async fn write(caller: &mut Caller, user: usize, change: UserChange) -> Option<u16> {
    let line = format!("changes user {user}");
    let work = caller.work(&line, move |api| {
        let (store, now) = (api.users.store.clone(), api.users.clock.now());
        async move {
            let changed = store.update_allowed(&AllowedUser::without_rule(people::id(user)), change, None, now).await;
            match changed {
                Ok(_) => 200,
                Err(shared::store::UpdateUserError::NotFound | shared::store::UpdateUserError::Erased) => 404,
                Err(_) => 503,
            }
        }
        .boxed_local()
    });
    work.await
}

fn user_change(subject: &Subject, user: usize, allows: bool, quiet: Option<QuietHours>) -> UserChange {
    let mut change = UserChange::default();
    match subject {
        Subject::Group => {
            change.groups.insert(GROUP.to_owned(), allows);
        }
        Subject::Devices if allows => {
            change.endpoints.insert("c-fcm".to_owned(), (Provider::Fcm, people::tokens(user)));
        }
        Subject::Devices => {
            change.no_endpoints.insert("c-fcm".to_owned());
        }
        _ => change.quiet = quiet.map_or(Field::Absent, Field::Value),
    }
    change
}

/// Quiet hours that begin soon and last up to half an hour. The users' time zone is UTC.
fn window(world: &World) -> (QuietHours, (Timestamp, Timestamp)) {
    let (lead, length) = {
        let dice = &mut world.state().dice;
        (dice.below(3) as u64, 2 + dice.below(28) as u64)
    };
    let minute = |at: Timestamp| Timestamp::from_millis(at.millis() - at.millis().rem_euclid(60_000));
    let begin = minute(world.wall()).plus(Duration::from_secs(60 * lead));
    let end = begin.plus(Duration::from_secs(60 * length));
    let day = |at: Timestamp| TimeOfDay::parse(&at.to_string()[11..16]).expect("a time of day");
    (QuietHours::new(day(begin), day(end), None).expect("hours"), (begin, end))
}

/// The mail provider reports that mail to the user came back.
fn bounce(world: &World, known: &Known, user: usize) {
    let address = people::email(user);
    let event = json!({
        "eventType": "Bounce",
        "mail": {"tags": {"user_id": [people::id(user)]}},
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address}]},
    });
    let now = world.time.now();
    let mut state = world.state();
    let state = &mut *state;
    state.history.add(now, "ses", &format!("mail to user {user} bounced"));
    if state.dice.per_mille(300) {
        state.weather.hasten("dynamo", now);
    }
    state.sqs.send(FEEDBACK, &event.to_string(), Duration::ZERO, now, &mut state.dice);
    known.borrow_mut().bounced.push(address);
}
