//! The network: every call of the SDKs and of the providers' clients comes here, and here it may go wrong.

use std::{fmt, future::pending, sync::Arc, time::Duration};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use shared::net::{SendError, Transport};

use crate::{
    boundaries,
    people::{self, USERS},
    providers,
    service::{Reply, Service},
    weather::Fate,
    world::{Who, World},
};

/// The network as one process sees it.
#[derive(Clone, Debug)]
pub struct Network(pub Who);

impl HttpConnector for Network {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let who = self.0.clone();
        HttpConnectorFuture::new(async move {
            let service = Service::of_sdk(&request);
            let body = Bytes::copy_from_slice(request.body().bytes().unwrap_or_default());
            let answer = call(who, service, body).await.map_err(unanswered)?;
            let answer = answer.map(SdkBody::from);
            let answer: Result<HttpResponse, _> = answer.try_into();
            answer.map_err(|error| ConnectorError::other(Box::new(error), None))
        })
    }
}

/// As the product's own connector reports it.
fn unanswered(error: SendError) -> ConnectorError {
    let is_not_sent = error.is_not_sent();
    let error = ConnectorError::io(error.into());
    if is_not_sent { error.never_connected() } else { error }
}

impl HttpClient for Network {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Transport for Network {
    fn send(&self, request: Request<Full<Bytes>>) -> BoxFuture<'static, Result<Response<Bytes>, SendError>> {
        let who = self.0.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let answer = call(who, Service::of_provider(&parts.uri), body).await?;
            Ok(answer.map(Bytes::from))
        }
        .boxed()
    }
}

/// How the SDKs wait. The jitter of their pauses comes from a source of their own: a pause of the seed takes its place. Their
/// time limits are whole seconds.
#[derive(Debug)]
pub struct SdkSleep(pub Who);

impl AsyncSleep for SdkSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let world = &self.0.world;
        let is_limit = duration.subsec_nanos() == 0 && !duration.is_zero();
        let duration = if is_limit { duration } else { world.state().dice.millis(0, 100) };
        Sleep::new(world.time.sleep(duration))
    }
}

/// A request of a process that is dead. It is in the network, and will be done.
pub struct Late {
    at: Duration,
    who: Who,
    service: Service,
    body: String,
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Late({:?})", self.at)
    }
}

/// The process dies, and its request arrives minutes later. DynamoDB takes a request until five minutes after it was signed.
fn lose(who: &Who, service: Service, body: String, now: Duration) {
    let mut state = who.world.state();
    let at = now + state.dice.millis(20_000, 280_000);
    state.late.push(Late { at, who: who.clone(), service, body });
    state.kill(who.process, now);
}

/// A user who gets an entry late, if there is one.
pub fn user_of_late_entry(world: &World) -> Option<usize> {
    let state = world.state();
    let late = state.late.iter().filter(|late| late.service.puts_entries(&late.body));
    let of = |late: &Late| (0..USERS).find(|user| late.body.contains(&people::id(*user).to_string()));
    late.filter_map(of).next()
}

/// Does what late requests ask for, if they have arrived by now.
pub fn arrive(world: &World) {
    let now = world.time.now();
    loop {
        let late = {
            let mut state = world.state();
            let Some(place) = state.late.iter().position(|late| late.at <= now) else { return };
            let late = state.late.remove(place);
            let name = state.name(late.who.process);
            state.history.add(now, &name, &format!("late: {}", late.service.line(&late.body)));
            if late.service.puts_entries(&late.body) {
                state.counts.note("entries of inboxes that came late");
                state.late_entries.push((world.begin.plus(now), late.body.clone()));
            }
            late
        };
        late.service.done(&late.who, &late.body, false, None);
    }
}

