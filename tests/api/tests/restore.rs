//! A restore brings erased users back, and the log of erasures takes them away again (functions/RESTORE.md).

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use api::{Client, call_dynamodb, dynamodb, eventually, options, own, unique, unique_email};
use local::{
    demo::Demo,
    providers::Answer,
    stack::{Options, Progress, Stack, binaries},
};
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::clock::Clock;

use crate::contract3::Operator;

/// The users of whom the log of erasures has a line.
fn logged(stack: &Stack) -> Vec<String> {
    let lines = stack.providers().logged().into_iter().map(|(group, line)| {
        assert_eq!(group, "tidings-ErasureLogs");
        let line: Map<String, Value> = serde_json::from_str(&line).unwrap();
        assert_eq!(line.keys().collect::<Vec<_>>(), ["at", "erased", "version"], "and nothing else");
        line["erased"].as_str().unwrap().to_owned()
    });
    lines.collect()
}

fn id_of(user: &Value) -> String {
    user["id"].as_str().unwrap().to_owned()
}

async fn erase(client: &Client, id: &str, who: &str) -> u16 {
    let token = client.token(who).await;
    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &token, &Value::Null).await.status.as_u16()
}

#[tokio::test]
async fn every_erasure_that_is_answered_is_in_the_log_and_no_refused_one_is() {
    let (stack, client) = own(options(&[])).await;
    let user = id_of(&client.new_user(json!({})).await);
    let bearer = format!("Bearer {}", client.token("admin").await);
    let path = format!("/api/v1/users/{user}");
    let stale = [("authorization", bearer.as_str()), ("if-match", "\"7\"")];
    assert_eq!(client.send(Method::DELETE, &path, &stale, None).await.status.as_u16(), 412);
    assert_eq!(erase(&client, "00000000-0000-4000-8000-000000000000", "admin").await, 404);
    assert_eq!(logged(&stack), [""; 0]);

    assert_eq!(erase(&client, &user, "admin").await, 204);
    assert_eq!(logged(&stack), [user.as_str()]);
    assert_eq!(erase(&client, &user, "admin").await, 404);
    assert_eq!(logged(&stack).len(), 1, "it was erased before");

    // A user of contract 3.
    let operator = Operator::of(client.clone()).await;
    let external = format!("external-{}", unique());
    let there = format!("/admin/v1/users/{external}");
    let made = operator.send(Method::PUT, &there, json!({"first_name": "Ada"})).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    assert_eq!(operator.send(Method::DELETE, &there, Value::Null).await.status.as_u16(), 204);
    assert_eq!(logged(&stack).last().unwrap().as_str(), made.json()["id"].as_str().unwrap());
    stack.shutdown().await;
}

#[tokio::test]
async fn an_erasure_that_cannot_be_logged_is_not_answered_and_is_logged_by_the_next_request() {
    let (stack, client) = own(options(&[])).await;
    let fail =
        || stack.providers().set_answers("logs", vec![Answer { status: 503, times: Some(3), ..Answer::default() }]);
    let user = id_of(&client.new_user(json!({})).await);
    fail().unwrap();
    assert_eq!(erase(&client, &user, "admin").await, 503);
    assert_eq!(logged(&stack), [""; 0]);
    assert_eq!(erase(&client, &user, "admin").await, 204);
    assert_eq!(logged(&stack), [user.as_str()]);

    // An organisation's admin is told that the user is not there any more, and takes this for the erasure's end.
    let org_admin = client.token("org_admin").await;
    let body = json!({"name": "Of the organisation", "email": unique_email()});
    let made = client.json(Method::POST, "/api/v1/users", &org_admin, &body).await;
    let user = id_of(&made.json());
    fail().unwrap();
    assert_eq!(erase(&client, &user, "org_admin").await, 503);
    assert_eq!(erase(&client, &user, "org_admin").await, 404);
    assert_eq!(logged(&stack).last(), Some(&user));

    // Who is known by settings alone has nothing but them that could say that the line is missing.
    let known_by_settings = uuid::Uuid::new_v4().to_string();
    let demo = Demo::new().unwrap();
    let own = demo.sign(&demo.claims(&known_by_settings));
    let put = client.json(Method::PUT, "/settings/user", &own, &json!({"private": "words"})).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    fail().unwrap();
    assert_eq!(erase(&client, &known_by_settings, "admin").await, 503);
    assert_ne!(logged(&stack).last(), Some(&known_by_settings));
    assert_eq!(erase(&client, &known_by_settings, "admin").await, 404);
    assert_eq!(logged(&stack).last(), Some(&known_by_settings));

    // What no later call could mend is our fault, and no reason to try again.
    stack.providers().set_answers("logs", vec![Answer { status: 404, ..Answer::default() }]).unwrap();
    let user = id_of(&client.new_user(json!({})).await);
    assert_eq!(erase(&client, &user, "admin").await, 500);
    stack.shutdown().await;
}

/// The restored table.
const RESTORED: &str = "restored";

/// Makes a table with these items, as a restore does.
async fn restore(stack: &Stack, items: &[Value]) {
    let call = |operation, request| call_dynamodb(stack.emulators().dynamodb_endpoint(), RESTORED, operation, request);
    let properties = &stack.template().table.properties;
    let names = ["AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"];
    let schema: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), properties[name].clone())).into_iter().collect();
    call("CreateTable", Value::Object(schema)).await;
    for items in items.chunks(25) {
        let puts: Vec<_> = items.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        call("BatchWriteItem", json!(puts)).await;
    }
}

async fn items(stack: &Stack, table: &str) -> Vec<Value> {
    let scan =
        call_dynamodb(stack.emulators().dynamodb_endpoint(), table, "Scan", json!({"ConsistentRead": true})).await;
    assert_eq!(scan["LastEvaluatedKey"], Value::Null);
    scan["Items"].as_array().unwrap().clone()
}

