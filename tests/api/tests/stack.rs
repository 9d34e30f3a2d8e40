//! The local stack itself: the properties that a developer relies on.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use api::{Client, eventually, options, own};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::template::template;

/// Runs the local stack as `cargo run -p local` does, but without cargo: it uses the binary that the tests' build left
/// in the target folder.
fn local(arguments: &[&str]) -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let mut command = Command::new(path.join("local"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn ready_file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("tidings-{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

async fn up(child: &mut Child, ready: &PathBuf) -> Client {
    let url = eventually(async || {
        assert!(child_is_alive(child), "it ended before it was up");
        fs::read_to_string(ready).ok().filter(|text| text.contains("http://"))
    })
    .await;
    Client::new(url.lines().find(|line| line.starts_with("http://")).unwrap_or(url.trim()))
}

fn child_is_alive(child: &Child) -> bool {
    fs::exists(format!("/proc/{}", child.id())).unwrap_or(true)
}

fn end(mut child: Child, signal: &str) -> Output {
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    child.wait_with_output().unwrap()
}

/// The program with one process of each function, up and ready, with its client and its ready file.
async fn running(name: &str) -> (Child, Client, PathBuf) {
    // The harness builds the binaries of the stack that it starts, so after this the binary exists.
    let (stack, _) = own(options(&[])).await;
    stack.shutdown().await;
    let ready = ready_file(name);
    let mut child =
        local(&["--port", "0", "--concurrency", "1", "--ready-file", ready.to_str().unwrap()]).spawn().unwrap();
    let client = up(&mut child, &ready).await;
    (child, client, ready)
}

#[tokio::test]
async fn ctrl_c_ends_every_child() {
    let (child, client, ready) = running("ctrl-c").await;
    let functions = template().functions;
    assert!(!functions.is_empty());
    for name in functions.iter().map(|function| &function.binary) {
        let killed = client.json(Method::POST, &format!("/_local/functions/{name}/kill"), "", &Value::Null).await;
        assert_eq!(killed.json()["killed"].as_array().map(Vec::len), Some(1), "one process of {name}: {}", killed.text);
    }
    let user = client.demo().await["users"]["user"].as_str().unwrap().to_owned();
    let answer =
        client.json(Method::PUT, &format!("/api/v1/users/{user}/preferences"), "", &json!({"preferences": {}})).await;
    assert_eq!(answer.status.as_u16(), 200, "killed processes are started again");
    let children = children_of(child.id());
    assert!(children.len() >= functions.len(), "{children:?}");
    let output = end(child, "-INT");
    assert_eq!(output.status.code(), Some(0));
    assert!(!ready.exists());
    let screen = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in ["http://127.0.0.1:", "/_local", "curl", "/_local/deliveries"] {
        assert!(screen.contains(word), "the screen does not show {word}:\n{screen}");
    }
    eventually(async || children.iter().all(|pid| is_gone(*pid)).then_some(())).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn after_the_stack_is_killed_no_stopped_process_is_left() {
    let (child, _, ready) = running("killed").await;
    let children = children_of(child.id());
    let functions = template().functions.len();
    let stopped = || children.iter().filter(|pid| state_of(**pid) == "T").count();
    eventually(async || (stopped() >= functions).then_some(())).await;
    end(child, "-KILL");
    eventually(async || children.iter().all(|pid| is_gone(*pid)).then_some(())).await;
    let _ = fs::remove_file(ready);
}

/// What Linux says a process does: `T` if it is stopped. Empty if there is no such process.
fn state_of(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").map_or(String::new(), |(_, rest)| rest.chars().take(1).collect())
}

/// Whether a process has ended. One that nobody has waited for yet is a zombie.
fn is_gone(pid: u32) -> bool {
    ["", "Z"].contains(&state_of(pid).as_str())
}

fn children_of(pid: u32) -> Vec<u32> {
    let stat = |entry: &fs::DirEntry| fs::read_to_string(entry.path().join("stat")).ok();
    let parent = |stat: String| stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok();
    let all = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    all.filter(|entry| stat(entry).and_then(parent) == Some(pid))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

#[tokio::test]
async fn a_taken_port_is_a_clear_sentence() {
    let (stack, client) = own(options(&[])).await;
    let port = client.url().rsplit_once(':').unwrap().1.to_owned();
    let output = local(&["--port", &port]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_ne!(output.status.code(), Some(0));
    assert!(error.contains(&port) && error.contains("--port"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    stack.shutdown().await;
}

#[tokio::test]
async fn parameters_are_the_template_s() {
    let refused = local(&["--port", "0", "--parameter", "DispatchTimeout=7"]).output().unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() != Some(0) && error.contains("DispatchTimeout"), "{error}");
    let unknown = local(&["--port", "0", "--parameter", "NoSuch=1"]).output().unwrap();
    let error = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(unknown.status.code() != Some(0) && error.contains("NoSuch"), "{error}");
}

#[tokio::test]
async fn kept_data_is_there_again() {
    let data = std::env::temp_dir().join(format!("tidings-data-{}", std::process::id()));
    fs::create_dir_all(&data).unwrap();
    let kept = || Options { data: Some(data.clone()), ..options(&[]) };
    let (stack, client) = own(kept()).await;
    let user = client.new_user(json!({"preferences": {"sms": false}})).await;
    stack.shutdown().await;
    let (stack, client) = own(kept()).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    client.get(&path, &client.token("admin").await).await.is(200, user);
    stack.shutdown().await;
    fs::remove_dir_all(&data).unwrap();
}

#[tokio::test]
async fn the_demo_is_the_same_at_every_call_but_for_its_tokens() {
    let client = api::shared();
    let (mut one, two) = (client.demo().await, client.demo().await);
    assert_eq!(one["users"]["user"], "123e4567-e89b-12d3-a456-426614174000");
    for who in ["user", "other_user", "admin", "org_admin", "operator", "broker", "photographer", "service"] {
        let token: Vec<_> = one["bearer"][who].as_str().unwrap().split('.').collect();
        assert_eq!(token.len(), 3, "{who}");
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token[1]).unwrap()).unwrap();
        let is_of_no_org = ["admin", "operator", "service"].contains(&who);
        assert_eq!(claims["org"].is_null(), is_of_no_org, "{who}: {claims}");
    }
    for channel in ["email", "fcm", "apns", "slack"] {
        assert!(one["channels"][channel].is_string(), "{channel}");
    }
    one["bearer"] = two["bearer"].clone();
    for minted in ["cookie", "csrf_token", "admin_cookie", "admin_csrf_token"] {
        assert!(one["akana"][minted].is_string(), "{minted}");
        one["akana"][minted] = two["akana"][minted].clone();
    }
    assert!(one["links"]["unsubscribe_token"].is_string());
    one["links"] = two["links"].clone();
    one["notiflows"]["user_key"] = two["notiflows"]["user_key"].clone();
    assert_eq!(one, two);
}
