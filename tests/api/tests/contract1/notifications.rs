//! `POST /api/v1/notifications` and `GET /api/v1/notifications/{id}`.

use api::{dynamodb, forbidden, options, own, shared, unique};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use shared::clock::Clock;

const POST: &str = "/api/v1/notifications";

#[tokio::test]
async fn a_notification_is_accepted_and_sent_where_the_user_wants_it() {
    let client = shared();
    let token = format!("device-{}", unique());
    let user = client.new_user(json!({"push_token": token, "preferences": {"email": false, "push": true}})).await;
    let body = json!({
        "user_id": user["id"], "content": {"subject": "S", "title": "T", "body": "B"}, "priority": 1,
        "group": "news", "metadata": {"any": ["thing"]},
    });
    let service = client.token("service").await;
    let answer = client.json(Method::POST, POST, &service, &body).await;
    let id = answer.json()["data"]["notification_id"].clone();
    answer.is(
        202,
        json!({
            "success": true,
            "data": {"notification_id": id, "status": "queued"},
            "message": "Notification queued successfully",
        }),
    );
    let id = id.as_str().unwrap();
    let data = client.settled(id).await;
    let part = |channel: usize, name: &str| data["deliveries"][channel][name].clone();
    let at = |channel| part(channel, "at");
    let step = |rule: &str, saw: &str, said: &str| json!({"rule": rule, "saw": saw, "said": said});
    let stopped = [
        step("not_expired", "never expires", "pass"),
        step("not_cancelled", "not cancelled", "pass"),
        step("due", "at once", "pass"),
        step("user_exists", "present", "pass"),
        step("channel_on", "email off", "stop"),
    ];
    assert_eq!(part(0, "trace"), json!(stopped));
    assert_eq!(
        data,
        json!({
            "notification_id": id, "user_id": user["id"], "group": "news", "status": "sent",
            "created_at": data["created_at"],
            "deliveries": [
                {"channel": "email", "status": "skipped", "reason": "channel_off", "attempts": 0, "at": at(0),
                 "trace": part(0, "trace")},
                {"channel": "push", "status": "sent", "attempts": 1, "at": at(1),
                 "addresses": part(1, "addresses"), "trace": part(1, "trace"),
                 "provider_message_id": part(1, "provider_message_id")},
                {"channel": "slack", "status": "skipped", "reason": "no_address", "attempts": 0, "at": at(2),
                 "trace": part(2, "trace")},
            ],
        })
    );
    let got = client.deliveries_to(&token).await;
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(got[0]["request"]["body"]["message"]["notification"], json!({"title": "T", "body": "B"}));
    assert!(client.deliveries_to(user["email"].as_str().unwrap()).await.is_empty());
}

#[tokio::test]
async fn one_channel_can_be_named() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let body = json!({"notification_type": "email", "user_id": user["id"], "content": {"body": "Hello\nthere"}});
    let data = client.settled(&client.notify(&body).await).await;
    assert_eq!(data["deliveries"].as_array().unwrap().len(), 1);
    assert_eq!(data["status"], "sent");
    let got = client.deliveries_to(user["email"].as_str().unwrap()).await;
    assert_eq!(got.len(), 1);
    let simple = &got[0]["request"]["body"]["Content"]["Simple"];
    assert_eq!(
        (&simple["Subject"]["Data"], &simple["Body"]["Text"]["Data"]),
        (&json!("Hello"), &json!("Hello\nthere"))
    );
    assert_eq!(got[0]["request"]["body"]["FromEmailAddress"], "notifications@tidings.example");
}

