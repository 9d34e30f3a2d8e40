//! Categories in the preference centre.

use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use api::{dynamodb, options, own};

use super::{catalogue, forget};
use crate::preference_center::{Visitor, between, is_page, is_told};

#[tokio::test]
async fn the_centre_shows_the_catalogue_and_changes_each_category_as_a_whole_and_by_channel() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let hostile = "<img onerror='alert(1)'> &amp";
    let name = |text: &str| json!({"default": text, "de": format!("{text} (de)")});
    let all = [
        ("alerts", json!({"name": name("Alerts"), "required": true, "position": 3})),
        (
            "offers",
            json!({"name": name("Offers"), "default_in": false, "position": 1, "channels": ["push", "email", "sms"]}),
        ),
        ("news", json!({"name": name(hostile), "position": 2})),
        ("secret", json!({"name": name("Secret"), "hidden": true})),
    ];
    catalogue(&stack, &client, &all).await;
    let visitor = Visitor::on(client.clone()).await;
    let page = visitor.look().await;
    is_page(&page, 200, "&lt;img onerror=&#x27;alert(1)&#x27;&gt; &amp;amp</label>");
    let labels: Vec<_> =
        page.text.match_indices("<label for=\"group.").map(|(at, _)| between(&page.text[at..], ">", "<")).collect();
    assert_eq!(labels, ["Offers", "&lt;img onerror=&#x27;alert(1)&#x27;&gt; &amp;amp", "Alerts"]);
    assert!(!page.text.contains("Secret") && !page.text.contains("group.alerts") && page.text.contains("Always on"));
    for (control, was) in
        [("group.offers", "off"), ("by.email.offers", "on"), ("group.news", "on"), ("by.slack.news", "on")]
    {
        assert_eq!(between(&page.text, &format!("name=\"was.{control}\" value=\""), "\""), was, "{control}");
    }
    // Nobody can send text messages here, and offers come by no other channel than those they name.
    for absent in ["by.sms.", "by.slack.offers"] {
        assert!(!page.text.contains(absent), "{absent}: {}", page.text);
    }
    let german = visitor.look_with(&[("accept-language", "de")]).await;
    is_page(&german, 200, "Offers (de)</label>");

    let told = async |handle: &str| {
        let body =
            json!({"notification_type": "email", "user_id": visitor.id, "category": handle, "content": {"body": "x"}});
        let data = client.settled(&client.notify(&body).await).await;
        data["deliveries"][0]["reason"].clone()
    };
    assert_eq!((told("offers").await, told("news").await), (json!("group_opted_out"), Value::Null));
    let body = "was.group.offers=off&group.offers=on&was.by.email.offers=on&by.email.offers=on&was.by.email.news=on\
                &was.by.push.news=on&by.push.news=on";
    let was = json!({
        "group.offers": "on", "by.email.offers": "on", "by.email.news": "off", "by.push.news": "on",
    });
    is_told(&visitor.save(body).await, 200, json!({"saved": true, "was": was}));
    assert_eq!((told("offers").await, told("news").await), (Value::Null, json!("group_opted_out")));
    is_told(
        &visitor.save("was.by.email.news=off&by.email.news=on").await,
        200,
        json!({"saved": true, "was": {"by.email.news": "on"}}),
    );
    assert_eq!(told("news").await, Value::Null);
    for bad in ["was.group.alerts=on", "was.by.email.alerts=on", "was.by.email.unheard-of=on"] {
        is_page(&visitor.post(bad).await, 400, "The form was incomplete, or did not come from this page.");
    }
    // A category that was hidden since is still the reader's to leave.
    let put = client
        .json(
            Method::PUT,
            "/api/v1/categories/news",
            &client.token("admin").await,
            &json!({"name": {"default": "x"}, "hidden": true}),
        )
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    forget(&stack).await;
    assert!(!visitor.look().await.text.contains("group.news"));
    is_told(&visitor.save("was.group.news=on").await, 200, json!({"saved": true, "was": {"group.news": "off"}}));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_channel_of_a_category_is_left_also_if_an_application_has_filled_the_handles() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    catalogue(&stack, &client, &[("news", json!({})), ("offers", json!({"default_in": false}))]).await;
    let visitor = Visitor::on(client.clone()).await;
    let handles: Value =
        (0..1000).map(|n| (format!("enabled:{n}"), json!({"BOOL": true}))).collect::<serde_json::Map<_, _>>().into();
    let update = json!({
        "Key": {"pk": {"S": format!("USER#{}", visitor.id)}, "sk": {"S": "USER"}},
        "UpdateExpression": "SET handles = :h", "ExpressionAttributeValues": {":h": {"M": handles}},
    });
    dynamodb(&stack, "UpdateItem", update).await;
    let body = "was.by.email.news=on&was.group.offers=off&group.offers=on";
    let was = json!({"by.email.news": "off", "group.offers": "on"});
    is_told(&visitor.save(body).await, 200, json!({"saved": true, "was": was}));
    let body =
        json!({"notification_type": "email", "user_id": visitor.id, "category": "news", "content": {"body": "x"}});
    let data = client.settled(&client.notify(&body).await).await;
    assert_eq!(data["deliveries"][0]["reason"], "group_opted_out", "{data}");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_brand_is_on_the_pages_and_in_their_policy() {
    let brand = [("BrandName", "Acme"), ("BrandLogoUrl", "https://cdn.example/logo.svg"), ("BrandColor", "#FFD400")];
    let (stack, client) = own(Options { concurrency: 1, ..options(&brand) }).await;
    let visitor = Visitor::on(client).await;
    let page = visitor.look().await;
    assert!(
        page.text.contains("<p class=\"brand\">Acme</p>") && page.text.contains("--brand:#ffd400"),
        "{}",
        page.text
    );
    assert!(page.text.contains("<title>Notification preferences · Acme</title>"), "{}", page.text);
    let policy = page.header("content-security-policy");
    assert!(policy.contains("; img-src https://cdn.example/logo.svg; frame-ancestors 'none'"), "{policy}");
    stack.shutdown().await;
}
