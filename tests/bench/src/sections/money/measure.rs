//! Measures one invocation of each kind: counts, processor time, sequential waits, logs, and what the table keeps.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use local::aws::proxy::Fault as Delay;
use local::stack::{FunctionLogs, Options};
use reqwest::Method;
use serde_json::{Value, json};

use super::{cast, runs};
use crate::costs::{Invocation, Kind, Measured, STORED_BESIDE_EACH};
use crate::fit::median;
use crate::harness::{Copy, Cost, Request, SeedTemplate, World};
use crate::machine::Machine;
use crate::process;
use crate::section::Fault;

/// How many times each is repeated for its processor time.
const ROUNDS: u32 = 100;
/// The same for what makes much work: a page of a run.
const FEW: u32 = 10;
/// How many times each is repeated for its waits.
const WAITS: usize = 5;
/// The delay of each call, in milliseconds, that shows how many calls are sequential.
const HELD_MS: u16 = 150;
/// How many deliveries are held for one release. In a batch of so many, each part of the list has several batches for SQS.
const RELEASED: usize = 400;

/// Measures all on new stacks.
pub async fn all(provider_ms: f64) -> Result<Measured, Fault> {
    let mut invocations = BTreeMap::new();
    let bench = Bench::new().await?;
    let measured = on(&bench, provider_ms, &mut invocations).await;
    let memory_mb = ["preferences", "notifications", "dispatch"]
        .map(|name| (name.to_owned(), resident_mb(&bench.world, name)))
        .into();
    bench.end().await?;
    measured?;
    // What waits has stacks of its own: their pause must not be known to the workers above, and what the first one has held must
    // not be released by the second.
    let bench = Bench::new().await?;
    let measured = held(&bench).await;
    bench.end().await?;
    invocations.insert(Kind::HoldTen, measured?);
    let bench = Bench::new().await?;
    let measured = released(&bench).await;
    bench.end().await?;
    invocations.insert(Kind::Release, measured?);
    let bench = Bench::new().await?;
    let measured = runs::measure(&bench, provider_ms, &mut invocations).await;
    bench.end().await?;
    measured?;
    let Machine { date, commit, profile, .. } = Machine::look();
    let of = format!("{date}, commit {commit}, {profile}");
    Ok(Measured { of, release: profile == "release", memory_mb, invocations })
}

pub(super) struct Bench {
    pub world: World,
    logs: PathBuf,
}

async fn on(bench: &Bench, provider_ms: f64, found: &mut BTreeMap<Kind, Invocation>) -> Result<(), Fault> {
    let world = &bench.world;
    let cast = cast::prepare(world).await?;
    let (admin, service) = (world.token("bench-admin", "admin"), world.token("bench", "service"));
    let change = Request::new(Method::PUT, format!("/api/v1/users/{}/preferences", cast.user)).bearer(&admin);
    let change = change.json(&json!({"preferences": {"email": true, "push": true}}));
    let accept = Request::new(Method::POST, "/api/v1/notifications").bearer(&service).json(&json!({
        "user_id": cast.user, "notification_type": "email", "content": cast::content(),
    }));
    for (kind, function, status, request, has_key) in [
        (Kind::Change, "preferences", 200, &change, false),
        (Kind::ChangeWithKey, "preferences", 200, &change, true),
        (Kind::Accept, "notifications", 202, &accept, false),
        (Kind::AcceptWithKey, "notifications", 202, &accept, true),
    ] {
        let prepare = async || {
            let key = uuid::Uuid::new_v4().to_string();
            Ok(if has_key { request.clone().header("idempotency-key", &key) } else { request.clone() })
        };
        let act = async |request: Request| world.expect(status, request).await.map(drop);
        let measured = bench.measured(function, prepare, act).await?;
        found.insert(kind, Invocation { http: 1.0, ..measured });
    }
    // A worker delivers on the channel that the message names, so one notification serves for all.
    let template = SeedTemplate::of(world, &cast.user, "email", &cast::content()).await?;
    for (channel, ten, one) in [
        ("email", Kind::MailTen, Kind::MailOne),
        ("push", Kind::PushTen, Kind::PushOne),
        ("in_app", Kind::InAppTen, Kind::InAppOne),
        ("slack", Kind::SlackTen, Kind::SlackOne),
    ] {
        let kept = kept_by_delivery(world, &template, channel).await?;
        if let Some(accept) = found.get_mut(&Kind::Accept).filter(|_| channel == "email") {
            accept.kept_bytes = kept.notification;
        }
        if let Some(accept) = found.get_mut(&Kind::AcceptWithKey).filter(|_| channel == "email") {
            accept.kept_bytes = kept.notification;
        }
        for (kind, size) in [(ten, 10), (one, 1)] {
            let prepare = async || poured(world, &template, size, channel).await;
            let act = async |copies: Vec<Copy>| world.dispatch(&copies).await;
            let measured = bench.measured("dispatch", prepare, act).await?;
            // A delivery that was skipped would be cheap.
            if measured.write < 2.0 * count(size as u64) {
                return Err(format!("{channel}: {size} deliveries wrote {} units only", measured.write).into());
            }
            let provider_ms = if channel == "in_app" { 0.0 } else { provider_ms };
            found.insert(kind, batch(measured, size, provider_ms, kept.delivery));
        }
    }
    Ok(())
}

