//! The actions along each axis, except the axis of the table's size.

use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::axis::Line;
use super::{content, line};
use crate::harness::{Copy, Cost, Request, SeedTemplate, World};
use crate::section::Fault;

/// How often a request is repeated for its processor time.
const ROUNDS: u32 = 20;

/// A text in the answer of `GET /_local`, by its JSON pointer.
fn told(world: &World, pointer: &str) -> String {
    let demo = world.stack.demo().describe();
    demo.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn by_pair(world: &World, method: Method, path: String) -> Request {
    let request = Request::new(method, path).header("x-notiflows-api-key", &told(world, "/notiflows/api_key"));
    request.header("x-notiflows-secret-key", &told(world, "/notiflows/secret_key"))
}

/// The cost of a request that can be repeated.
async fn repeated(world: &World, function: &str, request: Request) -> Result<Cost, Fault> {
    let prepare = async || Ok(request.clone());
    world.cost(function, ROUNDS, prepare, async |request| world.expect(200, request).await.map(drop)).await
}

fn tokens(count: usize) -> Value {
    let token = |number| format!("{number:03}-{}", "t".repeat(140));
    json!({"settings": {"device_tokens": (0..count).map(token).collect::<Vec<_>>()}})
}

fn put_tokens_request(world: &World, user: &str, count: usize) -> Request {
    let path = format!("/admin/users/{user}/channel-settings/{}", told(world, "/channels/fcm"));
    by_pair(world, Method::PUT, path).json(&tokens(count))
}

/// Contract 3: writes all device tokens of a channel in one request.
pub async fn put_tokens(world: &World) -> Result<Line, Fault> {
    let mut points = Vec::new();
    for count in [1, 3, 10, 25, 50] {
        let user = world.new_user(&json!({})).await?;
        points.push((count, repeated(world, "channel-settings", put_tokens_request(world, &user, size(count))).await?));
    }
    Ok(line("put tokens", floats(points)))
}

/// A push message to all tokens of a user.
pub async fn push(world: &World) -> Result<Line, Fault> {
    let mut points = Vec::new();
    for count in [1, 3, 10, 25, 50] {
        let user = world.new_user(&json!({})).await?;
        world.expect(200, put_tokens_request(world, &user, size(count))).await?;
        let seed_template = SeedTemplate::of(world, &user, "push", &content()).await?;
        points.push((count, dispatched(world, &seed_template, 1, 10).await?));
    }
    Ok(line("push to all of them", floats(points)))
}

/// The cost of a batch with `count` copies.
async fn dispatched(world: &World, seed_template: &SeedTemplate, count: usize, rounds: u32) -> Result<Cost, Fault> {
    let prepare = async || seed_template.pour(world, count).await;
    world.cost("dispatch", rounds, prepare, async |copies: Vec<Copy>| world.dispatch(&copies).await).await
}

/// Contract 3: changes several channel types of a user in one request.
pub async fn channel_types(world: &World) -> Result<Line, Fault> {
    const TYPES: [&str; 6] = ["email", "mobile_push", "sms", "chat", "in_app", "web_push"];
    let user = world.new_user(&json!({})).await?;
    let mut points = Vec::new();
    for count in 1..=6 {
        let types: Map<_, _> = TYPES[..size(count)].iter().map(|name| ((*name).to_owned(), json!(false))).collect();
        let request = by_pair(world, Method::PUT, format!("/admin/v1/users/{user}/preferences"));
        points.push((count, repeated(world, "users", request.json(&json!({"channel_types": types}))).await?));
    }
    Ok(line("change so many", floats(points)))
}

/// Delivers one notification on several channels, as one batch.
pub async fn all_channels(world: &World) -> Result<Line, Fault> {
    const CHANNELS: [&str; 5] = ["email", "push", "in_app", "slack", "sms"];
    let admin = world.token("bench-admin", "admin");
    let providers = world.stack.providers();
    providers.put_secret("tidings/sms", &providers.sms_secret());
    for (id, body) in [
        ("inbox", json!({"provider": "in_app"})),
        ("text-messages", json!({"provider": "sms", "name": "Text messages", "secret": "tidings/sms"})),
    ] {
        let request = Request::new(Method::PUT, format!("/api/v1/channels/{id}")).bearer(&admin);
        world.expect(201, request.json(&body)).await?;
    }
    let user = world.new_user(&json!({"push_token": "a-device"})).await?;
    let slack = told(world, "/channels/slack");
    for (channel, settings) in
        [(slack.as_str(), json!({"slack_channel_id": "C0123"})), ("text-messages", json!({"phone": "+14155552671"}))]
    {
        let path = format!("/admin/users/{user}/channel-settings/{channel}");
        // A process caches the configured channels for up to a minute, so it is ended here.
        world.stack.function("channel-settings").ok_or("there is no channel-settings")?.kill().await;
        world.expect(200, by_pair(world, Method::PUT, path).json(&json!({"settings": settings}))).await?;
    }
    world.stack.function("dispatch").ok_or("there is no worker")?.kill().await;
    let seed_template = SeedTemplate::of(world, &user, "email", &content()).await?;
    let mut points = Vec::new();
    for count in 1..=5 {
        let prepare = async || {
            let copies = seed_template.pour(world, 1).await?;
            let by = |channel: &&str| Copy { channel: (*channel).to_owned(), ..copies[0].clone() };
            Ok(CHANNELS[..size(count)].iter().map(by).collect::<Vec<_>>())
        };
        let act = async |copies: Vec<Copy>| world.dispatch(&copies).await;
        points.push((count, world.cost("dispatch", 10, prepare, act).await?));
    }
    Ok(line("deliver by so many", floats(points)))
}

/// Contract 2: opts into several of the hundred groups.
pub async fn groups(world: &World, custom: &[String]) -> Result<Line, Fault> {
    let user = world.new_user(&json!({})).await?;
    let login = Request::new(Method::POST, "/api/login").bearer(&world.token(&user, "user"));
    let answer = world.expect(200, login).await?;
    let org = told(world, "/akana/user_id").rsplit('.').next().unwrap_or_default().to_owned();
    let own = |cookie: &&str| cookie.starts_with("AtmoAuthToken_") || cookie.starts_with("Csrf-Token_");
    let cookies: Vec<_> =
        answer.all("set-cookie").into_iter().filter(own).filter_map(|cookie| cookie.split(';').next()).collect();
    let csrf = cookies.iter().find_map(|cookie| cookie.strip_prefix("Csrf-Token_")?.split_once('='));
    let (org, csrf) = csrf.map_or((org.as_str(), ""), |(org, value)| (org, value));
    let mut points = Vec::new();
    for count in [1, 3, 10, 30, 90] {
        let request = Request::new(Method::PUT, format!("/api/users/{user}.{org}/settings"))
            .header("cookie", &cookies.join("; "))
            .header(&format!("X-Csrf-Token_{org}"), csrf)
            .json(&json!({"OptedNotification": &custom[..size(count)]}));
        points.push((count, repeated(world, "preferences", request).await?));
    }
    Ok(line("contract 2: opt into so many", floats(points)))
}

/// A user with choices about `count` of contract 3's handles.
async fn with_handles(world: &World, count: usize) -> Result<String, Fault> {
    let user = world.new_user(&json!({})).await?;
    let path = format!("/admin/v1/users/{user}/preferences");
    let handles: Vec<_> = (0..count).map(|number| format!("handle-{number:04}")).collect();
    for some in handles.chunks(50) {
        let some: Map<_, _> = some.iter().map(|handle| (handle.clone(), json!({"enabled": false}))).collect();
        let request = by_pair(world, Method::PUT, path.clone()).json(&json!({"notiflows": some}));
        world.expect(200, request).await?;
    }
    Ok(path)
}

const HANDLES: [u32; 5] = [1, 10, 100, 300, 1000];

/// Contract 3: changes one handle of many.
pub async fn one_handle(world: &World) -> Result<Line, Fault> {
    let mut points = Vec::new();
    for count in HANDLES {
        let path = with_handles(world, size(count)).await?;
        let body = json!({"notiflows": {"handle-0000": {"enabled": true}}});
        points.push((count, repeated(world, "users", by_pair(world, Method::PUT, path).json(&body)).await?));
    }
    Ok(line("contract 3: change one of so many", floats(points)))
}

/// Contract 3: reads all handles.
pub async fn read_handles(world: &World) -> Result<Line, Fault> {
    let mut points = Vec::new();
    for count in HANDLES {
        let path = with_handles(world, size(count)).await?;
        points.push((count, repeated(world, "users", by_pair(world, Method::GET, path)).await?));
    }
    Ok(line("contract 3: read so many", floats(points)))
}

/// Contract 5, with settings of several sizes: changes one value, reads all settings, and merges all settings in one
/// request.
pub async fn settings(world: &World) -> Result<Vec<Line>, Fault> {
    const PATH: &str = "/settings/user";
    let (mut leaf, mut read, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for size in [0.5, 2.0, 8.0, 32.0, 128.0, 250.0, 390.0_f64] {
        let token = world.token(&Uuid::new_v4().to_string(), "user");
        let ask = |method: Method| Request::new(method, PATH).bearer(&token);
        // A body can have at most 256 KiB, but settings can be larger.
        for (part, kilobytes) in [size.min(200.0), size - 200.0].into_iter().enumerate().filter(|(_, size)| *size > 0.0)
        {
            world.expect(200, ask(Method::PUT).json(&json!({format!("part-{part}"): document(kilobytes)}))).await?;
        }
        let change = ask(Method::PUT).json(&json!({"part-0": {"section-0": {"title": "changed"}}}));
        leaf.push((size, repeated(world, "preferences", change).await?));
        read.push((size, repeated(world, "preferences", ask(Method::GET)).await?));
        if size <= 250.0 {
            let fresh = async || Ok(world.token(&Uuid::new_v4().to_string(), "user"));
            let body = document(size);
            let merge = async |token: String| {
                world.expect(200, Request::new(Method::PUT, PATH).bearer(&token).json(&body)).await.map(drop)
            };
            whole.push((size, world.cost("preferences", 5, fresh, merge).await?));
        }
    }
    Ok(vec![line("change one leaf of so much", leaf), line("read so much", read), line("merge so much at once", whole)])
}

/// Settings of that many KB. They have sections of about a quarter of a KB.
fn document(kilobytes: f64) -> Value {
    const SECTION: f64 = 256.0;
    let mut sections = Map::new();
    let (mut number, mut left) = (0, kilobytes * 1000.0);
    while left > 0.0 {
        let text = "x".repeat(if left < SECTION { 100 } else { 200 });
        sections.insert(format!("section-{number}"), json!({"title": "a title", "text": text}));
        number += 1;
        left -= SECTION;
    }
    sections.into()
}

/// Delivers batches of several sizes.
pub async fn batch(world: &World) -> Result<Line, Fault> {
    let user = world.new_user(&json!({})).await?;
    let seed_template = SeedTemplate::of(world, &user, "email", &content()).await?;
    let mut points = Vec::new();
    for (count, rounds) in [(1, 20), (3, 10), (10, 10), (30, 5), (100, 5), (300, 2), (1000, 2)] {
        points.push((count, dispatched(world, &seed_template, size(count), rounds).await?));
    }
    Ok(line("dispatch", floats(points)))
}

fn size(count: u32) -> usize {
    count as usize
}

fn floats(points: Vec<(u32, Cost)>) -> Vec<(f64, Cost)> {
    points.into_iter().map(|(count, cost)| (f64::from(count), cost)).collect()
}