/// Runs the command over these lines. Returns its output.
async fn apply(stack: &Stack, lines: &str, arguments: &[&str]) -> (bool, String) {
    let binaries = binaries::build(Progress::default()).await.unwrap();
    let mut command = Command::new(&binaries["apply-erasures"]);
    command.arg(RESTORED).args(arguments).env("AWS_ENDPOINT_URL_DYNAMODB", stack.emulators().dynamodb_endpoint());
    for (name, value) in
        [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")]
    {
        command.env(name, value);
    }
    let lines = lines.to_owned();
    let run = tokio::task::spawn_blocking(move || {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = run.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[tokio::test]
async fn who_was_erased_after_the_time_of_a_restore_is_erased_again_and_nobody_else() {
    let data = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("restore-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&data);
    let (stack, client) = own(Options { data: Some(data.clone()), ..options(&[]) }).await;
    let operator = Operator::of(client.clone()).await;
    let (email, kept_email) = (unique_email(), unique_email());
    let erased = id_of(&client.new_user(json!({"email": email, "push_token": "gone-token"})).await);
    // The clock of the process that created the user was ahead of the one that erases it.
    let ahead = json!({
        "Key": {"pk": {"S": format!("USER#{erased}")}, "sk": {"S": "USER"}}, "UpdateExpression": "SET created_at = :later",
        "ExpressionAttributeValues": {":later": {"N": Clock::system().now().plus(Duration::from_secs(60)).millis().to_string()}},
    });
    dynamodb(&stack, "UpdateItem", ahead).await;
    let kept = id_of(&client.new_user(json!({"email": kept_email})).await);
    let body = json!({"notification_type": "email", "user_id": erased, "content": {"body": "private words"}});
    client.settled(&client.notify(&body).await).await;
    // This one was erased, and created again, both before the time of the restore.
    let again = format!("/admin/v1/users/again-{}", unique());
    for (method, body) in [
        (Method::PUT, json!({"first_name": "First"})),
        (Method::DELETE, Value::Null),
        (Method::PUT, json!({"first_name": "Second"})),
    ] {
        assert!(operator.send(method, &again, body).await.status.is_success());
    }
    let backup = items(&stack, &stack.template().table.name).await;
    assert_eq!(erase(&client, &erased, "admin").await, 204);

    restore(&stack, &backup).await;
    let before = json!(items(&stack, RESTORED).await).to_string();
    assert!(before.contains(&email) && before.contains("private words"), "the restore has brought the user back");
    // AWS's command line puts tabs between lines, and `None` for a page without any.
    let lines: Vec<_> = stack.providers().logged().into_iter().map(|(_, line)| line).collect();
    let lines = format!("{}\nNone\n", lines.join("\t"));
    let (done, told) = apply(&stack, &lines, &["--pause"]).await;
    let says = "everything is paused\n1 erased again\n0 were not there\n1 stay: they were created after their erasure\n\
        0 failed, 0 lines could not be read\n";
    assert_eq!((done, told.as_str()), (true, says));
    let after = items(&stack, RESTORED).await;
    let text = json!(after).to_string();
    for word in [&email, "private words", "gone-token"] {
        assert!(!text.contains(word), "{word} is still in the restored table");
    }
    let of_user: Vec<_> = after.iter().filter(|item| item.to_string().contains(&erased)).collect();
    assert!(of_user.len() == 2 && of_user.iter().all(|item| item["erased_at"].is_object()), "{of_user:?}");
    assert!(text.contains(&kept_email) && text.contains("Second"));

    // It may be done again, and says what it could not read.
    let (done, told) = apply(&stack, &format!("{lines} words"), &[]).await;
    assert_eq!((done, told.matches("0 erased again").count()), (false, 1), "{told}");
    assert!(told.contains("1 were not there") && told.contains("0 failed, 1 lines could not be read"), "{told}");
    let (done, told) = apply(&stack, "", &["--what"]).await;
    assert!(!done && told.contains("usage: apply-erasures TABLE"), "{told}");
    stack.shutdown().await;

    // A stack that adopts the table has its users, and sends nothing until somebody resumes.
    let adopting = Options { data: Some(data.clone()), ..options(&[("TableName", RESTORED)]) };
    let (stack, client) = own(adopting).await;
    assert_eq!(stack.template().table.name, RESTORED);
    let admin = client.token("admin").await;
    assert_eq!(client.get(&format!("/api/v1/users/{erased}"), &admin).await.status.as_u16(), 404);
    assert_eq!(client.get(&format!("/api/v1/users/{kept}"), &admin).await.json()["email"], kept_email.as_str());
    let body = json!({"notification_type": "email", "user_id": kept, "content": {"body": "later"}});
    let held = client.notify(&body).await;
    client.notification_when(&held, |data| data["deliveries"][0]["status"] == "held").await;
    let operator = client.token("operator").await;
    let resumed = client.json(Method::DELETE, "/api/v1/pauses/all", &operator, &Value::Null).await;
    assert_eq!(resumed.status.as_u16(), 204, "{}", resumed.text);
    // A worker may know a pause for another minute.
    stack.function("dispatch").unwrap().replace().await;
    eventually(async || {
        client.send(Method::POST, "/_local/functions/dispatch/tick", &[], None).await;
        let read = client.get(&format!("/api/v1/notifications/{held}"), &admin).await.json();
        (read["data"]["deliveries"][0]["status"] == "sent").then_some(())
    })
    .await;
    assert!(dynamodb(&stack, "DescribeTable", json!({})).await["Table"]["TableName"] == RESTORED);
    stack.shutdown().await;
    let _ = std::fs::remove_dir_all(&data);
}
