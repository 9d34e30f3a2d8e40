//! Measures one invocation of each kind: counts, processor time, sequential waits and logs.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use local::aws::proxy::Fault as Delay;
use local::stack::{FunctionLogs, Options};
use reqwest::Method;
use serde_json::json;

use super::bill::Measured;
use crate::fit::median;
use crate::harness::{Copy, Cost, Request, SeedTemplate, World};
use crate::process;
use crate::section::Fault;

/// How many times each is repeated for its processor time.
const ROUNDS: u32 = 100;
/// How many times each is repeated for its waits.
const WAITS: usize = 7;
/// The delay of each call, in milliseconds, that shows how many calls are sequential.
const HELD_MS: u16 = 150;
/// Example of Lambda's own log lines for an invocation, with their usual length.
const PLATFORM: &str = "START RequestId: 8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1 Version: $LATEST\n\
    END RequestId: 8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1\n\
    REPORT RequestId: 8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1\tDuration: 10.12 ms\tBilled Duration: 11 ms\tMemory Size: 256 MB\tMax Memory Used: 28 MB\t\n\
    XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8\tSampled: false\t\n";
/// Example of API Gateway's log line for a request in the template's format, with its usual length.
const ACCESS: &str = r#"{"requestId":"dBBGbjjpIAMEJ8w=","time":"22/Nov/2026:10:00:00 +0000","method":"PUT","route":"ANY /api/v1/users/{id}/preferences","protocol":"HTTP/1.1","status":"200","responseLength":"312","responseLatency":"16","integrationLatency":"14","integrationStatus":"200","invocationId":"8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1","error":"-"}
"#;

/// The three kinds of invocations, and the memory of the processes.
pub struct All {
    /// A change of channel preferences.
    pub change: Measured,
    /// The acceptance of a notification for one channel.
    pub accept: Measured,
    /// A batch of ten deliveries by email.
    pub ten: Measured,
    /// The largest memory of each function's process, in MB, by the function's name.
    pub memory: Vec<(&'static str, f64)>,
}

/// Measures all on a new stack.
pub async fn all(provider_ms: f64) -> Result<All, Fault> {
    let logs = std::env::temp_dir().join(format!("tidings-bench-{}", std::process::id()));
    let options = Options { logs: FunctionLogs::Directory(logs.clone()), ..World::options() };
    let world = World::with(options).await?;
    let measured = on(&Bench { world: &world, logs: logs.clone() }, provider_ms).await;
    world.shutdown().await;
    fs::remove_dir_all(&logs)?;
    measured
}

struct Bench<'w> {
    world: &'w World,
    logs: PathBuf,
}

async fn on(bench: &Bench<'_>, provider_ms: f64) -> Result<All, Fault> {
    let world = bench.world;
    let user = world.new_user(&json!({})).await?;
    let (admin, service) = (world.token("bench-admin", "admin"), world.token("bench", "service"));
    let change = Request::new(Method::PUT, format!("/api/v1/users/{user}/preferences")).bearer(&admin);
    let change = change.json(&json!({"preferences": {"email": true, "push": true}}));
    let accept = Request::new(Method::POST, "/api/v1/notifications").bearer(&service).json(&json!({
        "user_id": user, "notification_type": "email", "content": {"subject": "Hello", "body": "How are you?"},
    }));
    let seed_template =
        SeedTemplate::of(world, &user, "email", &json!({"subject": "Hello", "body": "How are you?"})).await?;

    let one = async |function: &str, status: u16, request: Request| {
        let prepare = async || Ok(request.clone());
        bench.measured(function, prepare, async |request| world.expect(status, request).await.map(drop)).await
    };
    let change = one("preferences", 200, change).await?;
    let accept = one("notifications", 202, accept).await?;
    let prepare = async || seed_template.pour(world, 10).await;
    let ten = bench.measured("dispatch", prepare, async |copies: Vec<Copy>| world.dispatch(&copies).await).await?;

    let access = length(ACCESS);
    let http = |measured: Measured| Measured { http: 1.0, log_bytes: measured.log_bytes + access, ..measured };
    let memory = ["preferences", "notifications", "dispatch"].map(|name| (name, resident_mb(world, name)));
    Ok(All {
        change: http(change),
        accept: http(accept),
        // Lambda receives and deletes the batch. These are two more requests to SQS.
        ten: Measured { pieces: 10.0, sqs: ten.sqs + 2.0, provider_ms, ..ten },
        memory: memory.into(),
    })
}

impl Bench<'_> {
    async fn measured<P>(
        &self,
        function: &str,
        prepare: impl AsyncFn() -> Result<P, Fault>,
        act: impl AsyncFn(P) -> Result<(), Fault>,
    ) -> Result<Measured, Fault> {
        let Cost { counts, cpu_us } = self.world.cost(function, ROUNDS, &prepare, &act).await?;
        let before = self.logged(function).await?;
        let waits = self.waits(&prepare, &act).await?;
        #[expect(clippy::cast_precision_loss, reason = "a few acts")]
        let acts = (2 * WAITS) as f64;
        let own = (self.logged(function).await? - before) / acts;
        #[expect(clippy::cast_precision_loss, reason = "a few calls")]
        let sqs = counts.queue().calls as f64;
        let table = counts.table();
        Ok(Measured {
            memory_mb: deployed_mb(self.world, function)?,
            pieces: 1.0,
            read: table.read,
            write: table.write,
            sqs,
            cpu_ms: cpu_us / 1000.0,
            waits,
            log_bytes: own + length(PLATFORM),
            ..Measured::default()
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
        #[expect(clippy::cast_precision_loss, reason = "some kilobytes")]
        let length = fs::metadata(self.logs.join(format!("{function}.log")))?.len() as f64;
        Ok(length)
    }
}

#[expect(clippy::cast_precision_loss, reason = "some hundred bytes")]
fn length(line: &str) -> f64 {
    line.len() as f64
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
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let most = most as f64;
    most / 1024.0 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_line_is_in_the_template_s_format() {
        let template = fs::read_to_string(local::stack::binaries::workspace().join("template.yaml")).unwrap();
        let line: serde_json::Value = serde_json::from_str(ACCESS).unwrap();
        for name in line.as_object().unwrap().keys() {
            assert!(template.contains(&format!("\"{name}\":\"$context.")), "{name}");
        }
    }
}
