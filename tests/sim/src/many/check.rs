//! What must hold for runs, whatever happens.

use std::{collections::BTreeMap, sync::Arc};

use lambda_http::http::Method;
use serde_json::Value;
use shared::domain::{RunId, UserId};

use super::{
    NAMED,
    model::{Asked, Due, Model, What},
    people::Crowd,
};
use crate::{
    caller::Caller,
    counted, dynamo, invariants,
    ledger::{Call, Told},
    people::{self, USERS},
    world::{State, World},
};

/// What the API says about a run, and what is in the table.
struct Seen<'a> {
    number: usize,
    run: &'a Asked,
    view: &'a Value,
    model: &'a Model,
    state: &'a State,
    crowd: Crowd,
    /// The life of the run's topic.
    generation: Option<&'a str>,
    id: RunId,
    /// The items of notifications and deliveries, by their partition.
    items: &'a BTreeMap<&'a str, Vec<&'a Value>>,
}

async fn view(operator: &mut Caller, id: &str) -> Value {
    let answer = operator.request(Method::GET, &format!("/api/v1/runs/{id}"), Value::Null).await;
    answer.map_or(Value::Null, |(_, answer)| answer["data"].clone())
}

/// A run that is not done has a page that was given up, with a letter by which it can be redriven.
pub async fn unfinished(world: &Arc<World>, operator: &mut Caller, runs: &[Asked]) {
    for (number, run) in runs.iter().enumerate() {
        let Some(id) = &run.id else { continue };
        let view = view(operator, id).await;
        if view["status"] == "done" || view["status"] == "cancelled" {
            continue;
        }
        let items = dynamo::items(&world.database, None);
        let is_letter = |item: &Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("DEADLETTER"));
        if items.iter().any(|item| is_letter(item) && item.to_string().contains(id)) {
            world.state().cuts.event("runs with a page that was given up");
        } else {
            let what = format!("run {number} ({id}) is {}, and no dead letter tells of it", view["status"]);
            invariants::broken(world, what);
        }
    }
}

/// Checks everything at the end.
pub async fn all(world: &Arc<World>, operator: &mut Caller, runs: &[Asked], model: &Model, crowd: Crowd) {
    let mut views = Vec::new();
    for run in runs {
        views.push(match &run.id {
            Some(id) => view(operator, id).await,
            None => Value::Null,
        });
    }
    let items = dynamo::items(&world.database, None);
    let mut by_pk = BTreeMap::<_, Vec<_>>::new();
    for item in &items {
        by_pk.entry(item["pk"]["S"].as_str().unwrap_or_default()).or_default().push(item);
    }
    let mut broken = Vec::new();
    {
        let state = world.state();
        for (number, (run, view)) in runs.iter().zip(&views).enumerate() {
            let Some(id) = run.id.as_deref().and_then(RunId::parse) else { continue };
            let own = by_pk.get(format!("RUN#{id}").as_str()).into_iter().flatten();
            let generation = own.filter_map(|item| item["generation"]["S"].as_str()).next();
            let seen = Seen { number, run, view, model, state: &state, crowd, generation, id, items: &by_pk };
            let mut faults = Vec::new();
            seen.numbers(&mut faults);
            (0..crowd.users).for_each(|user| seen.user(user, &mut faults));
            broken.extend(faults.into_iter().map(|what| format!("run {number} ({id}): {what}")));
        }
        if !model.is_anybody_erased() {
            let made = by_pk.keys().filter(|pk| pk.starts_with("NOTIFICATION#")).count();
            counted::of_runs(&state, made, &mut broken);
        }
    }
    broken.into_iter().for_each(|what| invariants::broken(world, what));
}

