//! Measures a run for each of its recipients: to accept it, to expand it, and to deliver it. How many recipients a page has, and what
//! a page costs, is counted over whole runs, of 1,000 named recipients and of a topic of 10,000 subscribers.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cast;
use super::measure::{Bench, batch, count, kept_by_delivery, poured};
use crate::costs::{Invocation, Kind};
use crate::harness::{Copy, Request, SeedTemplate, World, named};
use crate::section::Fault;

/// The recipients of the run that names them.
const NAMED: usize = 1000;
/// The subscribers of the topic.
const SUBSCRIBERS: usize = 10_000;
/// The recipients of a page of a run that names them: as many as stand in the run itself.
const PAGE: usize = 100;
/// The subscribers of one page of a topic.
const PAGE_OF_TOPIC: u64 = 200;

/// Measures all.
pub async fn measure(bench: &Bench, provider_ms: f64, found: &mut BTreeMap<Kind, Invocation>) -> Result<(), Fault> {
    let world = &bench.world;
    let cast = cast::prepare(world).await?;
    let people = SeedTemplate::of_user(world, &cast.user).await?;
    let ids = |copies: Vec<Copy>| copies.into_iter().map(|copy| copy.user).collect::<Vec<_>>();
    let subscribe = async || {
        let user = people.pour(world, 1).await?.remove(0).user;
        let request = Request::new(Method::POST, format!("/api/v1/users/{user}/subscriptions"));
        Ok(request.bearer(&world.token("bench", "service")).json(&json!({"topic": "news"})))
    };
    let expect = async |request: Request| world.expect(201, request).await.map(drop);
    let subscribed = bench.measured("users", subscribe, expect).await?;
    found.insert(Kind::Subscribe, Invocation { http: 1.0, ..subscribed });

    let recipients = ids(people.pour(world, NAMED).await?);
    let whole = named(&recipients);
    found.insert(Kind::AcceptNamed, accepted(bench, NAMED, &whole).await?);
    let run = Whole::of(world, &whole, NAMED).await?;
    let page = page(bench, &named(recipients.iter().take(PAGE)), &json!({"named": 0}), PAGE).await?;
    found.insert(Kind::ExpandNamed, run.page(page));

    let topic = Uuid::new_v4().simple().to_string();
    world.subscribe(&topic, &ids(people.pour(world, SUBSCRIBERS).await?)).await?;
    let whole = json!({"topic": topic});
    let run = Whole::of(world, &whole, SUBSCRIBERS).await?;
    // The last page of a part: no message for a next one goes to the queue, whose worker would be counted, too.
    let after = place_before_the_last(world, &topic, PAGE_OF_TOPIC).await?;
    let message = json!({"topic": {"part": 0, "number": 0, "after": after}});
    let page = self::page(bench, &whole, &message, PAGE_OF_TOPIC as usize).await?;
    found.insert(Kind::ExpandTopic, run.page(page));

    let alone = Uuid::new_v4().simple().to_string();
    world.subscribe(&alone, std::slice::from_ref(&cast.user)).await?;
    // How many subscribers a topic has makes no difference: nobody looks at them yet.
    found.insert(Kind::AcceptTopic, accepted(bench, SUBSCRIBERS, &json!({"topic": alone})).await?);
    for (topic, kinds) in [
        (None, [Kind::NamedMailTen, Kind::NamedPushTen, Kind::NamedSlackTen, Kind::NamedInAppTen]),
        (Some(alone.as_str()), [Kind::TopicMailTen, Kind::TopicPushTen, Kind::TopicSlackTen, Kind::TopicInAppTen]),
    ] {
        let template = SeedTemplate::of_run(world, &cast.user, topic).await?;
        for (channel, kind) in ["email", "push", "slack", "in_app"].into_iter().zip(kinds) {
            let kept = kept_by_delivery(world, &template, channel).await?;
            let expand = if topic.is_some() { Kind::ExpandTopic } else { Kind::ExpandNamed };
            if let Some(page) = found.get_mut(&expand) {
                page.kept_bytes = kept.notification * page.pieces;
            }
            let prepare = async || poured(world, &template, 10, channel).await;
            let act = async |copies: Vec<Copy>| world.dispatch(&copies).await;
            let measured = bench.measured("dispatch", prepare, act).await?;
            // A delivery that was skipped would be cheap.
            if measured.write < 20.0 {
                return Err(format!("{channel}: ten deliveries of a run wrote {} units only", measured.write).into());
            }
            let provider_ms = if channel == "in_app" { 0.0 } else { provider_ms };
            found.insert(kind, batch(measured, 10, provider_ms, kept.delivery));
        }
    }
    Ok(())
}

/// What it costs to accept a run, for each of its recipients.
async fn accepted(bench: &Bench, size: usize, audience: &Value) -> Result<Invocation, Fault> {
    // The worker expands each of these runs meanwhile, and is not counted.
    let world = &bench.world;
    let prepare = async || Ok(world.run_request(audience, "slack", true));
    let act = async |request: Request| world.accept_run(request).await.map(drop);
    let measured = bench.few("notifications", prepare, act).await?;
    Ok(Invocation { pieces: count(size as u64), http: 1.0, ..measured })
}