/// So many copies on this channel.
pub(super) async fn poured(
    world: &World,
    template: &SeedTemplate,
    size: usize,
    channel: &str,
) -> Result<Vec<Copy>, Fault> {
    let copies = template.pour(world, size).await?;
    Ok(copies.into_iter().map(|copy| Copy { channel: channel.to_owned(), ..copy }).collect())
}

/// A batch of so many deliveries, with what Lambda does for it: it receives the batch and deletes it, two more requests to SQS.
pub(super) fn batch(measured: Invocation, size: usize, provider_ms: f64, kept: f64) -> Invocation {
    let pieces = count(size as u64);
    Invocation { pieces, sqs: measured.sqs + 2.0, provider_ms, kept_bytes: kept * pieces, ..measured }
}

const PAUSE: &str = "/api/v1/pauses/channel:email";
const TICK: &str = r#"{"release": "held"}"#;

/// Deliveries by mail, which a pause holds as `send_at` does: by the record, and by its entry in the index.
async fn paused(world: &World) -> Result<SeedTemplate, Fault> {
    let cast = cast::prepare(world).await?;
    let template = SeedTemplate::of(world, &cast.user, "email", &cast::content()).await?;
    let pause = Request::new(Method::PUT, PAUSE).bearer(&world.token("bench-admin", "admin"));
    world.expect(201, pause.json(&json!({}))).await?;
    // A process knows pauses for up to a minute.
    world.stack.function("dispatch").ok_or("there is no worker")?.kill().await;
    Ok(template)
}

/// What it costs to hold ten deliveries.
async fn held(bench: &Bench) -> Result<Invocation, Fault> {
    let world = &bench.world;
    let template = paused(world).await?;
    let prepare = async || template.pour(world, 10).await;
    let act = async |copies: Vec<Copy>| world.dispatch(&copies).await;
    Ok(batch(bench.measured("dispatch", prepare, act).await?, 10, 0.0, 0.0))
}

/// What it costs to release many deliveries at once, beside a run that releases none.
async fn released(bench: &Bench) -> Result<Invocation, Fault> {
    let world = &bench.world;
    let template = paused(world).await?;
    for _ in 0..RELEASED / 100 {
        world.dispatch(&template.pour(world, 100).await?).await?;
    }
    let tick: Value = serde_json::from_str(TICK)?;
    let idle = async |()| world.invoke("dispatch", &tick).await.map(drop);
    let idle = bench.measured("dispatch", async || Ok(()), idle).await?;
    let resume = Request::new(Method::DELETE, PAUSE).bearer(&world.token("bench-admin", "admin"));
    world.expect(204, resume).await?;
    let before = crate::harness::cpu_us(world, "dispatch")?;
    let (answer, counts) = world.counted("dispatch", async || world.invoke("dispatch", &tick).await).await?;
    let cpu_ms = (crate::harness::cpu_us(world, "dispatch")? - before) / 1000.0;
    if answer["released"] != json!(RELEASED) {
        return Err(format!("the release answered {answer}, and not {RELEASED}").into());
    }
    let (table, queue) = (counts.table(), counts.queue());
    let more = |all: f64, idle: f64| (all - idle).max(0.0);
    Ok(Invocation {
        memory_mb: idle.memory_mb,
        pieces: count(RELEASED as u64),
        read: more(table.read, idle.read),
        write: more(table.write, idle.write),
        calls: more(count(table.calls), idle.calls),
        sqs: count(queue.calls),
        cpu_ms: more(cpu_ms, idle.cpu_ms),
        ..Invocation::default()
    })
}

/// The bytes that the table keeps of a notification and of one of its deliveries.
pub(super) struct Kept {
    pub notification: f64,
    pub delivery: f64,
}