/// One call: what is asked for is done in the middle of it.
async fn call(who: Who, service: Service, body: Bytes) -> Result<Response<String>, SendError> {
    let world = who.world.clone();
    let text = String::from_utf8_lossy(&body).into_owned();
    let begun = {
        let state = &mut *world.state();
        let (weather, process) = (state.weather, &state.processes[who.process]);
        if process.is_alive {
            let is_safe = process.is_safe;
            let invocation = process.invocation;
            let is_write = invocation.is_some() && service.is_write();
            let now = world.time.now();
            let before =
                |boundary: &str| invocation.is_some_and(|one| state.invocations[one].boundaries.contains(boundary));
            let boundary = boundaries::of(&service, &text, invocation.is_some(), before).filter(|_| !is_safe);
            if let Some((boundary, one)) = boundary.zip(invocation) {
                state.invocations[one].boundaries.insert(boundary);
            }
            let planned = boundary.zip(state.plan.as_mut()).and_then(|(boundary, plan)| plan.meets(boundary));
            let fate = match &service {
                _ if planned.is_some() => planned.unwrap_or(Fate::Fine),
                Service::Provider(name, _) if weather.hangs == Some(*name) => Fate::Hangs,
                _ if is_safe => Fate::Fine,
                _ if weather.late_entries > 0
                    && is_write
                    && service.puts_entries(&text)
                    && state.dice.per_mille(weather.late_entries) =>
                {
                    Fate::DiesLate
                }
                _ => weather.fate(&service, is_write, now, &mut state.dice),
            };
            let (there, one) = weather.latency(&mut state.dice);
            let (back, other) = weather.way_back(&service, &mut state.dice);
            if one || other {
                state.counts.note("calls that took long");
            }
            if let Some(boundary) = boundary {
                state.cuts.note(boundary, fate);
            }
            Some((fate, [there, back], is_safe, one || other))
        } else {
            None
        }
    };
    let Some((fate, [there, back], is_safe, is_slow)) = begun else { return pending().await };
    let now = world.time.now();
    {
        let mut state = world.state();
        let name = state.name(who.process);
        if !is_safe {
            state.counts.note("calls");
            let fate = if fate == Fate::Fine { String::new() } else { format!(" [{fate:?}]") };
            state.history.add(now, &name, &format!("{}{fate}", service.line(&text)));
        }
        if let Some(name) = fate.name() {
            state.counts.note(name);
        }
        // Who was turned away because there were too many knows all there is to know, unless the answer came too late. A token
        // that comes too late makes an attempt of no call at all.
        let is_late_token = is_slow && matches!(service, Service::GoogleToken);
        // So slow that its caller has given it up, though it was done.
        let is_given_up = !matches!(service, Service::Provider(..)) && there + back >= shared::aws::MAX_ATTEMPT;
        if is_late_token
            || is_given_up
            || (fate != Fate::Fine && (is_slow || fate != Fate::Throttles || !service.turns_away()))
        {
            state.disturb(who.process);
        }
    }
    match fate {
        Fate::DiesBefore => {
            world.state().kill(who.process, now);
            return pending().await;
        }
        Fate::DiesLate => {
            lose(&who, service, text, now);
            return pending().await;
        }
        Fate::NoConnection => {
            world.time.sleep(there).await;
            return Err(SendError::NotSent("no connection".into()));
        }
        _ => {}
    }
    let ended = providers::Call::begin(&who, &service, &text);
    world.time.sleep(there).await;
    let reply = match fate {
        Fate::Fails | Fate::Outage => service.failed(false),
        Fate::Throttles => service.throttled(&world),
        Fate::Hangs => pending().await,
        Fate::FailsDone => {
            service.done(&who, &text, false, ended.as_ref());
            service.failed(true)
        }
        _ => service.done(&who, &text, fate == Fate::Partial, ended.as_ref()),
    };
    if fate == Fate::DiesAfter {
        world.state().kill(who.process, world.time.now());
    }
    if matches!(fate, Fate::HangsDone | Fate::DiesAfter) {
        return pending().await;
    }
    world.time.sleep(back).await;
    if fate == Fate::Lost {
        return Err(SendError::NoResponse("the connection broke".into()));
    }
    if let Some(call) = &ended {
        call.told(&reply);
    }
    Ok(reply.response())
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.status)
    }
}

/// The network as the providers' clients take it.
pub fn transport(who: &Who) -> Arc<dyn Transport> {
    Arc::new(Network(who.clone()))
}