/// A whole run, expanded: the worker's calls and units.
struct Whole {
    recipients: f64,
    pages: f64,
    read: f64,
    write: f64,
    calls: f64,
    sqs: f64,
}

impl Whole {
    async fn of(world: &World, audience: &Value, size: usize) -> Result<Self, Fault> {
        settle(world).await?;
        let request = world.run_request(audience, "slack", true);
        let expand = async || {
            let run = world.accept_run(request).await?;
            Ok((world.expanded(&run).await?, run))
        };
        let ((expanded, run), counts) = world.counted("dispatch", expand).await?;
        if expanded != size as u64 {
            return Err(format!("a run to {size} made {expanded} notifications").into());
        }
        let (table, queue) = (counts.table(), counts.queue());
        Ok(Self {
            recipients: count(expanded),
            pages: count(world.pages_of_run(&run).await?),
            read: table.read,
            write: table.write,
            calls: count(table.calls),
            sqs: count(queue.calls),
        })
    }

    /// The mean page. Each page is an invocation, at worst, whose message Lambda receives and deletes: two more requests to SQS. The
    /// time and the log are those of the page that was measured alone.
    fn page(&self, alone: Invocation) -> Invocation {
        let mean = |all: f64| all / self.pages;
        let part = mean(self.recipients) / alone.pieces;
        Invocation {
            pieces: mean(self.recipients),
            read: mean(self.read),
            write: mean(self.write),
            calls: mean(self.calls),
            sqs: mean(self.sqs) + 2.0,
            cpu_ms: alone.cpu_ms * part.min(1.0),
            ..alone
        }
    }
}

/// Waits until every run that was accepted before is expanded.
async fn settle(world: &World) -> Result<(), Fault> {
    let mut before = None;
    loop {
        let now = world.stack.dynamodb_proxy().calls()["by_caller"].to_string();
        if before.as_ref() == Some(&now) {
            return Ok(());
        }
        before = Some(now);
        tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    }
}

/// One page of copies of a run, each under another id, so that each is expanded anew.
async fn page(bench: &Bench, audience: &Value, page: &Value, size: usize) -> Result<Invocation, Fault> {
    let world = &bench.world;
    let run = world.accept_run(world.run_request(audience, "slack", true)).await?;
    world.expanded(&run).await?;
    let key = json!({"pk": {"S": format!("RUN#{run}")}, "sk": {"S": "RUN"}});
    let original = world.table("GetItem", &json!({"TableName": world.table_name(), "Key": key})).await?["Item"].take();
    let prepare = async || {
        let id = Uuid::new_v4().to_string();
        let copy: Value = serde_json::from_str(&original.to_string().replace(&run, &id))?;
        world.table("PutItem", &json!({"TableName": world.table_name(), "Item": copy})).await?;
        let message = json!({"kind": "expand.v1", "run_id": id, "page": page, "channel": "slack"});
        Ok(json!({"Records": [{
            "messageId": "0", "receiptHandle": "none", "body": message.to_string(),
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
            "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        }]}))
    };
    let act = async |event: Value| {
        let answer = world.invoke("dispatch", &event).await?;
        let is_done = answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty);
        if is_done { Ok(()) } else { Err(format!("a page was not expanded: {answer}").into()) }
    };
    let measured = bench.few("dispatch", prepare, act).await?;
    let least = 2.0 * count(size as u64);
    if measured.write < least {
        return Err(format!("a page of {size} wrote {} units only", measured.write).into());
    }
    Ok(Invocation { pieces: count(size as u64), ..measured })
}

/// The place in the first part of a topic behind which so many subscribers are left.
async fn place_before_the_last(world: &World, topic: &str, left: u64) -> Result<String, Fault> {
    let key = json!({"pk": {"S": format!("TOPIC#0#{topic}")}, "sk": {"S": "TOPIC"}});
    let topic = world.table("GetItem", &json!({"TableName": world.table_name(), "Key": key})).await?;
    let generation =
        topic.pointer("/Item/generation/S").and_then(Value::as_str).ok_or("a topic without a generation")?;
    let query = json!({
        "TableName": world.table_name(), "IndexName": "timeline", "KeyConditionExpression": "#owner = :owner",
        "ExpressionAttributeNames": {"#owner": "owner"}, "Limit": left + 1, "ScanIndexForward": false,
        "ExpressionAttributeValues": {":owner": {"S": format!("SUBSCRIBERS#{generation}#0")}},
    });
    let found = world.table("Query", &query).await?;
    let place = found["Items"].as_array().filter(|items| items.len() as u64 == left + 1).and_then(|items| items.last());
    let place = place.and_then(|item| item.pointer("/at/S")).and_then(Value::as_str);
    place.map(str::to_owned).ok_or_else(|| "a part of the topic has too few subscribers".into())
}
