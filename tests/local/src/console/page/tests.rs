//! Tests of the page's files, and of the stream without notifications. The tests of the whole stack check the stream
//! with notifications.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use super::additions;
use crate::control::tests::{Running, start_with};

async fn start() -> Running {
    start_with(additions().routes).await
}

async fn get(stack: &Running, path: &str) -> Response {
    stack.call(Method::GET, path, Value::Null).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn the_page_may_run_nothing_but_its_own_files() {
    let stack = start().await;
    let page = get(&stack, "/ui").await;
    assert_eq!((page.status().as_u16(), header(&page, "content-type")), (200, "text/html; charset=utf-8"));
    let policy = header(&page, "content-security-policy").to_owned();
    for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let text = page.text().await.unwrap();
    for inline in ["style=\"", "onclick", "<style", "javascript:"] {
        assert!(!text.contains(inline), "the page has {inline}, which its policy forbids");
    }
    let named = regex::Regex::new(r#"(?:src|href)="/_local/ui/([^"]+\.(?:css|js|svg))""#).unwrap();
    let mut files: Vec<_> = named.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let imported = regex::Regex::new(r"from '(\.[^']+)'").unwrap();
    let mut at = 0;
    while let Some(name) = files.get(at).cloned() {
        let file = get(&stack, &format!("/ui/{name}")).await;
        let expected = match name.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((file.status().as_u16(), header(&file, "content-type")), (200, expected), "{name}");
        assert_eq!(header(&file, "x-content-type-options"), "nosniff");
        let text = file.text().await.unwrap();
        for parses in ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc", "document.write", "eval("] {
            assert!(!text.contains(parses), "{name} has {parses}: words are put in as text only");
        }
        for found in imported.captures_iter(&text).filter(|_| name.ends_with(".js")) {
            let imported = resolved(&name, &found[1]);
            if !files.contains(&imported) {
                files.push(imported);
            }
        }
        at += 1;
    }
    files.sort();
    files.dedup();
    let mut embedded: Vec<_> = super::assets::FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    embedded.sort();
    assert_eq!(files, embedded, "every file is used, and there is every file that is used");
    assert_eq!(get(&stack, "/ui/nothing.js").await.status(), 404);
    assert_eq!(stack.message(Method::POST, "/ui", Value::Null).await.0, 405);
}

/// The path of a file that another one imports.
fn resolved(importing: &str, imported: &str) -> String {
    let mut parts: Vec<_> = importing.split('/').collect();
    parts.pop();
    for part in imported.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[tokio::test]
async fn every_view_has_a_url_and_the_root_leads_to_the_first() {
    let stack = start().await;
    let page = get(&stack, "/ui").await.text().await.unwrap();
    for view in [
        "users",
        "users/1",
        "templates/a%20b?channel=email",
        "requests?status=4xx",
        "send",
        "inbox/1",
        "topics/x",
        "runs",
        "runs/1",
    ] {
        let shown = get(&stack, &format!("/ui/{view}")).await;
        assert_eq!(
            (shown.status().as_u16(), header(&shown, "content-type")),
            (200, "text/html; charset=utf-8"),
            "{view}"
        );
        assert_eq!(shown.text().await.unwrap(), page, "{view}");
    }
    for nothing in ["usersx", "runsx", "views/users.html"] {
        assert_eq!(get(&stack, &format!("/ui/{nothing}")).await.status(), 404, "{nothing}");
    }
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let root = client.get(stack.url.trim_end_matches("_local")).send().await.unwrap();
    assert_eq!((root.status().as_u16(), header(&root, "location")), (307, "/_local/ui"));
}

#[tokio::test]
async fn a_draft_is_shown_under_the_policy_of_an_email() {
    let stack = start().await;
    let html = "<script>alert(1)</script><p style=\"color: red\">Hello</p>";
    let kept: Value = stack.call(Method::POST, "/ui/data/drafts", json!({"html": html})).await.json().await.unwrap();
    let shown = get(&stack, &format!("/ui/data/drafts/{}", kept["id"].as_str().unwrap())).await;
    let policy = header(&shown, "content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("; sandbox;"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
    assert!(shown.text().await.unwrap().ends_with(html));
    assert_eq!(get(&stack, "/ui/data/drafts/none").await.status(), 404);
    assert_eq!(stack.message(Method::POST, "/ui/data/drafts", json!({"html": 1})).await.0, 400);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_in_words() {
    let stack = start().await;
    let refused = stack.message(Method::GET, "/ui/data/notifications?after=x", Value::Null).await;
    assert_eq!(refused, (400, "after must be the `after` of the page before".to_owned()));
    assert_eq!(stack.message(Method::GET, "/ui/data/notifications/x", Value::Null).await.0, 404);
    assert_eq!(stack.message(Method::GET, "/ui/data/requests/7", Value::Null).await.0, 404);
    let channel = json!({"channel": "email"});
    assert_eq!(stack.message(Method::POST, "/ui/data/notifications/x/retry", channel).await.0, 404);
    let unreadable = stack.message(Method::POST, "/ui/data/notifications/x/retry", json!({})).await;
    assert_eq!(unreadable.0, 400);
}

#[tokio::test]
async fn an_email_is_shown_in_a_sandbox() {
    let stack = start().await;
    let html = "<script>alert(1)</script><p style=\"color: red\">Hello</p>";
    let email = json!({
        "FromEmailAddress": "from@example.com",
        "Destination": {"ToAddresses": ["to@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Html": {"Data": html}}}},
    });
    let ses = Client::new().post(format!("{}/v2/email/outbound-emails", stack.providers.ses_endpoint()));
    let taken: Value = ses.header("authorization", "x").json(&email).send().await.unwrap().json().await.unwrap();
    let shown = get(&stack, &format!("/ui/emails/{}", taken["MessageId"].as_str().unwrap())).await;
    assert_eq!((shown.status().as_u16(), header(&shown, "content-type")), (200, "text/html; charset=utf-8"));
    let policy = header(&shown, "content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("; sandbox;"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
    assert!(shown.text().await.unwrap().ends_with(html));
    let (status, message) = stack.message(Method::GET, "/ui/emails/none", Value::Null).await;
    assert_eq!((status, message.as_str()), (404, "SES's stand-in took no such email with HTML"));
}

#[tokio::test]
async fn the_stream_begins_with_the_state_and_tells_what_changes() {
    let stack = start().await;
    let response = get(&stack, "/ui/events").await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "text/event-stream"));
    assert_eq!(header(&response, "cache-control"), "no-store");
    let mut response = response;
    let mut next = async || {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), response.chunk()).await;
        let text = String::from_utf8(chunk.unwrap().unwrap().unwrap().to_vec()).unwrap();
        let data = text.strip_prefix("event: state\ndata: ").unwrap_or_else(|| panic!("{text}")).trim().to_owned();
        serde_json::from_str::<Value>(&data).unwrap()
    };
    let first = next().await;
    assert_eq!(first["queues"]["visible"], 0);
    assert_eq!(first["functions"], json!(["failing", "plain", "test"]));
    assert_eq!(first["providers"]["ses"], json!({"requests": 0, "answers": []}));
    assert_eq!(first["people"], Value::Null, "there is no table");
    let answers = json!({"answers": [{"status": 503, "times": 2}, {"status": 429, "always": true}, {"then": "reset"}]});
    stack.call(Method::PUT, "/providers/ses", answers).await;
    let changed = next().await;
    let expected = json!([
        {"status": 503, "then": null, "left": 2},
        {"status": 429, "then": null, "left": null},
        {"status": 200, "then": "reset", "left": 1},
    ]);
    assert_eq!(changed["providers"]["ses"], json!({"requests": 0, "answers": expected}));
}
