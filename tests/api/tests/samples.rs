//! Runs every command of the README that calls the API, on a stack that is started as the README says.

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
