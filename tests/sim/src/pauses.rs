//! An operator who pauses and resumes channels, the group and everything, while all else goes on.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use crate::{
    caller::Caller,
    invariants,
    ledger::Call,
    model::{Model, Notice},
    people::{self, CHANNELS, GROUP},
    world::World,
};

/// How many things the operator does at most.
const STEPS: usize = 5;
/// How often the operator sends a request that was not confirmed.
const TRIES: usize = 4;
/// Every worker knows of a pause after this time.
const A_MINUTE: Duration = Duration::from_secs(60);
/// Clocks differ by less.
const SOON: Duration = Duration::from_secs(3);
/// Who is asked to wait longer than this waits until after a pause that begins and ends.
const LONG: Duration = Duration::from_secs(8 * 60);

/// A request that pauses or resumes something.
#[derive(Clone, Debug)]
pub struct Switch {
    /// What is paused or resumed, as the path names it.
    pub what: String,
    /// How it is paused; `None` if it is resumed.
    pub pause: Option<Paused>,
    /// When it was asked for.
    pub began: Duration,
    /// When it was confirmed.
    pub acked: Option<Duration>,
    /// When the request ended, however it ended.
    pub ended: Duration,
}

/// How something is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// Whether what is paused is dropped.
    pub is_dropped: bool,
    /// When the pause ends by itself.
    pub until: Option<Timestamp>,
}

impl Paused {
    /// Whether it is over by some clock.
    fn is_nearly_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now.plus(invariants::SKEW))
    }
}

impl Switch {
    /// Whether it is about this notification on this channel.
    fn is_about(&self, notice: &Notice, channel: &str) -> bool {
        match self.what.split_once(':') {
            None => true,
            Some(("channel", paused)) => paused == channel,
            Some(_) => notice.is_grouped,
        }
    }
}

/// Whether somebody has ever asked to drop what is paused so.
pub fn was_ever_dropped(model: &Model, notice: &Notice, channel: &str) -> bool {
    let mut switches = model.switches.iter();
    switches
        .any(|switch| switch.is_about(notice, channel) && switch.pause.as_ref().is_some_and(|paused| paused.is_dropped))
}

/// What surely paused a message that a provider was called with: it was confirmed a minute before the invocation began, and nobody
/// asked for something else since.
pub fn pausing<'m>(model: &'m Model, notice: &Notice, call: &Call, invocation_began: Duration) -> Option<&'m str> {
    let channel = people::channel_of(call.provider);
    let is_sure = |switch: &&Switch| {
        let Some(paused) = &switch.pause else { return false };
        let is_known = switch.acked.is_some_and(|acked| acked + A_MINUTE <= invocation_began);
        let is_on = paused.until.is_none_or(|until| until > call.wall);
        let mut others = model.switches.iter().filter(|other| {
            other.what == switch.what
                && other.pause.as_ref() != Some(paused)
                && other.ended >= switch.began
                && other.began <= call.began
        });
        is_known && is_on && switch.is_about(notice, channel) && others.next().is_none()
    };
    model.switches.iter().find(is_sure).map(|switch| switch.what.as_str())
}

