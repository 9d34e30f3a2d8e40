//! What must hold, whatever happens. It compares what callers were told, and what reached the providers, with the answers of
//! the API at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use lambda_http::http::Method;
use serde_json::Value;
use shared::domain::Timestamp;

use crate::{
    apps::MAX_ATTEMPTS,
    caller::Caller,
    counted, dynamo,
    ledger::{Call, Invocation, Told},
    model::{Model, Notice, Subject},
    pauses, people,
    providers::{self, LONGEST},
    rated,
    worker::TIME_OUT,
    world::{State, World},
};

/// Two clocks are at most so far apart.
pub const SKEW: Duration = Duration::from_secs(2);

/// The longest that a request takes.
const REQUEST: Duration = Duration::from_secs(30);

/// Notes that something does not hold.
pub fn broken(world: &World, what: String) {
    let mut state = world.state();
    state.history.add(world.time.now(), "BROKEN", &what);
    state.broken.push(what);
}

/// A request that is in order was not done. It may not be refused for a fault of its own.
pub fn refused(world: &World, request: &str, answer: Option<(u16, Value)>) {
    if let Some((status, body)) = answer
        && status != 503
    {
        broken(world, format!("{request} is answered with {status} {body}"));
    }
}

/// Every delivery that gave up has a dead letter, by which it can be redriven. It gave up only after as many recorded attempts
/// as it has, or because the queue would not give its message out any more.
pub async fn every_dead_letter_is_listed(world: &World, operator: &mut Caller) {
    let answer = operator.request(Method::GET, "/api/v1/dead-letters", Value::Null).await;
    let listed = answer.map_or(Value::Null, |(_, body)| body);
    let letters: BTreeSet<_> = listed["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|letter| (text(&letter["notification_id"]).to_owned(), text(&letter["channel"]).to_owned()))
        .collect();
    for item in dynamo::items(&world.database, Some("dead_lettered")) {
        world.state().counts.note("deliveries given up when the weather cleared");
        let id = text(&item["pk"]["S"]).trim_start_matches("NOTIFICATION#").to_owned();
        let channel = text(&item["channel"]["S"]).to_owned();
        let attempts: u32 = text(&item["attempts"]["N"]).parse().unwrap_or_default();
        let is_guarded = item["reason"]["S"] == "received_too_often";
        if is_guarded && world.state().sqs.guarded == 0 {
            broken(world, format!("{id} {channel}: the queue has given no message out so often"));
        }
        if !is_guarded && attempts < MAX_ATTEMPTS {
            broken(world, format!("{id} {channel} gave up after {attempts} attempts"));
        }
        if !letters.contains(&(id.clone(), channel.clone())) && listed["page"]["has_more_after"] == false {
            broken(world, format!("{id} {channel} gave up and has no dead letter"));
        }
    }
}

/// Checks everything at the end.
pub async fn check(world: &World, model: &Model, operator: &mut Caller) {
    let items = dynamo::items(&world.database, None);
    let ids = ids(&items);
    let mut views = BTreeMap::new();
    for (number, id) in &ids {
        let answer = operator.request(Method::GET, &format!("/api/v1/notifications/{id}"), Value::Null).await;
        if let Some((200, body)) = answer {
            views.insert(*number, body["data"].clone());
        }
    }
    let mut faults = Vec::new();
    {
        let mut state = world.state();
        count(&mut state, &views);
        stored(&state, model, &views, &items, &mut faults);
        whole(&items, &mut faults);
        for (number, notice) in model.notices.iter().enumerate() {
            let of_notice = OfNotice { state: &state, model, number, notice, view: views.get(&number) };
            of_notice.check(&mut faults);
        }
        for call in &state.calls {
            each_call(&state, model, call, &mut faults);
        }
        exclusive(&state, &mut faults);
        rated::check(&state, &mut faults);
        counted::check(&state, model, &views, &mut faults);
        if !state.sqs.is_empty() {
            faults.push(format!("{} messages are left", state.sqs.len()));
        }
    }
    faults.into_iter().for_each(|fault| broken(world, fault));
}

/// The ids of the notifications that are stored, by their numbers.
fn ids(items: &[Value]) -> BTreeMap<usize, String> {
    let id = |item: &Value| {
        let id = text(&item["pk"]["S"]).strip_prefix("NOTIFICATION#")?;
        Some((providers::notice(text(&item["content"]["S"]))?, id.to_owned()))
    };
    items.iter().filter_map(id).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Counts how the deliveries ended.
fn count(state: &mut State, views: &BTreeMap<usize, Value>) {
    for delivery in views.values().flat_map(|view| view["deliveries"].as_array().into_iter().flatten()) {
        state.counts.add("deliveries sent", usize::from(delivery["status"] == "sent"));
        state.counts.add("deliveries sent perhaps twice", usize::from(delivery["ambiguous"] == true));
    }
}

/// An inbox has exactly what was sent to it, and nothing is left of what an erased user was sent.
fn stored(state: &State, model: &Model, views: &BTreeMap<usize, Value>, items: &[Value], faults: &mut Vec<String>) {
    let texts: Vec<_> = items.iter().map(|item| (text(&item["pk"]["S"]), item.to_string())).collect();
    for (number, notice) in model.notices.iter().enumerate() {
        let words = providers::text(number);
        let mut found = texts.iter().filter(|(_, text)| text.contains(&words));
        let user = notice.user;
        let is_erased = model
            .changes
            .iter()
            .any(|change| change.user == user && change.subject == Subject::User && change.acked.is_some());
        if is_erased {
            // What nobody was told to be accepted may have no message, and so no worker that removes its text.
            let is_known = notice.acked.is_some();
            if let Some((pk, _)) = found.find(|(pk, _)| is_known || !pk.starts_with("NOTIFICATION#")) {
                faults.push(format!("user {user} is erased, and {pk} still has the text of notice {number}"));
            }
            continue;
        }
        let entries = found.filter(|(pk, _)| !pk.starts_with("NOTIFICATION#")).count();
        let deliveries = views.get(&number).and_then(|view| view["deliveries"].as_array());
        let inbox = deliveries.into_iter().flatten().find(|delivery| delivery["channel"] == "in_app");
        let Some(inbox) = inbox else { continue };
        let is_sent = inbox["status"] == "sent";
        // Nobody can take back what a dead worker's request writes after that. The record says that it may come.
        let ended = Timestamp::parse(text(&inbox["at"])).map(|at| at.minus(SKEW));
        let mut late = state.late_entries.iter().filter(|(at, _)| ended.is_some_and(|ended| *at >= ended));
        let may_have = is_sent || inbox["ambiguous"] == true && late.any(|(_, body)| body.contains(&words));
        if entries > 1 || (is_sent && entries == 0) || (!may_have && entries > 0) {
            let status = text(&inbox["status"]);
            faults.push(format!("notice {number} is {status}, and the inbox has {entries} entries of it"));
        }
    }
}

/// Every record of a delivery can be read and goes away by itself: no write to one that was removed leaves a part of it.
fn whole(items: &[Value], faults: &mut Vec<String>) {
    for item in items.iter().filter(|item| text(&item["sk"]["S"]).starts_with("DELIVERY#")) {
        for attribute in ["channel", "status", "expires_at"].into_iter().filter(|name| item[name].is_null()) {
            faults.push(format!("{} {} has no {attribute}", text(&item["pk"]["S"]), text(&item["sk"]["S"])));
        }
    }
}

struct OfNotice<'a> {
    state: &'a State,
    model: &'a Model,
    number: usize,
    notice: &'a Notice,
    view: Option<&'a Value>,
}

impl OfNotice<'_> {
    fn check(&self, faults: &mut Vec<String>) {
        let Self { number, notice, .. } = self;
        let is_erased = self.model.was_ever_out(notice.user, &Subject::User);
        if notice.acked.is_some() && self.view.is_none() && !is_erased {
            faults.push(format!("notice {number} was accepted and is lost"));
        }
        let channels: Vec<_> = match notice.channel {
            Some(channel) => vec![channel],
            None => people::CHANNELS.to_vec(),
        };
        for channel in channels {
            let calls: Vec<_> = self.state.calls.iter().filter(|call| is_of(call, *number, channel)).collect();
            let deliveries = self.view.and_then(|view| view["deliveries"].as_array());
            let delivery = deliveries.and_then(|all| all.iter().find(|delivery| delivery["channel"] == channel));
            let mut fault = |what: &str| faults.push(format!("notice {number} by {channel}: {what}"));
            self.not_twice(channel, &calls, delivery, &mut fault);
            if let Some(delivery) = delivery {
                self.ended(channel, &calls, delivery, &mut fault);
                self.attempted(channel, &calls, delivery, &mut fault);
            }
        }
    }

    /// A delivery is sent twice only where its record says that it may have been, and one that must not be, never.
    fn not_twice(&self, channel: &str, calls: &[&Call], delivery: Option<&Value>, fault: &mut impl FnMut(&str)) {
        let accepted: Vec<_> = calls.iter().filter(|call| call.accepted).collect();
        let mut by_address = BTreeMap::<_, usize>::new();
        accepted.iter().for_each(|call| *by_address.entry((call.provider, &call.address)).or_default() += 1);
        let ways: BTreeSet<_> = accepted.iter().map(|call| call.provider).collect();
        let is_twice = by_address.values().any(|times| *times > 1) || ways.len() > 1;
        let says = delivery.map(|delivery| delivery["ambiguous"] == true);
        let is_doubtful = self.is_doubtful(channel, calls);
        if is_twice && self.notice.is_at_most_once {
            fault("it was sent twice, and must not be");
        }
        if is_twice && says == Some(false) {
            fault("it was sent twice, and does not say so");
        }
        if is_twice && !is_doubtful {
            fault("it was sent twice without any doubt");
        }
        // What was in doubt about the inbox, only the table knows: see `stored`.
        if says == Some(true) && !is_doubtful && channel != "in_app" {
            fault("it says that it is ambiguous, and nothing was in doubt");
        }
    }

    /// No more attempts are counted than were made: a receive is none, and neither is being turned away by a provider.
    fn attempted(&self, channel: &str, calls: &[&Call], delivery: &Value, fault: &mut impl FnMut(&str)) {
        // The table is the provider of the inbox.
        if channel == "in_app" {
            return;
        }
        let is_attempt = |(number, invocation): &(usize, &Invocation)| {
            let mut own = calls.iter().filter(|call| call.invocation == *number);
            // Whose calls are slow may be cut off between the claim and its record: then nobody knows, and it counts.
            let is_cut_off =
                invocation.ended.is_none_or(|ended| ended + Duration::from_secs(1) >= invocation.began + TIME_OUT);
            invocation.died || invocation.disturbed || is_cut_off || own.any(|call| call.told != Told::TurnedAway)
        };
        // Two copies of a message in one invocation may be two attempts.
        let copies = |invocation: &Invocation| {
            invocation.bodies.iter().filter(|body| self.is_about(body, channel)).count() as u64
        };
        let invocations = self.state.invocations.iter().enumerate().filter(is_attempt);
        let made: u64 = invocations.map(|(_, invocation)| copies(invocation)).sum();
        let counted = delivery["attempts"].as_u64().unwrap_or_default();
        if counted > made {
            fault(&format!("it has {counted} attempts, and {made} were made"));
        }
    }

    /// Whether somebody could not know whether the message was sent.
    fn is_doubtful(&self, channel: &str, calls: &[&Call]) -> bool {
        let mut invocations = self.state.invocations.iter().filter(|invocation| {
            (invocation.died || invocation.disturbed)
                && invocation.bodies.iter().any(|body| self.is_about(body, channel))
        });
        calls.iter().any(|call| call.told == Told::Nothing) || invocations.next().is_some()
    }

    fn is_about(&self, body: &str, channel: &str) -> bool {
        let id = self.notice.id.as_deref().or(self.view.and_then(|view| view["notification_id"].as_str()));
        id.is_none_or(|id| body.contains(id)) && body.contains(&format!("\"{channel}\""))
    }

    /// A delivery ends, and for a reason that there was.
    fn ended(&self, channel: &'static str, calls: &[&Call], delivery: &Value, fault: &mut impl FnMut(&str)) {
        let (status, reason) = (text(&delivery["status"]), text(&delivery["reason"]));
        let (is_ambiguous, is_accepted) = (delivery["ambiguous"] == true, calls.iter().any(|call| call.accepted));
        let is_provider_s = channel != "in_app";
        let Self { notice, model, .. } = self;
        let is_told_never = calls.iter().any(|call| call.told == Told::Never);
        let is_known = match (status, reason) {
            ("sent", _) => {
                if is_provider_s && !is_accepted {
                    fault("it is said to be sent, and no provider has accepted it");
                }
                true
            }
            // Nobody was told that it was accepted, so it may have no message.
            ("queued" | "held", _) => notice.acked.is_none(),
            ("cancelled", _) => !notice.cancels.is_empty(),
            ("skipped", "expired") => notice.expires_at.is_some(),
            ("skipped", "user_erased" | "user_not_found") => model.was_ever_out(notice.user, &Subject::User),
            ("skipped", "channel_off") => {
                !notice.is_critical && model.was_ever_out(notice.user, &Subject::Channel(channel))
            }
            ("skipped", "group_opted_out") => {
                !notice.is_critical && notice.is_grouped && model.was_ever_out(notice.user, &Subject::Group)
            }
            ("skipped", "paused") => pauses::was_ever_dropped(model, notice, channel),
            ("skipped", "address_suppressed") => model.bounced.contains(&people::email(notice.user)),
            // Tokens are removed by the user, or because their provider does not know them any more.
            ("skipped", "no_address") => {
                channel == "push" && (model.was_ever_out(notice.user, &Subject::Devices) || self.is_any_gone())
            }
            (_, "address_gone") => matches!(channel, "push" | "sms") && self.is_any_gone(),
            ("failed", "provider_rejected") => is_told_never,
            ("failed", "outcome_unknown") => notice.is_at_most_once && self.is_doubtful(channel, calls),
            _ => false,
        };
        if !is_known {
            fault(&format!("it ends as {status} {reason}, and nobody has asked for that"));
        }
        if is_accepted && status != "sent" && !is_ambiguous {
            fault(&format!("a provider has accepted it, and it is said to be {status} {reason}"));
        }
    }

    fn is_any_gone(&self) -> bool {
        let mut calls = self.state.calls.iter();
        calls.any(|call| call.told == Told::Never && self.model.notices[call.notice].user == self.notice.user)
    }
}

