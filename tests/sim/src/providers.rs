//! The providers. What they accept stands in the ledger, whatever their callers learn of it.

use std::time::Duration;

use serde_json::json;

use crate::{
    ledger::{self, Told},
    service::{Reply, Service},
    world::Who,
};

/// One request to a provider, until it ends.
#[derive(Debug)]
pub struct Call {
    who: Who,
    number: usize,
}

impl Call {
    /// Notes a request, if it is one to a provider.
    pub fn begin(who: &Who, service: &Service, body: &str) -> Option<Self> {
        let Service::Provider(provider, _) = service else { return None };
        let world = &who.world;
        let mut state = world.state();
        let process = &state.processes[who.process];
        let call = ledger::Call {
            notice: notice(body).expect("every text names its notification"),
            provider,
            address: address(service, body),
            process: who.process,
            invocation: process.invocation.expect("only the worker calls providers"),
            began: world.time.now(),
            wall: process.begin.plus(world.time.now()),
            ended: None,
            accepted: false,
            told: Told::Nothing,
            retry_after: None,
        };
        state.calls.push(call);
        Some(Self { who: who.clone(), number: state.calls.len() - 1 })
    }

    /// What the provider does with the message, and says.
    pub fn answer(&self, service: &Service) -> Reply {
        let Service::Provider(provider, _) = service else { return Reply::new(404, "{}") };
        let now = self.who.world.time.now();
        let mut state = self.who.world.state();
        if state.buckets.get_mut(provider).is_some_and(|bucket| !bucket.take(now)) {
            state.throttled.push((*provider, now));
            return Reply::new(429, json!({"__type": "TooManyRequestsException", "message": "m"}));
        }
        let is_bad = state.weather.providers > 0 && state.dice.per_mille(40);
        if is_bad {
            let refusal = state.dice.below(3);
            return refused(provider, refusal);
        }
        state.calls[self.number].accepted = true;
        let id = format!("p{}", self.number);
        match *provider {
            "email" | "sms" => Reply::new(200, json!({"MessageId": id})),
            "fcm" => Reply::new(200, json!({"name": id})),
            "slack" => Reply::new(200, json!({"ok": true, "ts": id})),
            _ => Reply::new(200, ""),
        }
    }

    /// The caller has the answer.
    pub fn told(&self, reply: &Reply) {
        let mut state = self.who.world.state();
        let call = &mut state.calls[self.number];
        let is_never =
            ["BadRequestException", "UNREGISTERED", "INVALID_ARGUMENT", "channel_not_found", "ValidationException"];
        call.retry_after = reply.retry_after.map(Duration::from_secs);
        call.told = match reply.status {
            _ if is_never.iter().any(|never| reply.body.contains(never)) => Told::Never,
            410 => Told::Never,
            200..=299 if !reply.body.contains("\"ok\":false") => Told::Accepted,
            502 | 504 => Told::Nothing,
            429 if call.provider != "webhook" => Told::TurnedAway,
            _ => Told::NotNow,
        };
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let now = self.who.world.time.now();
        let mut state = self.who.world.state();
        state.calls[self.number].ended.get_or_insert(now);
    }
}

/// A provider's refusal: of the address, of the message, or of our credentials.
fn refused(provider: &str, which: usize) -> Reply {
    let fcm = |code: &str| json!({"error": {"details": [{"errorCode": code}]}});
    match (provider, which) {
        ("fcm", 0) => Reply::new(404, fcm("UNREGISTERED")),
        ("fcm", 1) => Reply::new(400, fcm("INVALID_ARGUMENT")),
        ("webhook", 0) => Reply::new(410, ""),
        ("slack", 0 | 1) => Reply::new(200, json!({"ok": false, "error": "channel_not_found"})),
        ("slack", _) => Reply::new(200, json!({"ok": false, "error": "invalid_auth"})),
        ("email", 0 | 1) => Reply::new(400, json!({"__type": "BadRequestException", "message": "m"})),
        ("sms", 0 | 1) => {
            Reply::new(400, json!({"__type": "ValidationException", "Message": "m", "Reason": "INVALID_PARAMETER"}))
        }
        _ => Reply::new(403, json!({"__type": "AccessDeniedException", "message": "m", "Message": "m"})),
    }
}

/// The number of the notification, which its text has.
pub fn notice(body: &str) -> Option<usize> {
    let (_, rest) = body.split_once("notice ")?;
    rest.split_once('.')?.0.parse().ok()
}

/// The text of a notification.
pub fn text(notice: usize) -> String {
    format!("This is notice {notice}.")
}

/// The address in a request.
pub fn address(service: &Service, body: &str) -> String {
    let Service::Provider(provider, url) = service else { return String::new() };
    let before = match *provider {
        "email" => "\"ToAddresses\":[\"",
        "fcm" => "\"token\":\"",
        "slack" => "\"channel\":\"",
        "sms" => "\"DestinationPhoneNumber\":\"",
        _ => return url.clone(),
    };
    let found = body.split_once(before).and_then(|(_, rest)| rest.split_once('"'));
    found.map(|(address, _)| address.to_owned()).expect("a request has an address")
}

/// How long one call of a provider may take at most, as the worker promises it.
pub const LONGEST: Duration = Duration::from_secs(10);
