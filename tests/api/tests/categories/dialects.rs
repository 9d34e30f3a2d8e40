//! Categories in the dialects of other products, and on the pages behind links.

use api::{dynamodb, options, own, unique};
use local::{
    demo::{DEPLOYMENT_SECRET, Demo},
    stack::Options,
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, UserId},
    unsubscribe::{OptOut, OptOutKey},
};

use super::{by_admin, catalogue, path, stack};
use crate::{
    contract2::Acme,
    contract3::Operator,
    faults::faults,
    preference_center::{FORM, epoch, is_page},
};

#[tokio::test]
async fn contract_2_s_full_replacement_touches_no_category_of_others() {
    let (stack, client) = stack().await;
    let all = [("offers", json!({"default_in": false})), ("alerts", json!({"required": true})), ("news", json!({}))];
    catalogue(&stack, &client, &all).await;
    let acme = Acme::on(client.clone()).await;
    let operator = Operator { user: acme.id.clone(), ..Operator::of(client.clone()).await };
    let preferences = format!("/admin/v1/users/{}/preferences", operator.user);
    let opt_in = json!({"notiflows": {"offers": {"enabled": true}}});
    let before = operator.send(Method::PUT, &preferences, opt_in).await.json();
    let put = acme.put(json!({"OptedNotification": []})).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    assert_eq!(operator.send(Method::GET, &preferences, Value::Null).await.json()["notiflows"], before["notiflows"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn who_is_out_by_contract_2_opts_in_to_a_category_by_contract_3() {
    const ALERT: &str = "com.soa.notification.type.app.alert";
    let (stack, client) = stack().await;
    catalogue(&stack, &client, &[(ALERT, json!({}))]).await;
    let acme = Acme::on(client.clone()).await;
    let operator = Operator { user: acme.id.clone(), ..Operator::of(client.clone()).await };
    let user = format!("/admin/v1/users/{}", operator.user);
    let preferences = format!("{user}/preferences");
    let own = "/user/v1/preferences";
    let on = json!({"notiflows": {ALERT: {"enabled": true}}});
    let demo = Demo::new().unwrap();
    let (key, user_key) = (operator.api_key.clone(), demo.sign(&demo.user_key_claims(&operator.user)));
    for path in [preferences.as_str(), user.as_str(), own] {
        assert_eq!(acme.put(json!({"OptedNotification": []})).await.status.as_u16(), 200);
        let shown = operator.send(Method::GET, &preferences, Value::Null).await.json();
        assert_eq!(shown["notiflows"][ALERT]["enabled"], false, "{path}");
        let put = if path == own {
            let headers = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-user-key", user_key.as_str())];
            client.send(Method::PUT, path, &headers, Some(on.to_string().into_bytes())).await
        } else {
            let body = if path == user { json!({"preferences": on}) } else { on.clone() };
            operator.send(Method::PUT, path, body).await
        };
        assert_eq!(put.status.as_u16(), 200, "{path}: {}", put.text);
        let shown = operator.send(Method::GET, &preferences, Value::Null).await.json();
        assert_eq!(shown["notiflows"][ALERT]["enabled"], true, "{path}");
        assert_eq!(acme.settings().await.0["OptedNotification"], json!([ALERT]), "{path}");
    }
    stack.shutdown().await;
}

/// An operator has added a group to `CustomGroups` whose name a category has already.
#[tokio::test]
async fn a_group_of_contract_2_that_is_an_opt_in_category_already_is_the_category_s() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("CustomGroups", "offers,alerts,plain")]) }).await;
    let category = |handle: &str, rule: &str| {
        json!({
            "pk": {"S": "CATEGORIES"}, "sk": {"S": format!("CATEGORY#{handle}")}, "handle": {"S": handle},
            "name": {"M": {"default": {"S": handle}}}, rule: {"BOOL": true}, "position": {"N": "0"},
        })
    };
    for (handle, rule) in [("offers", "opt_in"), ("alerts", "required"), ("plain", "hidden")] {
        dynamodb(&stack, "PutItem", json!({"Item": category(handle, rule)})).await;
    }
    // An operator cannot make another such category.
    for (field, value) in [("required", true), ("default_in", false)] {
        let body = json!({"name": {"default": "Plain"}, field: value});
        let refused = by_admin(&client, Method::PUT, &path("plain"), body).await;
        let fault = format!(
            "{field} must keep its default: this handle is a group of Akana's dialect, whose clients write each of its groups in or out"
        );
        refused.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let acme = Acme::on(client.clone()).await;
    let types = acme.user.get(&client, "/api/notifications/types").await.json();
    let custom: Vec<_> = types["NotificationType"].as_array().unwrap().iter().skip(10).collect();
    assert_eq!(custom, ["plain"]);
    let shown = acme.settings().await.0["OptedNotification"].clone();
    assert_eq!(shown.as_array().unwrap().len(), 11, "{shown}");
    assert_eq!(acme.put(json!({"OptedNotification": shown})).await.status.as_u16(), 200);
    let operator = Operator { user: acme.id.clone(), ..Operator::of(client.clone()).await };
    let preferences = format!("/admin/v1/users/{}/preferences", operator.user);
    let enabled = async || {
        operator.send(Method::GET, &preferences, Value::Null).await.json()["notiflows"]["offers"]["enabled"].clone()
    };
    assert_eq!(enabled().await, false, "who writes back what was read has not opted in");
    let opt_in = json!({"notiflows": {"offers": {"enabled": true}}});
    assert_eq!(operator.send(Method::PUT, &preferences, opt_in).await.status.as_u16(), 200);
    assert_eq!(acme.put(json!({"OptedNotification": []})).await.status.as_u16(), 200);
    assert_eq!(enabled().await, true);
    assert_eq!(acme.put(json!({"OptedNotification": ["offers"]})).await.status.as_u16(), 400);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_opt_out_of_a_required_category_is_422_in_contract_3_and_writes_nothing() {
    let (stack, client) = stack().await;
    catalogue(&stack, &client, &[("alerts", json!({"required": true}))]).await;
    let operator = Operator::of(client.clone()).await;
    let user = format!("/admin/v1/users/{}", operator.user);
    let preferences = format!("{user}/preferences");
    let before = operator.send(Method::GET, &preferences, Value::Null).await;
    let off = json!({"channel_types": {"sms": false}, "notiflows": {"alerts": {"enabled": false}}});
    let by_email = json!({"notiflows": {"alerts": {"channel_types": {"email": false}}}});
    let nested = json!({"first_name": "Ada", "preferences": off});
    for (path, body, field) in [
        (&preferences, &off, "notiflows.alerts.enabled"),
        (&preferences, &by_email, "notiflows.alerts.channel_types.email"),
        (&user, &nested, "preferences.notiflows.alerts.enabled"),
    ] {
        let refused = operator.send(Method::PUT, path, body.clone()).await;
        assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
        let fields = &refused.json()["error"]["details"]["fields"];
        let message = "must be true: nobody can opt out of this category";
        assert_eq!(fields, &json!([{"field": field, "message": message, "reason": "invalid"}]));
    }
    let demo = Demo::new().unwrap();
    let user_key = demo.sign(&demo.user_key_claims(&operator.user));
    let keys = [("x-notiflows-api-key", operator.api_key.as_str()), ("x-notiflows-user-key", user_key.as_str())];
    for path in ["/user/preferences", "/user/v1/preferences"] {
        let refused = client.send(Method::PUT, path, &keys, Some(off.to_string().into_bytes())).await;
        assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
        assert_eq!(refused.json()["error"]["details"]["fields"][0]["field"], "notiflows.alerts.enabled");
    }
    let after = operator.send(Method::GET, &preferences, Value::Null).await;
    assert_eq!((after.text.as_str(), after.version()), (before.text.as_str(), before.version()));
    let on = json!({"notiflows": {"alerts": {"enabled": true, "channel_types": {"email": true}}}});
    assert_eq!(operator.send(Method::PUT, &preferences, on).await.status.as_u16(), 200);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_unsubscribe_link_of_a_category_that_is_required_now_opts_nobody_out() {
    let (stack, client) = stack().await;
    catalogue(&stack, &client, &[("alerts", json!({"required": true}))]).await;
    let user = client.new_user(json!({})).await;
    let id = UserId::parse(user["id"].as_str().unwrap()).unwrap();
    let link = |group: &str| {
        let opt_out = OptOut { user: id, channel: Channel::Email, group: Some(group.to_owned()) };
        let key = OptOutKey::derive(DEPLOYMENT_SECRET).unwrap();
        format!("/unsubscribe?token={}", key.sign(&opt_out, epoch(&user), Clock::system().now()))
    };
    let look = client.send(Method::GET, &link("alerts"), &[], None).await;
    is_page(&look, 200, "You cannot unsubscribe from these messages");
    assert!(!look.text.contains("One-Click"), "{}", look.text);
    let post = async |group: &str| {
        client.send(Method::POST, &link(group), &[FORM], Some("List-Unsubscribe=One-Click".into())).await
    };
    let admin = client.token("admin").await;
    let path = format!("/api/v1/users/{id}");
    let before = client.get(&path, &admin).await.version();
    is_page(&post("alerts").await, 422, "They are a part of the service.");
    assert_eq!(client.get(&path, &admin).await.version(), before);
    is_page(&post("news").await, 200, "You are unsubscribed");
    assert_eq!(client.get(&path, &admin).await.version(), before + 1);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_repeated_opt_out_has_its_first_answer_when_the_category_is_required_since() {
    let (stack, client) = stack().await;
    let operator = Operator::of(client.clone()).await;
    let user = format!("/admin/v1/users/{}", operator.user);
    let off = json!({"notiflows": {"alerts": {"enabled": false}}});
    let requests = [(format!("{user}/preferences"), off.clone()), (user, json!({"preferences": off}))]
        .map(|(path, body)| (path, body, format!("key-{}", unique())));
    let put = async |(path, body, key): &(String, Value, String)| {
        let headers = [
            ("x-notiflows-api-key", operator.api_key.as_str()),
            ("x-notiflows-secret-key", operator.secret_key.as_str()),
            ("idempotency-key", key.as_str()),
        ];
        client.send(Method::PUT, path, &headers, Some(body.to_string().into_bytes())).await
    };
    let mut first = Vec::new();
    for request in &requests {
        first.push(put(request).await);
    }
    catalogue(&stack, &client, &[("alerts", json!({"required": true}))]).await;
    for (request, first) in requests.iter().zip(first) {
        let again = put(request).await;
        assert_eq!((first.status.as_u16(), again.status.as_u16(), &again.text), (200, 200, &first.text));
        let (path, body, _) = request;
        assert_eq!(
            put(&(path.clone(), body.clone(), format!("key-{}", unique()))).await.status.as_u16(),
            422,
            "{path}"
        );
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn an_unsubscribe_link_opts_out_while_the_catalogue_and_the_channels_cannot_be_read() {
    let (stack, client) = stack().await;
    let user = client.new_user(json!({})).await;
    let id = UserId::parse(user["id"].as_str().unwrap()).unwrap();
    let opt_out = OptOut { user: id, channel: Channel::Email, group: Some("news".to_owned()) };
    let key = OptOutKey::derive(DEPLOYMENT_SECRET).unwrap();
    let link = format!("/unsubscribe?token={}", key.sign(&opt_out, epoch(&user), Clock::system().now()));
    let path = format!("/api/v1/users/{id}");
    let admin = client.token("admin").await;
    let before = client.get(&path, &admin).await.version();
    faults(&client, json!({"dynamodb": [{"operation": "Query", "kind": "throttle"}]})).await;
    let post = async |body: &str| client.send(Method::POST, &link, &[FORM], Some(body.into())).await;
    is_page(&post("List-Unsubscribe=One-Click").await, 200, "You are unsubscribed");
    assert_eq!(post("Undo=1").await.status.as_u16(), 503, "more messages wait for the catalogue");
    client.json(Method::DELETE, "/_local/faults", "", &Value::Null).await;
    assert_eq!(client.get(&path, &admin).await.version(), before + 1);
    stack.shutdown().await;
}
