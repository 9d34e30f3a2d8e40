//! The functions log ids and outcomes, and no personal data.

use std::fs;

use api::{options, own};
use local::stack::{FunctionLogs, Options};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn no_token_address_or_body_reaches_a_log() {
    let logs = std::env::temp_dir().join(format!("tidings-logs-{}", std::process::id()));
    let options = Options { logs: FunctionLogs::Directory(logs.clone()), ..options(&[("LogLevel", "debug")]) };
    let (stack, client) = own(options).await;
    let admin = client.token("admin").await;
    let secrets = ["private-address@example.com", "private-device-token", "private words", "private name"];
    let user = client.new_user(json!({"name": secrets[3], "email": secrets[0], "push_token": secrets[1]})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    client.json(Method::PUT, &path, &admin, &json!({"name": secrets[3], "private name": secrets[2]})).await;
    // One delivery is sent and one is refused and tried again, because failures are logged with the most details.
    let refuse = json!({"answers": [{"status": 503}]});
    client.json(Method::PUT, "/_local/providers/fcm", "", &refuse).await;
    let id = client.notify(&json!({"user_id": user["id"], "content": {"title": secrets[2], "body": secrets[2]}})).await;
    client.settled(&id).await;
    let link = client.demo().await["links"]["unsubscribe_token"].as_str().unwrap().to_owned();
    client
        .send(Method::POST, &format!("/unsubscribe?token={link}"), &[], Some("List-Unsubscribe=One-Click".into()))
        .await;
    client.get(&format!("/unsubscribe?token={link}x"), "").await;
    let preferences = client.demo().await["links"]["preferences_token"].as_str().unwrap().to_owned();
    for path in [format!("/preferences?token={preferences}"), format!("/preferences?token={preferences}x")] {
        client.get(&path, "").await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("was.channel.sms=on&was.timezone=&timezone={}", secrets[2]);
        client.send(Method::POST, &path, &form, Some(body.into())).await;
        client.send(Method::POST, &path, &form, Some("was.channel.sms=on".into())).await;
    }
    // Who pauses is named in the log, and not by the token's `sub`, which may be an email address.
    let pause = "/api/v1/pauses/group:paused-in-the-logs";
    for (method, body) in [(Method::PUT, json!({"note": secrets[2]})), (Method::DELETE, Value::Null)] {
        let answer = client.json(method, pause, &admin, &body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    }
    let queue = stack.template().queue("Queue").unwrap().url.clone();
    let unreadable = format!("{{\"kind\":\"{}\"}}", secrets[2]);
    stack.sqs().client().send_message().queue_url(queue).message_body(unreadable).send().await.unwrap();
    api::eventually(async || client.dead_letters().await.pop()).await;
    stack.shutdown().await;

    let files = fs::read_dir(&logs).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let text: String = files.collect();
    fs::remove_dir_all(&logs).unwrap();
    let said = [id.as_str(), "cannot be read", "group:paused-in-the-logs"];
    assert!(said.iter().all(|said| text.contains(said)), "the logs say too little:\n{text}");
    for secret in secrets.into_iter().chain([admin.as_str(), &link, &preferences, "demo-admin"]) {
        assert!(!text.contains(secret), "{secret} is in the logs");
    }
}
