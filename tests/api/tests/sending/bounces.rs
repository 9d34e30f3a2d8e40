//! Mail that bounced or that the recipient complained about: its address is not used again until an operator allows it.

use api::{Answer, Client, eventually, forbidden, options, own};
use local::demo::DEPLOYMENT_SECRET;
use reqwest::Method;
use serde_json::{Value, json};

use super::{own_token, recipient, told};
use crate::{
    contract3::{Operator, external_id, user_path},
    faults::{Recipient, got},
};

fn path_of(recipient: &Recipient) -> String {
    format!("/api/v1/users/{}/suppressions", recipient.user)
}

/// Makes SES report an event about the last email to the recipient.
async fn say(client: &Client, recipient: &Recipient, mut event: Value) {
    let sent = got(client).await[&recipient.address].last().unwrap()["message_id"].clone();
    event["message_id"] = sent;
    let said = client.json(Method::POST, "/_local/ses/events", "", &event).await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.text);
    client.queues_empty().await;
}

async fn suppressed(client: &Client, recipient: &Recipient) -> Vec<Value> {
    let answer = client.get(&path_of(recipient), &own_token(&recipient.user)).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

async fn lift(client: &Client, recipient: &Recipient, token: &str) -> Answer {
    let path = format!("{}/{}", path_of(recipient), recipient.address.replace('@', "%40"));
    client.json(Method::DELETE, &path, token, &Value::Null).await
}

#[tokio::test]
async fn an_address_that_bounced_or_complained_is_suppressed_until_an_operator_lifts_it() {
    let (stack, client) = own(options(&[])).await;
    for (event, cause) in [(json!({"event": "bounce"}), "bounced"), (json!({"event": "complaint"}), "complained")] {
        let somebody = recipient(&client, "email").await;
        assert_eq!(told(&client, &somebody).await["status"], "sent");
        assert_eq!(suppressed(&client, &somebody).await, [] as [Value; 0]);
        say(&client, &somebody, event.clone()).await;
        let listed = eventually(async || suppressed(&client, &somebody).await.pop()).await;
        assert_eq!(listed, json!({"address": somebody.address, "cause": cause, "at": listed["at"]}));
        let delivery = told(&client, &somebody).await;
        let ended = (&delivery["status"], &delivery["reason"], &delivery["attempts"]);
        assert_eq!(ended, (&json!("skipped"), &json!("address_suppressed"), &json!(0)), "{delivery}");
        // The same event again changes nothing.
        say(&client, &somebody, event).await;
        assert_eq!(suppressed(&client, &somebody).await, [listed]);

        for token in [own_token(&somebody.user), client.token("service").await, client.token("user").await] {
            let refused = lift(&client, &somebody, &token).await;
            refused.is(403, forbidden("operator, or admin without an organization"));
        }
        let nobody = json!({"statusCode": 401, "message": "Unauthorized"});
        lift(&client, &somebody, "").await.is(401, nobody);
        assert_eq!(suppressed(&client, &somebody).await.len(), 1);
        let admin = client.token("admin").await;
        let lifted = lift(&client, &somebody, &admin).await;
        assert_eq!((lifted.status.as_u16(), lifted.text.as_str()), (204, ""));
        let again = json!({"statusCode": 404, "message": "This address is not suppressed"});
        lift(&client, &somebody, &admin).await.is(404, again);
        assert_eq!(told(&client, &somebody).await["status"], "sent");
        assert_eq!(got(&client).await[&somebody.address].len(), 2);
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_suppression_is_lifted_from_the_account_s_list_in_the_spelling_that_the_user_has() {
    let (stack, client) = own(options(&[])).await;
    let address = format!("John.Doe-{}", api::unique_email());
    let user = client.new_user(json!({"email": address})).await["id"].as_str().unwrap().to_owned();
    let somebody = Recipient { user, channel: "email", address };
    assert_eq!(told(&client, &somebody).await["status"], "sent");
    say(&client, &somebody, json!({"event": "bounce"})).await;
    let lower = somebody.address.to_lowercase();
    let listed = eventually(async || suppressed(&client, &somebody).await.pop()).await;
    assert_eq!(listed["address"], json!(lower), "this is what an operator reads, and asks to lift");
    let asked = Recipient { user: somebody.user.clone(), channel: "email", address: lower };
    let lifted = lift(&client, &asked, &client.token("admin").await).await;
    assert_eq!(lifted.status.as_u16(), 204, "{}", lifted.text);
    assert_eq!(told(&client, &somebody).await["status"], "sent");
    assert_eq!(got(&client).await[&somebody.address].len(), 2, "SES does not swallow the second one");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_mailbox_that_is_full_is_written_to_again() {
    let (stack, client) = own(options(&[])).await;
    let somebody = recipient(&client, "email").await;
    for kind in ["Transient", "Undetermined"] {
        assert_eq!(told(&client, &somebody).await["status"], "sent");
        say(&client, &somebody, json!({"event": "bounce", "bounce_type": kind})).await;
        assert_eq!(suppressed(&client, &somebody).await, [] as [Value; 0], "{kind}");
    }
    assert_eq!(told(&client, &somebody).await["status"], "sent");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn another_address_of_the_user_s_is_used_and_push_is_not_concerned() {
    let (stack, client) = own(options(&[])).await;
    let somebody = recipient(&client, "email").await;
    told(&client, &somebody).await;
    say(&client, &somebody, json!({"event": "bounce"})).await;
    eventually(async || suppressed(&client, &somebody).await.pop()).await;
    let body = json!({"notification_type": "push", "user_id": somebody.user, "content": {"body": "x"}});
    assert_eq!(client.settled(&client.notify(&body).await).await["status"], "sent");
    let user = format!("/api/v1/users/{}", somebody.user);
    let email = api::unique_email();
    let moved = client.json(Method::PUT, &user, &client.token("admin").await, &json!({"email": email})).await;
    assert_eq!(moved.status.as_u16(), 200, "{}", moved.text);
    assert_eq!(told(&client, &somebody).await["status"], "sent");
    assert_eq!(client.deliveries_to(&email).await.len(), 1);
    for token in [client.token("user").await, client.token("service").await] {
        let refused = client.get(&path_of(&somebody), &token).await;
        refused.is(403, forbidden("self, admin"));
    }
    stack.shutdown().await;
}

/// Creates a user by contract 3, who may have an address that another user has, too.
async fn by_key(operator: &Operator, body: Value) -> Recipient {
    let made = operator.send(Method::PUT, &user_path(&external_id()), body.clone()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let address = body["email"].as_str().unwrap_or_default().to_owned();
    Recipient { user: made.json()["id"].as_str().unwrap().to_owned(), channel: "email", address }
}

#[tokio::test]
async fn a_suppression_belongs_to_the_address_whoever_has_it_and_outlives_its_users() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client.clone()).await;
    // The local part of an address may have a slash.
    let address = format!("a/b.{}", api::unique_email());
    let first = by_key(&operator, json!({"email": address})).await;
    assert_eq!(told(&client, &first).await["status"], "sent");
    say(&client, &first, json!({"event": "complaint"})).await;
    eventually(async || suppressed(&client, &first).await.pop()).await;

    let user = format!("/api/v1/users/{}", first.user);
    let admin = client.token("admin").await;
    assert_eq!(client.json(Method::DELETE, &user, &admin, &Value::Null).await.status.as_u16(), 204);
    let upper = by_key(&operator, json!({"email": address.to_uppercase()})).await;
    let other = by_key(&operator, json!({"email": api::unique_email()})).await;
    let channel = operator.channels["email"].as_str().unwrap().to_owned();
    let path = format!("/admin/users/{}/channel-settings/{channel}", other.user);
    let set = operator.send(Method::PUT, &path, json!({"settings": {"address": address}})).await;
    assert_eq!(set.status.as_u16(), 200, "{}", set.text);
    let new = client.new_user(json!({"email": address})).await;
    let new = Recipient { user: new["id"].as_str().unwrap().to_owned(), channel: "email", address: address.clone() };

    let service = client.token("service").await;
    for recipient in [&upper, &other, &new] {
        let delivery = told(&client, recipient).await;
        let ended = (&delivery["status"], &delivery["reason"]);
        assert_eq!(ended, (&json!("skipped"), &json!("address_suppressed")), "{delivery}");
        let (path, body) = ("/api/v1/notifications/explain", recipient.notification());
        let told = client.json(Method::POST, path, &service, &body).await.json()["data"]["channels"][0].clone();
        assert_eq!((&told["decision"], &told["reason"]), (&json!("skip"), &json!("address_suppressed")), "{told}");
        let listed = suppressed(&client, recipient).await;
        assert_eq!(listed.len(), 1);
        assert_eq!((&listed[0]["address"], &listed[0]["cause"]), (&json!(address), &json!("complained")));
    }
    assert_eq!(got(&client).await.values().flatten().count(), 1, "nothing but the first mail was sent");

    // It is lifted for all of them.
    let path = format!("{}/{}", path_of(&new), address.replace('/', "%2F"));
    let lifted = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!(lifted.status.as_u16(), 204, "{}", lifted.text);
    for recipient in [&upper, &other, &new] {
        assert_eq!(told(&client, recipient).await["status"], "sent");
        assert_eq!(suppressed(&client, recipient).await, [] as [Value; 0]);
    }
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn mail_waits_and_push_does_not_while_addresses_cannot_be_looked_up() {
    let (stack, client) = own(options(&[("RetryBaseSeconds", "1"), ("RetryMostSeconds", "1")])).await;
    let (mail, push) = (recipient(&client, "email").await, recipient(&client, "push").await);
    let secret = stack.template().secrets.iter().find(|name| name.contains("Suppression")).unwrap().clone();
    stack.providers().remove_secret(&secret);
    let id = client.notify(&mail.notification()).await;
    assert_eq!(told(&client, &push).await["status"], "sent");
    assert!(!got(&client).await.contains_key(&mail.address));
    stack.providers().put_secret(&secret, DEPLOYMENT_SECRET);
    assert_eq!(client.settled(&id).await["status"], "sent");
    client.is_drained().await;
    stack.shutdown().await;
}