fn is_of(call: &Call, number: usize, channel: &str) -> bool {
    call.notice == number && people::channel_of(call.provider) == channel
}

/// No message is sent early, late, or to somebody who does not want it.
fn each_call(state: &State, model: &Model, call: &Call, faults: &mut Vec<String>) {
    let notice = &model.notices[call.notice];
    let invocation = &state.invocations[call.invocation];
    let channel = people::channel_of(call.provider);
    let (user, time) = (notice.user, (invocation.began, call.began));
    let mut fault = |what: &str| {
        faults.push(format!("notice {} by {}, at {:.3}: {what}", call.notice, call.provider, call.began.as_secs_f64()));
    };
    if let Some(what) = pauses::pausing(model, notice, call, invocation.began) {
        fault(&format!("{what} is paused"));
    }
    let is_out = |subject: Subject| model.is_surely_out(user, &subject, time.0, time.1);
    if notice.send_at.is_some_and(|at| call.wall < at) {
        fault("it is early");
    }
    if notice.expires_at.is_some_and(|at| invocation.wall >= at) {
        fault("it has expired");
    }
    if !notice.is_critical {
        if is_out(Subject::Channel(channel)) {
            fault("the user has switched the channel off");
        }
        if notice.is_grouped && is_out(Subject::Group) {
            fault("the user has left the group");
        }
        if model.is_surely_quiet(user, time, (invocation.wall, call.wall)) {
            fault("the user has quiet hours");
        }
    }
    if call.provider == "fcm" && is_out(Subject::Devices) {
        fault("the user has unregistered the device");
    }
    if is_out(Subject::User) {
        fault("the user is erased");
    }
    if call.provider == "email" && state.suppressed.get(&call.address).is_some_and(|at| *at <= time.0) {
        fault("the address is suppressed");
    }
    for (acked, channels) in notice.cancels.iter().filter_map(|cancel| cancel.acked.as_ref()) {
        let is_said = channels.iter().any(|said| said == channel);
        if *acked <= time.0 || (is_said && *acked < call.began) {
            fault("it is cancelled");
        }
    }
    let is_soon = |before: &&Call| {
        let asked = before.ended.zip(before.retry_after).map(|(ended, wait)| ended + wait);
        is_of(before, call.notice, channel)
            && asked.is_some_and(|until| before.began < call.began && call.began + SKEW < until)
    };
    // Who redrives a delivery does not want to wait.
    let is_redriven = |before: &Call| {
        let mut redrives = state.redrives.iter();
        redrives.any(|at| *at <= call.began && *at + REQUEST >= before.began)
    };
    let is_other = |before: &Call| before.invocation != call.invocation;
    // Whoever was asked and died soon has told nobody.
    let is_known = |before: &Call| {
        let invocation = &state.invocations[before.invocation];
        let died = invocation.ended.filter(|_| invocation.died).zip(before.ended);
        died.is_none_or(|(died, asked)| died > asked + SKEW)
    };
    let mut before = state.calls.iter().filter(|before| is_other(before) && is_known(before) && !is_redriven(before));
    if before.any(|before| is_soon(&before)) {
        fault("the provider asked to wait longer");
    }
    if call.ended.is_none_or(|ended| ended > call.began + LONGEST + Duration::from_millis(1)) {
        fault("the provider may take longer than the worker promises");
    }
}

/// Two workers never send the same delivery at the same time.
fn exclusive(state: &State, faults: &mut Vec<String>) {
    let mut spans = BTreeMap::<(usize, &str), BTreeMap<usize, (Duration, Duration)>>::new();
    for call in &state.calls {
        let ended = call.ended.unwrap_or(Duration::MAX);
        let delivery = spans.entry((call.notice, people::channel_of(call.provider))).or_default();
        let span = delivery.entry(call.invocation).or_insert((call.began, ended));
        *span = (span.0.min(call.began), span.1.max(ended));
    }
    for ((notice, channel), spans) in spans {
        let mut spans: Vec<_> = spans.into_values().collect();
        spans.sort();
        if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            faults.push(format!("notice {notice} by {channel}: two workers send it at the same time"));
        }
    }
}