/// The operator's part of the story. In half of the stories nothing is paused.
pub async fn tell(world: Arc<World>, known: Rc<RefCell<Model>>) {
    if !{ world.state().dice.per_mille(500) } {
        return;
    }
    let mut operator = Caller::new(&world, "switches", false);
    for _ in 0..STEPS {
        let (pause, what, resumes) = {
            let dice = &mut world.state().dice;
            let what = match dice.below(6) {
                0 => "all".to_owned(),
                1..=2 => format!("group:{GROUP}"),
                _ => format!("channel:{}", dice.one(&CHANNELS)),
            };
            (dice.millis(0, 50_000), what, dice.per_mille(400))
        };
        world.time.sleep(pause).await;
        let waiting = if world.has_copies() { asked_to_wait(&world) } else { None };
        if let Some(channel) = waiting {
            // A provider is in trouble, so its channel is paused for a while.
            let while_it_waits = { world.state().dice.millis(80_000, 200_000) };
            let paused = Paused { is_dropped: false, until: Some(world.wall().plus(while_it_waits)) };
            switch(&world, &known, &mut operator, &format!("channel:{channel}"), Some(paused)).await;
        } else if resumes {
            let last = known.borrow().switches.last().map(|switch| switch.what.clone());
            switch(&world, &known, &mut operator, &last.unwrap_or(what), None).await;
            // The schedule may come right then. Workers know of the resume only within a minute, and hold again what it releases.
            let soon = {
                let dice = &mut world.state().dice;
                dice.per_mille(700).then(|| dice.millis(0, 20_000))
            };
            if let Some(soon) = soon {
                world.time.sleep(soon).await;
                world.state().is_release_due = true;
            }
        } else {
            let now = world.wall();
            let paused = {
                let dice = &mut world.state().dice;
                let until = dice.per_mille(400).then(|| now.plus(dice.millis(40_000, 600_000)));
                Paused { is_dropped: dice.per_mille(250), until }
            };
            switch(&world, &known, &mut operator, &what, Some(paused)).await;
        }
    }
}

/// The channel whose provider has asked to wait for long.
fn asked_to_wait(world: &World) -> Option<&'static str> {
    let (now, state) = (world.time.now(), world.state());
    let until = |call: &Call| Some(call.ended? + call.retry_after?);
    let mut calls = state.calls.iter().rev().filter(|call| until(call).is_some_and(|until| until > now + LONG));
    calls.next().map(|call| people::channel_of(call.provider))
}

/// Resumes all that is paused.
pub async fn resume_all(world: &World, known: &RefCell<Model>, operator: &mut Caller) {
    let answer = operator.request(Method::GET, "/api/v1/pauses", Value::Null).await;
    let listed = answer.map_or(Value::Null, |(_, body)| body);
    let listed = listed["items"].as_array().into_iter().flatten().filter_map(|pause| pause["what"].as_str());
    for what in listed.map(str::to_owned).collect::<Vec<_>>() {
        switch(world, known, operator, &what, None).await;
    }
}

async fn switch(world: &World, known: &RefCell<Model>, operator: &mut Caller, what: &str, pause: Option<Paused>) {
    let path = format!("/api/v1/pauses/{what}");
    for _ in 0..TRIES {
        let began = world.time.now();
        let place = {
            let mut known = known.borrow_mut();
            let (what, pause) = (what.to_owned(), pause.clone());
            known.switches.push(Switch { what, pause, began, acked: None, ended: Duration::MAX });
            known.switches.len() - 1
        };
        let answer = match &pause {
            Some(Paused { is_dropped, until }) => {
                let body = json!({"mode": if *is_dropped { "drop" } else { "hold" }, "until": until});
                operator.request(Method::PUT, &path, body).await
            }
            None => operator.request(Method::DELETE, &path, Value::Null).await,
        };
        let now = world.time.now();
        let status = answer.as_ref().map(|(status, _)| *status);
        {
            let switch = &mut known.borrow_mut().switches[place];
            switch.ended = now;
            switch.acked = matches!(status, Some(200 | 201 | 204)).then_some(now);
        }
        if pause.is_some() && matches!(status, Some(200 | 201)) {
            // Some messages come once more when every worker knows of the pause: those of the channel, or any.
            let about = what.strip_prefix("channel:").map_or("deliver".to_owned(), |channel| format!("\"{channel}\""));
            world.state().sqs.repeat(&about, now, now + A_MINUTE + SOON);
        }
        match status {
            Some(200 | 201 | 204 | 404) => return,
            // It took so long that the end has passed, by the clock of the process.
            Some(400) if pause.as_ref().is_some_and(|paused| paused.is_nearly_over(world.wall())) => return,
            _ => invariants::refused(world, &path, answer),
        }
    }
}
