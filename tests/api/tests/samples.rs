//! Runs every command of the README that calls the API, on a stack that is started as the README says; and `tests/smoke/run`,
//! which runs them on any deployment.

use std::{fs, process::Command};

use api::{options, own};
use serde_json::Value;

/// The README's `sh` blocks that call the API. Before each of them come all blocks that set shell variables.
fn samples() -> Vec<String> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let (sets, calls): (Vec<_>, Vec<_>) = blocks.partition(|block| block.starts_with("eval "));
    calls.into_iter().map(|call| format!("{}{call}", sets.concat())).collect()
}

#[tokio::test]
async fn the_readme_s_samples_do_what_they_say() {
    let samples = samples();
    assert!(samples.len() >= 6, "the README shows only {} calls", samples.len());
    let (stack, client) = own(options(&[])).await;
    for sample in samples {
        let script = format!("set -eu\n{sample}").replace("http://localhost:8001", client.url());
        assert!(script.contains(client.url()), "{sample}");
        let run = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(&script).output().unwrap());
        let output = run.await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{sample}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        // The output of the last command is JSON, and not a refusal.
        let last = text.lines().last().unwrap_or_default();
        let json: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{sample}\n{text}\n{error}"));
        assert!(json["statusCode"].is_null() && json["error"].is_null(), "{sample}\n{text}");
    }
    stack.shutdown().await;
}

/// Runs `tests/smoke/run` with these tokens. Returns whether it succeeded, and what it said.
async fn smoke(url: &str, tokens: [(&'static str, String); 3]) -> (bool, String) {
    let url = url.to_owned();
    let run = move || {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../smoke/run"));
        command.env("TIDINGS_URL", url).envs(tokens).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[tokio::test]
async fn the_smoke_test_of_a_deployment_makes_the_readme_s_calls_and_leaves_nothing_behind() {
    // As a deployment is by default: nobody without a token may change anything.
    let (stack, client) = own(options(&[("AnonymousPreferences", "false")])).await;
    let (admin, operator) = (client.token("org_admin").await, client.token("operator").await);
    let tokens = |service: &str| {
        [("TIDINGS_ADMIN_TOKEN", &*admin), ("TIDINGS_OPERATOR_TOKEN", &*operator), ("TIDINGS_SERVICE_TOKEN", service)]
            .map(|(name, token)| (name, token.to_owned()))
    };
    // The list of users keeps those who were erased out.
    let all = async || {
        client.index_catches_up().await;
        let mut found = Vec::new();
        for path in ["/api/v1/channels", "/api/v1/api-keys", "/api/v1/templates", "/settings/user"] {
            let token = if path == "/settings/user" { &admin } else { &operator };
            found.push(client.get(path, token).await.text);
        }
        found
    };
    let before = all().await;
    let (succeeded, said) = smoke(client.url(), tokens(&client.token("service").await)).await;
    assert!(succeeded && said.contains("nothing is left behind"), "{said}");
    for call in ["/api/v1/notifications", "/settings/user", "passed the queue"] {
        assert!(said.contains(call), "{said}");
    }
    assert_eq!(all().await, before);

    let (succeeded, said) = smoke(client.url(), tokens("no token")).await;
    assert!(!succeeded && said.contains("failed") && said.contains("401"), "{said}");
    assert_eq!(all().await, before, "what was made is removed again");
    stack.shutdown().await;
}
