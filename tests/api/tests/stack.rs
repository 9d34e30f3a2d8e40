//! The local stack itself: the properties that a developer relies on.

use std::{
    cell::RefCell,
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use api::{Client, eventually, options, own};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use local::{console::retries::quick, stack::Options};
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
    let child = RefCell::new(child);
    let url = eventually(async || {
        assert_eq!(child.borrow_mut().try_wait().unwrap(), None, "it ended before it was up");
        fs::read_to_string(ready).ok().filter(|text| text.contains("http://"))
    })
    .await;
    Client::new(url.lines().find(|line| line.starts_with("http://")).unwrap_or(url.trim()))
}

pub fn end(mut child: Child, signal: &str) -> Output {
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    child.wait_with_output().unwrap()
}

/// The program with one process of each function and these arguments, up and ready, with its client and its ready file.
pub async fn running(name: &str, arguments: &[&str]) -> (Child, Client, PathBuf) {
    // The harness builds the binaries of the stack that it starts, so after this the binary exists.
    let (stack, _) = own(options(&[])).await;
    stack.shutdown().await;
    let ready = ready_file(name);
    let own = ["--port", "0", "--concurrency", "1", "--ready-file", ready.to_str().unwrap()];
    let mut child = local(&[own.as_slice(), arguments].concat()).spawn().unwrap();
    let client = up(&mut child, &ready).await;
    (child, client, ready)
}

#[tokio::test]
async fn ctrl_c_ends_every_child() {
    let (child, client, ready) = running("ctrl-c", &[]).await;
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
    let (child, _, ready) = running("killed", &[]).await;
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

/// A data folder of this test, which is not there yet.
fn data_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tidings-data-of-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// Accepts a push that the provider never takes. Returns the notification's id.
async fn never_taken(client: &Client) -> String {
    let always = json!({"answers": [{"status": 503, "always": true}]});
    client.json(Method::PUT, "/_local/providers/fcm", "", &always).await;
    let user = client.new_user(json!({"push_token": "unreachable"})).await;
    let notification = json!({"notification_type": "push", "user_id": user["id"], "content": {"body": "x"}});
    client.notify(&notification).await
}

#[tokio::test]
async fn what_a_provider_never_takes_soon_becomes_a_dead_letter() {
    let (child, client, ready) = running("dead-letter", &[]).await;
    let id = never_taken(&client).await;
    let letters = eventually(async || Some(client.dead_letters().await).filter(|letters| !letters.is_empty())).await;
    assert_eq!(letters[0]["notification_id"], json!(id), "{letters:?}");
    // How long that takes at most is computed beside the parameters. Here it is to end at all, by those parameters.
    let attempts = quick()["MaxAttempts"].parse::<u64>().unwrap();
    let data = client.settled(&id).await;
    assert_eq!(data["deliveries"][0]["attempts"], json!(attempts), "{data}");
    end(child, "-INT");
    let _ = fs::remove_file(ready);
}

#[tokio::test]
async fn a_delivery_whose_stack_is_killed_between_two_attempts_ends_when_it_is_started_again() {
    let data = data_folder("killed");
    // It waits long enough to be killed there, and so many attempts are left that it cannot end before.
    let parameters =
        ["--parameter", "RetryBaseSeconds=2", "--parameter", "RetryMostSeconds=2", "--parameter", "MaxAttempts=1000"];
    let arguments = [["--data", data.to_str().unwrap()].as_slice(), &parameters].concat();
    let (child, client, _) = running("killed-data", &arguments).await;
    let id = never_taken(&client).await;
    client.notification_when(&id, |data| data["status"] == "retrying").await;
    end(child, "-KILL");
    // The providers of the new stack answer.
    let (child, client, ready) = running("killed-data", &arguments).await;
    let sent = client.settled(&id).await;
    assert_eq!(sent["status"], "sent", "{sent}");
    assert!(sent["deliveries"][0]["attempts"].as_u64() >= Some(2), "{sent}");
    assert_eq!(client.deliveries_to("unreachable").await.len(), 1, "it is sent once");
    client.is_drained().await;
    end(child, "-INT");
    let _ = fs::remove_file(ready);
    fs::remove_dir_all(&data).unwrap();
}

#[tokio::test]
async fn a_second_stack_on_the_same_folder_says_who_has_it_and_a_dead_one_has_nothing() {
    let data = data_folder("taken");
    let arguments = ["--data", data.to_str().unwrap()];
    let (child, client, _) = running("taken-data", &arguments).await;
    let second = local(&["--port", "0", "--data", data.to_str().unwrap()]).output().unwrap();
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    let holder = format!("process {} at {}", child.id(), client.url());
    assert!(second.status.code() == Some(1) && error.contains(&holder) && error.contains("--data"), "{error}");
    end(child, "-KILL");
    let (child, _, ready) = running("taken-data", &arguments).await;
    end(child, "-INT");
    let _ = fs::remove_file(ready);
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