impl Seen<'_> {
    fn is_cancelled(&self) -> bool {
        self.view["status"] == "cancelled"
    }

    fn due(&self, user: usize) -> Due {
        self.model.due(self.run, user, self.generation)
    }

    fn pk(&self, user: UserId) -> String {
        format!("NOTIFICATION#{}", self.id.notification_to(user))
    }

    fn numbers(&self, faults: &mut Vec<String>) {
        let view = self.view;
        if self.is_cancelled() && !self.run.may_be_cancelled || !self.is_cancelled() && self.run.cancelled.is_some() {
            faults.push(format!("it is {}", view["status"]));
        }
        let of = |name: &str| view[name].as_u64().unwrap_or_default();
        let left_out = view["left_out"].as_object().cloned().unwrap_or_default();
        let of_reason = |reason: &str| left_out.get(reason).and_then(Value::as_u64).unwrap_or_default();
        let due = |wanted: Due| (0..self.crowd.users).filter(|user| self.due(*user) == wanted).count() as u64;
        let (must, may) = (due(Due::Must), due(Due::May));
        let (recipients, expanded) = (of("recipients"), of("expanded"));
        if expanded > must + may {
            faults.push(format!("it says that {expanded} are expanded, and there are {must} to {}", must + may));
        }
        if self.is_cancelled() {
            return;
        }
        let is_topic = self.run.is_to_topic();
        let others = if is_topic { self.nobodies() } else { NAMED - USERS } as u64;
        // Of a topic that was deleted, nobody knows how many were found before.
        let is_ended = self.generation.is_some_and(|own| self.model.was_asked(&What::End(own.to_owned())));
        let is_complete = if is_topic {
            let at_least = if is_ended { 0 } else { must + others };
            (at_least..=must + may + due(Due::Never) + others).contains(&recipients)
        } else {
            recipients == (NAMED - USERS + self.crowd.users) as u64
        };
        let sum = expanded + left_out.values().filter_map(Value::as_u64).sum::<u64>();
        let is_known =
            if is_topic { of_reason("user_not_found") <= others } else { of_reason("user_not_found") == others };
        let is_erased = of_reason("user_erased") == 0 || self.model.is_anybody_erased();
        let is_left = of_reason("not_subscribed") == 0 || is_topic;
        if view["status"] != "done"
            || !is_complete
            || expanded < must
            || sum != recipients
            || !(is_known && is_erased && is_left)
        {
            faults.push(format!("it ends as {view}, and {must} to {} must have it", must + may));
        }
    }

    /// The entries of users who are not there, in the topic's life.
    fn nobodies(&self) -> usize {
        // Only its first life has them.
        let generation = self.generation.unwrap_or_default().to_owned();
        let was_first = self
            .model
            .steps
            .first()
            .is_some_and(|step| matches!(&step.what, What::Join(_, first) if *first == generation));
        if was_first { self.crowd.nobodies } else { 0 }
    }

    fn user(&self, user: usize, faults: &mut Vec<String>) {
        let items = self.items.get(self.pk(people::id(user)).as_str()).cloned().unwrap_or_default();
        let of = |sk: &str| items.iter().find(|item| item["sk"]["S"].as_str().is_some_and(|own| own.starts_with(sk)));
        let (notification, delivery) = (of("NOTIFICATION"), of("DELIVERY#"));
        let (due, is_erased) = (self.due(user), self.model.was_asked(&What::Erase(user)));
        let mut fault = |what: String| faults.push(format!("user {user}: {what}"));
        if due == Due::Must && !self.is_cancelled() && notification.is_none() {
            fault("there is no notification".into());
        }
        if due == Due::Never && notification.is_some() {
            fault("there is a notification, and must not be".into());
        }
        let of_user = |call: &&Call| call.notice == self.number && is_address_of(&call.address, user);
        let calls: Vec<_> = self.state.calls.iter().filter(of_user).collect();
        if due == Due::Never && !calls.is_empty() {
            fault("it is sent, and must not be".into());
        }
        for call in &calls {
            let began = self.state.invocations[call.invocation].began;
            let forbidden = self.model.forbids(self.number, user, self.generation, began);
            let is_cancelled = self.run.cancelled.is_some_and(|cancelled| began > cancelled);
            if let Some(why) = forbidden.or(is_cancelled.then_some("cancelled")) {
                fault(format!("it is sent at {:.3}, and {why}", call.began.as_secs_f64()));
            }
        }
        let status = delivery.and_then(|delivery| delivery["status"]["S"].as_str());
        let reason = delivery.and_then(|delivery| delivery["reason"]["S"].as_str());
        // A page that broke off before its messages were sent is not expanded again once the run is cancelled. What a dead worker has
        // asked for may be done when another has left the user out.
        let is_never_begun = status.is_none() && (self.is_cancelled() || due != Due::Must);
        if notification.is_some() && !is_never_begun && !is_erased && !self.is_known_end(user, status, reason, &calls) {
            fault(format!("it ends as {status:?} {reason:?}, and nobody has asked for that"));
        }
        let mut accepted = BTreeMap::<_, usize>::new();
        calls.iter().for_each(|call| *accepted.entry(&call.address).or_default() += usize::from(call.accepted));
        if accepted.values().any(|times| *times > 1) && !self.is_doubtful(user, &calls) {
            fault("it was sent twice without any doubt".into());
        }
    }

    fn is_known_end(&self, user: usize, status: Option<&str>, reason: Option<&str>, calls: &[&Call]) -> bool {
        let is_in_app = self.run.body["notification_type"] == "in_app";
        let is_told_never = calls.iter().any(|call| call.told == Told::Never);
        // A token that its provider does not know any more is removed.
        let is_any_gone =
            self.state.calls.iter().any(|call| call.told == Told::Never && is_address_of(&call.address, user));
        match (status, reason) {
            (Some("sent"), _) => is_in_app || calls.iter().any(|call| call.accepted),
            (Some("cancelled"), _) => self.is_cancelled() || self.model.was_asked(&What::Cancel(self.number, user)),
            (Some("skipped"), Some("not_subscribed")) => self.generation.is_some_and(|generation| {
                let generation = generation.to_owned();
                self.model.was_asked(&What::End(generation.clone()))
                    || self.model.was_asked(&What::Leave(user, generation))
            }),
            (_, Some("no_address" | "address_gone")) => is_any_gone,
            (Some("failed"), Some("provider_rejected")) => is_told_never,
            _ => false,
        }
    }

    /// Whether somebody could not know whether it was sent.
    fn is_doubtful(&self, user: usize, calls: &[&Call]) -> bool {
        let id = self.id.notification_to(people::id(user)).to_string();
        let is_about = |body: &String| body.contains(&id);
        let mut invocations = self.state.invocations.iter().filter(|one| one.died || one.disturbed);
        calls.iter().any(|call| call.told == Told::Nothing) || invocations.any(|one| one.bodies.iter().any(is_about))
    }
}

fn is_address_of(address: &str, user: usize) -> bool {
    address == people::email(user) || address.starts_with(&format!("device-{user}-"))
}
