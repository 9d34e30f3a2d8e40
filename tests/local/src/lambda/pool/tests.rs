//! The processes are shells that sleep. The tests call the Runtime API in their place.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use super::*;

const SLEEPS: &str = "exec sleep 60";

fn spec(concurrency: usize) -> FunctionSpec {
    FunctionSpec {
        name: "test".to_owned(),
        executable: "sh".into(),
        timeout: Duration::from_secs(30),
        memory_mb: 128,
        environment: BTreeMap::new(),
        concurrency,
        maximum: concurrency,
        logs: Logs::Discard,
        freezes: false,
        skews: false,
    }
}

/// A pool of shells, and a receiver of the lane and the Runtime API's address of each started shell.
async fn launch(spec: FunctionSpec, script: &'static str) -> (Arc<Pool>, UnboundedReceiver<(usize, String)>) {
    let (sender, addresses) = unbounded_channel();
    let make: MakeCommand = Arc::new(move |environment, runtime_api: &str| {
        sender.send((environment, runtime_api.to_owned())).ok();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    });
    (Arc::new(Pool::launch(&spec, make).await.unwrap()), addresses)
}

async fn next(address: &str) -> Response {
    let url = format!("http://{address}/2018-06-01/runtime/invocation/next");
    Client::new().get(url).send().await.unwrap()
}

async fn post(address: &str, path: &str, body: Value) -> u16 {
    let url = format!("http://{address}/2018-06-01/runtime/{path}");
    let body = serde_json::to_vec(&body).unwrap();
    let sent = Client::new().post(url).body(body).send().await;
    sent.unwrap().status().as_u16()
}

/// A pool whose function answers with `reply`.
pub async fn played(concurrency: usize, reply: fn(Value) -> Result<Value, Value>) -> Pool {
    let (pool, mut addresses) = launch(spec(concurrency), SLEEPS).await;
    tokio::spawn(async move {
        while let Some((_, address)) = addresses.recv().await {
            tokio::spawn(async move {
                loop {
                    let url = format!("http://{address}/2018-06-01/runtime/invocation/next");
                    let Ok(event) = Client::new().get(url).send().await else { return };
                    let id = request_id(&event);
                    let (path, body) = match reply(event.json().await.unwrap()) {
                        Ok(body) => (format!("invocation/{id}/response"), body),
                        Err(body) => (format!("invocation/{id}/error"), body),
                    };
                    post(&address, &path, body).await;
                }
            });
        }
    });
    Arc::into_inner(pool).unwrap()
}

fn request_id(event: &Response) -> String {
    event.headers()["lambda-runtime-aws-request-id"].to_str().unwrap().to_owned()
}

fn invoke(pool: &Arc<Pool>, payload: Value) -> JoinHandle<Result<Bytes, InvokeError>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.invoke(serde_json::to_vec(&payload).unwrap().into()).await })
}

#[tokio::test]
async fn an_event_goes_to_the_process_and_its_answer_comes_back() {
    let (pool, mut addresses) = launch(spec(1), SLEEPS).await;
    let address = addresses.recv().await.unwrap().1;
    let answer = invoke(&pool, json!({"n": 1}));
    let event = next(&address).await;
    let id = request_id(&event);
    let headers = event.headers().clone();
    assert!(headers["lambda-runtime-deadline-ms"].to_str().unwrap().parse::<i64>().unwrap() > 0);
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], "arn:aws:lambda:us-east-1:000000000000:function:test");
    assert!(headers["lambda-runtime-trace-id"].to_str().unwrap().starts_with("Root=1-"));
    assert_eq!(event.json::<Value>().await.unwrap(), json!({"n": 1}));
    assert_eq!(post(&address, &format!("invocation/{id}/response"), json!("done")).await, 202);
    assert_eq!(answer.await.unwrap().unwrap(), "\"done\"");
    pool.ready().await.unwrap();
}

#[tokio::test]
async fn an_error_is_a_function_error_and_a_strangers_answer_is_refused() {
    let (pool, mut addresses) = launch(spec(1), SLEEPS).await;
    let address = addresses.recv().await.unwrap().1;
    let answer = invoke(&pool, json!({}));
    let id = request_id(&next(&address).await);
    assert_eq!(post(&address, "invocation/another/response", json!(1)).await, 400);
    let error = json!({"errorType": "Oops", "errorMessage": "no"});
    assert_eq!(post(&address, &format!("invocation/{id}/error"), error.clone()).await, 202);
    assert_eq!(answer.await.unwrap(), Err(InvokeError::FunctionError(error)));
}

