//! Runs the commands of `tests/first-hours`, and compares what comes back with what the pages show. `UPDATE_RECORDINGS=1` writes
//! the pages anew.

mod page;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use page::{Step, shape, shown, steps, with_answers};

use crate::{
    recordings::updates,
    samples,
    stack::{end, running},
};

/// What stands between the outputs of two steps.
const NEXT: &str = "----- the next step -----";

/// The command that starts the stack. Its output ends with the start screen.
const START: &str = "cargo run -p local\n";

/// What a page's commands find in their shell. A machine under load may need more than the second for which a reader waits, so
/// `sleep` waits until every delivery of the notification in `SENT` has ended. One that is dead-lettered has ended when the list of
/// dead letters has it, which another invocation writes.
const PRELUDE: &str = r#"set -u
notification() { curl -s http://localhost:8001/api/v1/notifications/$1 -H "Authorization: Bearer $BEARER_SERVICE"; }
letters() { curl -s http://localhost:8001/api/v1/dead-letters -H "Authorization: Bearer $BEARER_OPERATOR"; }
has_ended() {
  local now
  now=$(notification "$1")
  case $now in
    *'"status":"queued"'* | *'"status":"retrying"'*) return 1 ;;
    *'"status":"dead_lettered"'*) letters | grep -q "$1" ;;
  esac
}
sleep() {
  local id left=1200
  for id in $(echo "${SENT:-}" | sed -n 's/.*"notification_id":"\([^"]*\)".*/\1/p'); do
    until has_ended "$id" || [ $((left -= 1)) -le 0 ]; do command sleep 0.1; done
  done
}
"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join("tests/first-hours").join(name)).unwrap()
}

/// Runs all steps in one shell, in the root of the tree. Returns what came back of each, errors included.
fn run(steps: &[&Step], prelude: &str, replaced: &[(&str, &str)]) -> Vec<String> {
    let commands: Vec<_> = steps.iter().map(|step| format!("{{\n{}}} 2>&1\n", step.commands)).collect();
    let script = format!("{prelude}{}", commands.join(&format!("echo\necho '{NEXT}'\n")));
    let script = replaced.iter().fold(script, |script, (page, here)| script.replace(page, here));
    let run = Command::new("bash")
        .arg("-c")
        .arg(&script)
        .env("SAM_CLI_TELEMETRY", "0")
        .current_dir(root())
        .stderr(Stdio::piped())
        .output();
    let Output { stdout, stderr, .. } = run.unwrap();
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    let text = String::from_utf8_lossy(&stdout).into_owned();
    let text = replaced.iter().fold(text, |text, (page, here)| text.replace(here, page));
    let answers: Vec<_> = text.split(NEXT).map(shown).collect();
    assert_eq!(answers.len(), steps.len(), "{text}");
    answers
}

/// Compares a page with what came back, or writes it anew.
fn compare(name: &str, answers: &[String]) {
    let page = read(name);
    if updates() {
        fs::write(root().join("tests/first-hours").join(name), with_answers(&page, answers)).unwrap();
        return;
    }
    let steps = steps(&page);
    assert_eq!(steps.len(), answers.len(), "{name}");
    for (step, answer) in steps.iter().zip(answers) {
        assert_eq!(shape(answer), shape(&step.answer), "{name}:\n{}\n{answer}", step.commands);
    }
}

#[tokio::test]
async fn what_comes_back_in_the_first_hours_is_what_their_pages_show() {
    let (child, client, ready) = running("first-hours", &[]).await;
    let url = client.url().to_owned();
    let port = url.rsplit_once(':').unwrap().1.to_owned();
    let here = move |pages: &[&str]| {
        let hosts = ["localhost", "127.0.0.1"].map(|host| (format!("{host}:8001"), format!("{host}:{port}")));
        let replaced = hosts.each_ref().map(|(page, here)| (page.as_str(), here.as_str()));
        let answers = |name: &&str| {
            let page = steps(&read(name));
            let steps: Vec<_> = page.iter().filter(|step| step.commands != START).collect();
            run(&steps, PRELUDE, &replaced)
        };
        pages.iter().map(answers).collect::<Vec<_>>()
    };
    let pages = ["run-it.md", "send.md", "why-not-sent.md"];
    let mut answers = tokio::task::spawn_blocking(move || here(&pages)).await.unwrap();
    let output = end(child, "-INT");
    let _ = fs::remove_file(ready);
    answers[0].insert(0, shown(&screen(&output, &url)));
    for (name, answers) in pages.iter().zip(&answers) {
        compare(name, answers);
    }
}

/// What the program printed until it was ended, with the port and the folder that a reader has.
fn screen(output: &Output, url: &str) -> String {
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().display().to_string();
    let text = String::from_utf8_lossy(&output.stdout)
        .replace(url, "http://127.0.0.1:8001")
        .replace(&folder, "/home/ada/tidings/target/debug")
        .replace("local-logs-0", "local-logs-8001");
    text.split_once("Ending").map_or(text.as_str(), |(before, _)| before).to_owned()
}

/// The commands of the README and of the page cannot differ.
#[test]
fn the_page_about_sending_has_the_calls_of_the_readme() {
    let readme = samples::blocks(&fs::read_to_string(root().join("README.md")).unwrap());
    let page: Vec<_> = steps(&read("send.md")).into_iter().map(|step| step.commands).collect();
    assert_eq!(page.iter().take(readme.len()).collect::<Vec<_>>(), readme.iter().collect::<Vec<_>>());
}

/// `.ci/run` runs it, after it has built the function once.
#[test]
#[ignore = "needs the AWS SAM CLI and cargo-lambda in PATH"]
fn what_comes_back_of_a_deployment_s_commands_is_what_their_page_shows() {
    let root = root().canonicalize().unwrap().display().to_string();
    let page = steps(&read("deploy.md"));
    let answers = run(&page.iter().collect::<Vec<_>>(), "set -u\n", &[("/home/ada/tidings", &root)]);
    compare("deploy.md", &answers);
}
