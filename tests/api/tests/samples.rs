//! Runs every command of the README, of COMPATIBILITY.md and of the guides that calls the API, on a stack that is started as the README
//! says; and `tests/smoke/run`, which runs those of the first two on any deployment.

use std::{fs, path::PathBuf, process::Command};

use api::{options, own};
use serde_json::Value;

/// What stands between the outputs of two blocks.
const NEXT: &str = "----- the next block -----";

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The `sh` blocks of a text, without the indent of the list that a block may stand in.
pub fn blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "```sh" {
            let indent = line.len() - line.trim_start().len();
            let block = lines.by_ref().take_while(|line| line.trim() != "```");
            found.push(block.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect());
        }
    }
    found
}

/// The pages whose commands are run.
fn pages() -> Vec<PathBuf> {
    let guides = fs::read_dir(root().join("functions/docs/guides")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = guides.collect();
    pages.sort();
    pages.splice(0..0, [root().join("README.md"), root().join("COMPATIBILITY.md")]);
    pages
}

/// The commands of each page, in the order in which a reader runs them: in one shell, in which the README's first block has set the
/// tokens.
#[tokio::test]
async fn the_samples_of_every_page_do_what_they_say() {
    let (stack, client) = own(options(&[])).await;
    let readme = blocks(&fs::read_to_string(root().join("README.md")).unwrap());
    let (sets, first_send) = readme.split_first().unwrap();
    assert!(sets.starts_with("eval "), "{sets}");
    assert_eq!(first_send.len(), 4, "the first send is four calls");
    let mut count = 0;
    for page in pages() {
        let name = page.display();
        let samples: Vec<_> =
            blocks(&fs::read_to_string(&page).unwrap()).into_iter().filter(|block| block != sets).collect();
        if samples.is_empty() {
            continue;
        }
        count += samples.len();
        assert!(samples.iter().all(|sample| sample.contains("localhost:8001") || sample.contains("$")), "{name}");
        let script = format!("set -eu\n{sets}{}", samples.join(&format!("echo\necho '{NEXT}'\n")));
        let script = script.replace("http://localhost:8001", client.url());
        let run = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(&script).output().unwrap());
        let output = run.await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        let said: Vec<_> = text.split(NEXT).collect();
        assert_eq!(said.len(), samples.len(), "{name}\n{text}");
        for (sample, said) in samples.iter().zip(said) {
            // The output of a block's last command is JSON, and not a refusal.
            let last = said.trim_end().lines().last().unwrap_or_default();
            let json: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{sample}\n{said}\n{error}"));
            assert!(json["statusCode"].is_null() && json["error"].is_null(), "{name}\n{sample}\n{said}");
        }
        if page.ends_with("README.md") {
            let last = text.trim_end().lines().last().unwrap_or_default();
            let read: Value = serde_json::from_str(last).unwrap();
            let settled = client.settled(read["data"]["notification_id"].as_str().unwrap()).await;
            assert_eq!(settled["status"], "sent", "{settled}");
        }
    }
    assert!(count >= 10, "the pages show only {count} calls");
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