/// Delivers once, and measures what is left. DynamoDB counts names and values; the JSON of its API has a few bytes more.
pub(super) async fn kept_by_delivery(world: &World, template: &SeedTemplate, channel: &str) -> Result<Kept, Fault> {
    let copies = poured(world, template, 1, channel).await?;
    world.dispatch(&copies).await?;
    let of = |pk: String, prefix: &str| {
        json!({
            "TableName": world.table_name(), "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":sk": {"S": prefix}}, "ConsistentRead": true,
        })
    };
    let notification = format!("NOTIFICATION#{}", copies[0].notification);
    let record = bytes(&world.table("Query", &of(notification.clone(), "NOTIFICATION")).await?)?;
    let mut delivery = bytes(&world.table("Query", &of(notification, "DELIVERY")).await?)?;
    if channel == "in_app" {
        delivery += bytes(&world.table("Query", &of(format!("USER#{}", copies[0].user), "INBOX")).await?)?;
    }
    Ok(Kept { notification: record, delivery })
}

/// The bytes of all found items, by DynamoDB's rule: names, values, and 100 bytes for each item and each entry in an index. An
/// entry of an index has its two keys and the item's.
fn bytes(found: &Value) -> Result<f64, Fault> {
    let items = found["Items"].as_array().filter(|items| !items.is_empty()).ok_or("nothing was kept")?;
    let of = |item: &Value| {
        let attributes = || item.as_object().into_iter().flatten();
        let own: f64 = attributes().map(|(name, value)| length(name) + content_bytes(value)).sum();
        let entry = |hash: &str| {
            if item.get(hash).is_none() || item.get("at").is_none() {
                return 0.0;
            }
            let keys = attributes().filter(|(name, _)| ["pk", "sk", hash, "at"].contains(&name.as_str()));
            keys.map(|(name, value)| length(name) + content_bytes(value)).sum::<f64>() + STORED_BESIDE_EACH
        };
        own + STORED_BESIDE_EACH + entry("owner") + entry("recent")
    };
    Ok(items.iter().map(of).sum())
}

/// The bytes of a value in DynamoDB's JSON, without the names of types
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).
fn content_bytes(value: &Value) -> f64 {
    let Some((kind, inner)) = value.as_object().and_then(|value| value.iter().next()) else { return 0.0 };
    match (kind.as_str(), inner) {
        ("M", Value::Object(map)) => {
            3.0 + map.iter().map(|(name, value)| 1.0 + length(name) + content_bytes(value)).sum::<f64>()
        }
        ("L", Value::Array(list)) => 3.0 + list.iter().map(|value| 1.0 + content_bytes(value)).sum::<f64>(),
        ("BOOL" | "NULL", _) => 1.0,
        // A number has a byte for two digits, and one more.
        ("N", Value::String(text)) => (length(text) / 2.0).ceil() + 1.0,
        (_, Value::String(text)) => length(text),
        (_, other) => length(&other.to_string()),
    }
}

impl Bench {
    async fn new() -> Result<Self, Fault> {
        let logs = std::env::temp_dir().join(format!("tidings-bench-{}", uuid::Uuid::new_v4()));
        let options = Options { logs: FunctionLogs::Directory(logs.clone()), ..World::options() };
        Ok(Self { world: World::with(options).await?, logs })
    }

    async fn end(self) -> Result<(), Fault> {
        self.world.shutdown().await;
        Ok(fs::remove_dir_all(&self.logs)?)
    }

    pub async fn measured<P>(
        &self,
        function: &str,
        prepare: impl AsyncFn() -> Result<P, Fault>,
        act: impl AsyncFn(P) -> Result<(), Fault>,
    ) -> Result<Invocation, Fault> {
        self.rounds(ROUNDS, function, prepare, act).await
    }

    /// The same by a few rounds, for what makes much work.
    pub async fn few<P>(
        &self,
        function: &str,
        prepare: impl AsyncFn() -> Result<P, Fault>,
        act: impl AsyncFn(P) -> Result<(), Fault>,
    ) -> Result<Invocation, Fault> {
        self.rounds(FEW, function, prepare, act).await
    }