#[tokio::test]
async fn several_channels_can_be_named_and_each_has_its_own_delivery() {
    let client = shared();
    let token = format!("device-{}", unique());
    let user = client.new_user(json!({"push_token": token})).await;
    let body =
        json!({"channels": ["push", "slack", "email", "push"], "user_id": user["id"], "content": {"body": "Hi"}});
    let of = |data: &Value, name: &str| -> Vec<Value> {
        let parts = data.as_array().unwrap().iter();
        parts.map(|part| json!([part["channel"], part[name]])).collect()
    };
    let service = client.token("service").await;
    let explained = client.json(Method::POST, "/api/v1/notifications/explain", &service, &body).await.json();
    assert_eq!(
        of(&explained["data"]["channels"], "decision"),
        [json!(["push", "send"]), json!(["slack", "skip"]), json!(["email", "send"])]
    );
    let data = client.settled(&client.notify(&body).await).await;
    assert_eq!(
        of(&data["deliveries"], "status"),
        [json!(["push", "sent"]), json!(["slack", "skipped"]), json!(["email", "sent"])]
    );
    assert_eq!(data["status"], "sent");
    for address in [token.as_str(), user["email"].as_str().unwrap()] {
        assert_eq!(client.deliveries_to(address).await.len(), 1, "{address}");
    }
    let refused = |fault: &str| json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]});
    for (channels, fault) in [
        (json!([]), "channels must be a list of 1 to 5 channels, each one of email, push, sms, slack, in_app"),
        (json!(["email", "fax"]), "channels[1] must be one of email, push, sms, slack, in_app"),
    ] {
        let mut body = body.clone();
        body["channels"] = channels;
        client.json(Method::POST, POST, &service, &body).await.is(400, refused(fault));
    }
}

#[tokio::test]
async fn a_notification_of_which_every_delivery_was_cancelled_is_cancelled() {
    let client = shared();
    let user = client.new_user(json!({"push_token": format!("device-{}", unique())})).await;
    let service = client.token("service").await;
    // The one waits in the queue and has no record yet, the other waits in the list.
    for wait in [60, 60 * 60] {
        let at = Clock::system().now().plus(std::time::Duration::from_secs(wait));
        let id = client
            .notify(&json!({
                "channels": ["email", "push", "slack"], "user_id": user["id"], "content": {"body": "Hi"}, "send_at": at,
            }))
            .await;
        let held = client.notification_when(&id, |data| data["status"] == "held").await;
        for delivery in held["deliveries"].as_array().unwrap() {
            assert_eq!((&delivery["status"], &delivery["next_attempt_at"]), (&json!("held"), &json!(at)), "{delivery}");
        }
        let path = format!("{POST}/{id}");
        let cancelled = client.json(Method::DELETE, &path, &service, &Value::Null).await.json()["data"].clone();
        for data in [&cancelled, &client.get(&path, &service).await.json()["data"]] {
            assert_eq!(data["status"], "cancelled", "{data}");
            for delivery in data["deliveries"].as_array().unwrap() {
                let shown = (&delivery["status"], &delivery["next_attempt_at"]);
                assert_eq!(shown, (&json!("cancelled"), &Value::Null), "{delivery}");
            }
        }
    }
}

