use std::time::Duration;

use serde_json::json;

use super::*;

async fn set(providers: &Providers, answers: Value) {
    providers.set_answers("ses", serde_json::from_value(answers).expect("answers")).expect("a provider");
}

async fn statuses(providers: &Providers, client: &Client, to: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for to in to {
        let mut email = email();
        email["Destination"]["ToAddresses"] = json!([to]);
        statuses.push(mail(providers, client, &email).await.0);
    }
    statuses
}

#[tokio::test]
async fn an_answer_for_an_address_waits_for_it() {
    let (providers, client) = start().await;
    set(&providers, json!([{"status": 429, "to": "b@x"}, {"status": 500}])).await;
    assert_eq!(statuses(&providers, &client, &["a@x", "b@x", "b@x"]).await, [500, 429, 200]);
}

#[tokio::test]
async fn an_answer_is_used_as_often_as_it_says() {
    let (providers, client) = start().await;
    set(&providers, json!([{"status": 503, "times": 2}, {"status": 400}, {"status": 429, "always": true}])).await;
    assert_eq!(statuses(&providers, &client, &["a@x"; 6]).await, [503, 503, 400, 429, 429, 429]);
    set(&providers, json!([])).await;
    assert_eq!(statuses(&providers, &client, &["a@x"]).await, [200]);
    assert_eq!(providers.calls()["ses"], 7);
}

#[tokio::test]
async fn a_provider_that_hangs_never_answers() {
    let (providers, _) = start().await;
    set(&providers, json!([{"then": "hang"}])).await;
    let impatient = Client::builder().no_proxy().timeout(Duration::from_millis(300)).build().expect("client");
    let url = format!("{}/v2/email/outbound-emails", providers.ses_endpoint());
    let sent = impatient.post(url).header("authorization", "AWS4-HMAC-SHA256 secret").json(&email()).send().await;
    assert!(sent.expect_err("nothing was said").is_timeout());
    let delivery = &providers.deliveries()[0];
    assert_eq!(delivery["response"], json!({"status": 200, "then": "hang"}));
    assert!(delivery["message_id"].is_string(), "it was accepted all the same");
}

#[tokio::test]
async fn a_body_that_is_text_is_sent_as_it_stands() {
    let (providers, client) = start().await;
    set(&providers, json!([{"body": "<garbage"}])).await;
    let url = format!("{}/v2/email/outbound-emails", providers.ses_endpoint());
    let sent = client.post(url).header("authorization", "AWS4-HMAC-SHA256 secret").json(&email()).send().await;
    assert_eq!(sent.expect("an answer").text().await.expect("text"), "<garbage");
}

#[tokio::test]
async fn an_email_that_was_taken_has_the_id_that_was_told() {
    let (providers, client) = start().await;
    set(&providers, json!([{"status": 400}, {"body": {"MessageId": "m-1"}}])).await;
    let (_, _, refused) = mail(&providers, &client, &email()).await;
    assert!(refused["MessageId"].is_null());
    mail(&providers, &client, &email()).await;
    let (_, _, told) = mail(&providers, &client, &email()).await;
    let ids = providers.deliveries().iter().map(|delivery| delivery["message_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids, [Value::Null, json!("m-1"), told["MessageId"].clone()]);
}

#[tokio::test]
async fn answers_that_cannot_be_given_are_refused() {
    let (providers, _) = start().await;
    let error = providers.set_answers("fax", Vec::new()).expect_err("no such provider");
    assert_eq!(error.to_string(), "there is no provider \"fax\"; there are: ses, fcm, apns, slack, sms, webhook, logs");
    let cases = [
        (json!({"status": 99}), "status 99 is not within 200 to 599"),
        (json!({"times": 0}), "`times` is 0, and an answer is used at least once"),
        (json!({"times": 1, "always": true}), "it has `times` and `always`; one of them says how often"),
    ];
    for (answer, problem) in cases {
        let answer = serde_json::from_value(answer).expect("an answer");
        let error = providers.set_answers("ses", vec![answer]).expect_err("it makes no sense");
        assert_eq!(error.to_string(), format!("answer 0 cannot be given: {problem}"));
    }
    assert!(serde_json::from_value::<Answer>(json!({"then": "explode"})).is_err());
}