    async fn rounds<P>(
        &self,
        rounds: u32,
        function: &str,
        prepare: impl AsyncFn() -> Result<P, Fault>,
        act: impl AsyncFn(P) -> Result<(), Fault>,
    ) -> Result<Invocation, Fault> {
        let Cost { counts, cpu_us } = self.world.cost(function, rounds, &prepare, &act).await?;
        let before = self.logged(function).await?;
        let waits = self.waits(&prepare, &act).await?;
        let acts = count(2 * WAITS as u64);
        let table = counts.table();
        Ok(Invocation {
            memory_mb: deployed_mb(&self.world, function)?,
            pieces: 1.0,
            read: table.read,
            write: table.write,
            calls: count(table.calls),
            sqs: count(counts.queue().calls),
            cpu_ms: cpu_us / 1000.0,
            waits,
            log_bytes: (self.logged(function).await? - before) / acts,
            ..Invocation::default()
        })
    }

    /// The number of sequential calls. Each call is delayed by the same time, and the invocation gets longer by that
    /// time for each sequential call.
    async fn waits<P>(
        &self,
        prepare: &impl AsyncFn() -> Result<P, Fault>,
        act: &impl AsyncFn(P) -> Result<(), Fault>,
    ) -> Result<f64, Fault> {
        let mut took = [Vec::new(), Vec::new()];
        for _ in 0..WAITS {
            for (held, times) in [0, HELD_MS].into_iter().zip(&mut took) {
                let prepared = prepare().await?;
                self.hold(held)?;
                let began = Instant::now();
                let done = act(prepared).await;
                times.push(began.elapsed().as_secs_f64() * 1000.0);
                self.hold(0)?;
                done?;
            }
        }
        let [freely, held] = took.map(|times| median(&times));
        Ok(((held - freely) / f64::from(HELD_MS)).round().max(0.0))
    }

    fn hold(&self, delay_ms: u16) -> Result<(), Fault> {
        let (dynamodb, sqs) = (self.world.stack.dynamodb_proxy(), self.world.stack.sqs_proxy());
        for proxy in [dynamodb, sqs] {
            let all: Vec<Delay> = match delay_ms {
                0 => Vec::new(),
                _ => serde_json::from_value(json!([{"kind": "delay", "delay_ms": delay_ms}]))?,
            };
            proxy.set_faults(all);
        }
        Ok(())
    }

    /// The bytes of a function's log until now.
    async fn logged(&self, function: &str) -> Result<f64, Fault> {
        // The output of a process goes through a pipe, and is written a moment later.
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(count(fs::metadata(self.logs.join(format!("{function}.log")))?.len()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}

fn length(text: &str) -> f64 {
    count(text.len() as u64)
}

/// The function's memory in the template, in MB.
fn deployed_mb(world: &World, function: &str) -> Result<f64, Fault> {
    let found = world.stack.template().functions.iter().find(|deployed| deployed.binary == function);
    Ok(found.ok_or_else(|| format!("the template has no function {function}"))?.memory_mb.into())
}

/// The largest memory of a function's process by the kernel's count, in MiB; 0 if the kernel does not tell it.
fn resident_mb(world: &World, function: &str) -> f64 {
    let pids = world.stack.function(function).map(|pool| pool.pids()).unwrap_or_default();
    let most = pids.into_iter().filter_map(|pid| process::peak_memory(pid).ok()).max().unwrap_or_default();
    (count(most) / 1024.0 / 1024.0).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_item_is_counted_as_dynamodb_does() {
        let item = json!({
            "pk": {"S": "ab"}, "sk": {"S": "c"}, "n": {"N": "12345"}, "yes": {"BOOL": true},
            "map": {"M": {"k": {"S": "vv"}}}, "list": {"L": [{"S": "x"}]},
        });
        // pk 4, sk 3, n 1 + 4, yes 3 + 1, map 3 + 3 + (1 + 1 + 2), list 4 + 3 + (1 + 1); and 100 for the item.
        let expected = 4.0 + 3.0 + 5.0 + 4.0 + 10.0 + 9.0 + 100.0;
        let close = |found: Value, expected: f64| assert!((bytes(&found).unwrap() - expected).abs() < 1e-9);
        close(json!({"Items": [item.clone()]}), expected);
        let mut listed = item;
        listed["owner"] = json!({"S": "USER#1"});
        listed["at"] = json!({"S": "now"});
        // The item has both, and the entry of the index has them with the keys.
        let both = expected + 11.0 + 5.0 + (4.0 + 3.0 + 11.0 + 5.0) + 100.0;
        close(json!({"Items": [listed.clone()]}), both);
        listed["recent"] = json!({"S": "RECENT#7"});
        close(json!({"Items": [listed]}), both + 14.0 + (4.0 + 3.0 + 14.0 + 5.0) + 100.0);
        assert!(bytes(&json!({"Items": []})).is_err(), "nothing kept is no measurement");
    }
}