#[tokio::test]
async fn a_template_is_put_into_words_or_refused_when_it_is_taken() {
    let client = shared();
    let (token, code) = (format!("device-{}", unique()), format!("welcome-{}", unique()));
    let user = client.new_user(json!({"name": "Ada", "push_token": token})).await;
    let parts = json!({
        "email": {"subject": "Welcome {{ user.name }}", "text": "You are number {{ n }}"},
        "push": {"title": "Welcome", "body": "Number {{ n }}"},
    });
    let path = format!("/api/v1/templates/{code}");
    let put =
        client.json(Method::PUT, &path, &client.token("admin").await, &json!({"locales": {"default": parts}})).await;
    assert_eq!(put.status.as_u16(), 201, "{}", put.text);
    let body = |more: Value| {
        let mut body = json!({"user_id": user["id"], "template_code": code, "variables": {"n": 1}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    // The notification goes to the channels that have a provider and a part in the template.
    let data = client.settled(&client.notify(&body(json!({}))).await).await;
    let channels: Vec<_> = data["deliveries"].as_array().unwrap().iter().map(|one| one["channel"].clone()).collect();
    assert_eq!((channels, &data["status"]), (vec![json!("email"), json!("push")], &json!("sent")));
    let email = &client.deliveries_to(user["email"].as_str().unwrap()).await[0]["request"]["body"]["Content"]["Simple"];
    assert_eq!(email["Subject"]["Data"], "Welcome Ada");
    assert_eq!(email["Body"]["Text"]["Data"], "You are number 1");
    let push = &client.deliveries_to(&token).await[0]["request"]["body"]["message"]["notification"];
    assert_eq!(push, &json!({"title": "Welcome", "body": "Number 1"}));

    let service = client.token("service").await;
    for (more, fault) in [
        (json!({"variables": {}}), "variables.n is required: the template uses it"),
        (json!({"notification_type": "slack"}), "template_code has no part for slack"),
        (json!({"template_code": "nobody-s"}), "template_code must be the code of an existing template"),
    ] {
        let refused = client.json(Method::POST, POST, &service, &body(more)).await;
        refused.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
}

#[tokio::test]
async fn a_number_is_kept_to_its_last_digit_or_refused() {
    let client = shared();
    let (code, service) = (format!("digits-{}", unique()), client.token("service").await);
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/templates/{code}");
    let text = "{{ n }} {{ n|number }} {{ d }} {{ list[0].e }}";
    let parts = json!({"locales": {"default": {"email": {"subject": "S", "text": text}}}});
    assert_eq!(client.json(Method::PUT, &path, &client.token("admin").await, &parts).await.status.as_u16(), 201);
    let send = async |path: &str, more: &str, n: &str| {
        let (user, bearer) = (user["id"].as_str().unwrap(), format!("Bearer {service}"));
        let variables = format!(r#"{{"n":{n},"d":1e-7,"list":[{{"e":4.35}}]}}"#);
        let body = format!(r#"{{"user_id":"{user}","variables":{variables},{more}}}"#);
        client.send(Method::POST, path, &[("authorization", &bearer)], Some(body.into_bytes())).await
    };
    let notification = format!(r#""template_code":"{code}","request_id":"digits""#);
    let accepted = send(POST, &notification, "12345678901234567890").await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);
    client.settled(accepted.json()["data"]["notification_id"].as_str().unwrap()).await;
    let email = &client.deliveries_to(user["email"].as_str().unwrap()).await[0]["request"]["body"]["Content"]["Simple"];
    assert_eq!(email["Body"]["Text"]["Data"], "12345678901234567890 12,345,678,901,234,567,890 0.0000001 4.35");
    assert_eq!(send(POST, &notification, "12345678901234567891").await.status.as_u16(), 409, "another last digit");
    for n in ["1234567890123456789012", "0.12345678901234567890", "1e400"] {
        let render = (format!("{path}/render"), r#""channel":"email""#);
        for (path, more) in
            [(POST, notification.as_str()), (&format!("{POST}/explain"), &notification), (&render.0, render.1)]
        {
            let refused = send(path, more, n).await;
            let fault = refused.json()["errors"][0].as_str().unwrap_or_default().to_owned();
            assert_eq!(refused.status.as_u16(), 400, "{path}: {n}: {}", refused.text);
            assert!(fault.starts_with("variables.n must be a number that can be kept exactly"), "{path}: {fault}");
        }
    }
}

#[tokio::test]
async fn the_same_request_twice_is_one_notification_and_another_body_is_409() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let body = |text: &str| json!({"notification_type": "email", "user_id": user["id"], "content": {"body": text}, "request_id": "order-7"});
    let first = client.notify(&body("one")).await;
    assert_eq!(client.notify(&body("one")).await, first);
    client.settled(&first).await;
    assert_eq!(client.notify(&body("one")).await, first);
    let service = client.token("service").await;
    let conflict = client.json(Method::POST, POST, &service, &body("two")).await;
    conflict.is(409, json!({"statusCode": 409, "message": "This request_id was used for another notification"}));
    // The request ids of two callers are independent.
    let other = client.json(Method::POST, POST, &client.token("admin").await, &body("two")).await;
    assert_eq!(other.status, StatusCode::ACCEPTED);
    let other = other.json()["data"]["notification_id"].as_str().unwrap().to_owned();
    assert_ne!(other, first);
    client.settled(&other).await;
    let got = client.deliveries_to(user["email"].as_str().unwrap()).await;
    let texts: Vec<_> =
        got.iter().map(|d| d["request"]["body"]["Content"]["Simple"]["Body"]["Text"]["Data"].clone()).collect();
    assert_eq!(texts, ["one", "two"]);
}

#[tokio::test]
async fn reasons_are_told_apart() {
    let client = shared();
    let user = client.new_user(json!({"preferences": {"push": false}})).await;
    let nobody = json!("00000000-0000-4000-8000-000000000002");
    for (user_id, channel, critical, reason) in [
        (&user["id"], "push", false, "channel_off"),
        (&user["id"], "push", true, "no_address"),
        (&user["id"], "sms", false, "no_provider"),
        (&user["id"], "slack", false, "no_address"),
        (&nobody, "email", false, "user_not_found"),
    ] {
        let body = json!({
            "notification_type": channel, "user_id": user_id, "content": {"body": "x"}, "critical": critical,
        });
        let data = client.settled(&client.notify(&body).await).await;
        let delivery = &data["deliveries"][0];
        assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("skipped"), &json!(reason)), "{channel}");
        assert_eq!(data["status"], "skipped");
    }
}

#[tokio::test]
async fn a_recipient_reads_their_own_and_others_learn_nothing() {
    let client = shared();
    let demo = client.demo().await;
    let body = json!({
        "notification_type": "sms", "user_id": demo["users"]["other_user"], "content": {"body": "x"},
    });
    let path = format!("{POST}/{}", client.notify(&body).await);
    for (caller, status) in [("other_user", 200), ("admin", 200), ("service", 200)] {
        assert_eq!(client.get(&path, &client.token(caller).await).await.status.as_u16(), status, "{caller}");
    }
    assert_eq!(client.get(&path, "").await.status, StatusCode::UNAUTHORIZED);
    let unknown = format!("{POST}/00000000-0000-4000-8000-000000000003");
    for caller in ["user", "broker"] {
        for path in [&path, &unknown] {
            let answer = client.get(path, &client.token(caller).await).await;
            answer.is(403, forbidden("its recipient, admin, service"));
        }
    }
    let missing = client.get(&unknown, &client.token("admin").await).await;
    missing.is(404, json!({"statusCode": 404, "message": "Notification not found"}));
    let malformed = client.get(&format!("{POST}/7"), &client.token("admin").await).await;
    malformed.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": ["id must be a UUID"]}));
}

/// DynamoDB deletes expired items some time after they expire. Until then such an item must not block its request id.
#[tokio::test]
async fn a_request_id_can_be_used_again_once_its_notification_has_expired() {
    let (stack, client) = own(options(&[])).await;
    let user = client.new_user(json!({"preferences": {"email": false}})).await;
    let ask = async |body: &str| {
        let content = json!({"body": body});
        let email =
            json!({"notification_type": "email", "user_id": user["id"], "content": content, "request_id": "again"});
        client.notify(&email).await
    };
    let id = ask("old").await;
    assert_eq!(client.settled(&id).await["status"], "skipped");
    let path = format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap());
    let on = client.json(Method::PUT, &path, "", &json!({"preferences": {"email": true}})).await;
    assert_eq!(on.status, StatusCode::OK, "{}", on.text);

    let an_hour_ago = Clock::system().now().seconds() - 60 * 60;
    for sk in ["DELIVERY#email", "NOTIFICATION"] {
        let expire = json!({
            "Key": {"pk": {"S": format!("NOTIFICATION#{id}")}, "sk": {"S": sk}},
            "UpdateExpression": "SET expires_at = :past", "ConditionExpression": "attribute_exists(expires_at)",
            "ExpressionAttributeValues": {":past": {"N": an_hour_ago.to_string()}},
        });
        dynamodb(&stack, "UpdateItem", expire).await;
    }
    let gone = client.get(&format!("{POST}/{id}"), &client.token("service").await).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(ask("new").await, id);
    assert_eq!(client.settled(&id).await["status"], "sent");
    let emails = client.deliveries_to(user["email"].as_str().unwrap()).await;
    let text = "/request/body/Content/Simple/Body/Text/Data";
    assert_eq!(emails.iter().map(|email| email.pointer(text)).collect::<Vec<_>>(), [Some(&json!("new"))]);
    stack.shutdown().await;
}