#[tokio::test]
async fn two_processes_run_two_invocations_at_once_and_a_third_waits() {
    let (pool, mut addresses) = launch(spec(2), SLEEPS).await;
    let (one, two) = (addresses.recv().await.unwrap().1, addresses.recv().await.unwrap().1);
    let answers = [invoke(&pool, json!(1)), invoke(&pool, json!(2)), invoke(&pool, json!(3))];
    let (first, second) = (next(&one).await, next(&two).await);
    for (address, event) in [(&one, &first), (&two, &second)] {
        let path = format!("invocation/{}/response", request_id(event));
        assert_eq!(post(address, &path, json!("ok")).await, 202);
    }
    let third = next(&two).await;
    let path = format!("invocation/{}/response", request_id(&third));
    assert_eq!(post(&two, &path, json!("ok")).await, 202);
    for answer in answers {
        assert_eq!(answer.await.unwrap().unwrap(), "\"ok\"");
    }
}

#[tokio::test]
async fn a_busy_pool_gets_one_more_process_until_it_has_the_most() {
    let (pool, mut addresses) = launch(FunctionSpec { maximum: 2, ..spec(1) }, SLEEPS).await;
    let one = addresses.recv().await.unwrap().1;
    let first = invoke(&pool, json!(1));
    let first_event = next(&one).await;
    assert_eq!(pool.pids().len(), 1, "one is enough for one");
    assert!(addresses.try_recv().is_err());
    let others = [invoke(&pool, json!(2)), invoke(&pool, json!(3))];
    let two = addresses.recv().await.unwrap().1;
    for _ in &others {
        let event = next(&two).await;
        assert_eq!(post(&two, &format!("invocation/{}/response", request_id(&event)), json!("ok")).await, 202);
    }
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), "\"ok\"", "the first one is still under way");
    }
    assert!(addresses.try_recv().is_err(), "two are the most");
    assert_eq!(pool.pids().len(), 2);
    assert_eq!(pool.concurrency(), 1);
    assert_eq!(post(&one, &format!("invocation/{}/response", request_id(&first_event)), json!("ok")).await, 202);
    assert_eq!(first.await.unwrap().unwrap(), "\"ok\"");
}

#[tokio::test]
async fn a_process_that_takes_too_long_is_killed_and_replaced() {
    let slow = FunctionSpec { timeout: Duration::from_millis(200), ..spec(1) };
    let (pool, mut addresses) = launch(slow, SLEEPS).await;
    let address = addresses.recv().await.unwrap().1;
    let before = pool.pids();
    let answer = invoke(&pool, json!({}));
    next(&address).await;
    let error = answer.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "Task timed out after 0.20 seconds");
    let again = addresses.recv().await.unwrap().1;
    let answer = invoke(&pool, json!({}));
    let id = request_id(&next(&again).await);
    assert_ne!(pool.pids(), before);
    post(&again, &format!("invocation/{id}/response"), json!("ok")).await;
    assert!(answer.await.unwrap().is_ok());
}

#[tokio::test]
async fn kill_names_the_processes_and_ends_what_they_were_doing() {
    let (pool, mut addresses) = launch(spec(2), SLEEPS).await;
    let (one, _two) = (addresses.recv().await.unwrap().1, addresses.recv().await.unwrap().1);
    let answer = invoke(&pool, json!({}));
    next(&one).await;
    let pids = pool.pids();
    assert_eq!(pids.len(), 2);
    assert_eq!(pool.kill().await, pids);
    assert_eq!(answer.await.unwrap(), Err(InvokeError::Crashed("signal: killed".to_owned())));
    addresses.recv().await.unwrap();
    addresses.recv().await.unwrap();
}

#[tokio::test]
async fn a_process_that_is_replaced_first_ends_what_it_is_doing() {
    let (pool, mut addresses) = launch(spec(1), SLEEPS).await;
    let address = addresses.recv().await.unwrap().1;
    let answer = invoke(&pool, json!({}));
    let id = request_id(&next(&address).await);
    let pids = pool.pids();
    let replaced = tokio::spawn({
        let pool = pool.clone();
        async move { pool.replace().await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!replaced.is_finished(), "it has an invocation");
    assert_eq!(post(&address, &format!("invocation/{id}/response"), json!("ok")).await, 202);
    assert!(answer.await.unwrap().is_ok());
    // It is free when it asks for the next one.
    let waiting = tokio::spawn(async move { next(&address).await });
    assert_eq!(replaced.await.unwrap(), pids);
    addresses.recv().await.unwrap();
    assert_ne!(pool.pids(), pids);
    waiting.abort();
}

#[tokio::test]
async fn one_lane_is_killed_and_its_sibling_goes_on() {
    let (pool, mut addresses) = launch(spec(2), SLEEPS).await;
    let mut environments: BTreeMap<_, _> = [addresses.recv().await.unwrap(), addresses.recv().await.unwrap()].into();
    while pool.pids().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let sibling = pool.pids()[1];
    let started = tokio::time::Instant::now();
    for round in 0..5 {
        let answer = invoke(&pool, json!(round));
        next(&environments[&0]).await;
        let pid = pool.pids()[0];
        let (kill, again) = (pool.kill_environment(0), pool.kill_environment(0));
        assert_eq!(kill.await, Some(pid));
        assert_eq!(answer.await.unwrap(), Err(InvokeError::Crashed("signal: killed".to_owned())));
        environments.extend(addresses.recv().await);
        assert_eq!(again.await, None, "its successor was not meant");
    }
    // Growing pauses would take three seconds.
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let answer = invoke(&pool, json!("last"));
    let id = request_id(&next(&environments[&0]).await);
    assert_eq!(post(&environments[&0], &format!("invocation/{id}/response"), json!("ok")).await, 202);
    assert!(answer.await.unwrap().is_ok());
    assert_eq!(pool.pids()[1], sibling);
    assert_eq!(pool.kill_environment(2).await, None, "there is no such lane");
}

#[tokio::test]
async fn a_process_that_cannot_start_is_explained_by_what_it_printed() {
    let (pool, _addresses) = launch(spec(1), "echo TABLE_NAME is missing >&2; exit 3").await;
    let waiting = invoke(&pool, json!({}));
    let error = pool.ready().await.unwrap_err().to_string();
    assert!(error.contains("function test does not start"), "{error}");
    assert!(error.contains("exit status: 3"), "{error}");
    assert!(error.contains("TABLE_NAME is missing"), "{error}");
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error, InvokeError::Crashed("Runtime exited with exit status: 3".to_owned()));
}

#[tokio::test]
async fn a_job_nobody_waits_for_any_more_is_not_run() {
    let (pool, mut addresses) = launch(spec(1), SLEEPS).await;
    let address = addresses.recv().await.unwrap().1;
    let given_up = invoke(&pool, json!("given up"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    given_up.abort();
    let _ = given_up.await;
    let answer = invoke(&pool, json!("wanted"));
    let event = next(&address).await;
    let id = request_id(&event);
    assert_eq!(event.json::<Value>().await.unwrap(), json!("wanted"));
    post(&address, &format!("invocation/{id}/response"), json!("ok")).await;
    assert!(answer.await.unwrap().is_ok());
}

/// What Linux says a process does: `T` if it was stopped.
#[cfg(target_os = "linux")]
fn state_of(pid: u32) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").map(|(_, rest)| rest.chars().take(1).collect()).unwrap_or_default()
}

#[cfg(target_os = "linux")]
async fn comes_to(pid: u32, state: &str) {
    let seen = async {
        while state_of(pid) != state {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(5), seen).await;
    assert!(seen.is_ok(), "the process is {:?} and not {state:?}", state_of(pid));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_is_frozen_between_two_invocations() {
    let (pool, mut addresses) = launch(FunctionSpec { freezes: true, ..spec(1) }, SLEEPS).await;
    let address = addresses.recv().await.unwrap().1;
    for round in 0..3 {
        let asks = tokio::spawn({
            let address = address.clone();
            async move { next(&address).await }
        });
        while pool.pids().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = pool.pids()[0];
        comes_to(pid, "T").await;
        let answer = invoke(&pool, json!(round));
        let id = request_id(&asks.await.unwrap());
        comes_to(pid, "S").await;
        assert_eq!(post(&address, &format!("invocation/{id}/response"), json!("ok")).await, 202);
        assert!(answer.await.unwrap().is_ok());
        assert_eq!(state_of(pid), "S", "it has not asked for the next event yet");
    }
    let asks = tokio::spawn(async move { next(&address).await });
    let pid = pool.pids()[0];
    comes_to(pid, "T").await;
    assert_eq!(pool.kill().await, [pid], "a stopped process can be killed");
    asks.abort();
    tokio::time::timeout(Duration::from_secs(5), pool.shutdown()).await.unwrap();
}

#[tokio::test]
async fn an_invocation_above_the_reserved_concurrency_is_turned_away() {
    let pool = Arc::new(played(1, |_| Ok(json!("ok"))).await);
    pool.reserve(Some(0));
    assert_eq!(pool.invoke_unless_throttled("{}".into()).await, Err(InvokeError::Throttled));
    assert!(pool.invoke("{}".into()).await.is_ok(), "the API waits");
    pool.reserve(None);
    assert!(pool.invoke_unless_throttled("{}".into()).await.is_ok());
}

#[tokio::test]
async fn shutdown_ends_what_waits_and_every_process() {
    let (pool, mut addresses) = launch(spec(1), SLEEPS).await;
    addresses.recv().await.unwrap();
    let waiting = invoke(&pool, json!({}));
    tokio::time::sleep(Duration::from_millis(50)).await;
    pool.queue.close();
    assert_eq!(waiting.await.unwrap(), Err(InvokeError::Stopped));
    tokio::time::timeout(Duration::from_secs(5), pool.shutdown()).await.unwrap();
}
