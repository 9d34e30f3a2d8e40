use super::*;

#[tokio::test]
async fn an_sqs_batch_fails_in_part() {
    use aws_sdk_sqs::config::retry::RetryConfig;
    use aws_sdk_sqs::types::SendMessageBatchRequestEntry as Entry;
    let emulators = Emulators::start(None).await.expect("emulators");
    let proxy = Proxy::start(Service::Sqs, emulators.sqs_endpoint()).await.expect("proxy");
    let config = clients::sqs(proxy.endpoint()).retry_config(RetryConfig::disabled());
    let client = aws_sdk_sqs::Client::from_conf(config.build());
    let made = client.create_queue().queue_name("q").send().await.expect("queue");
    let url = made.queue_url.expect("url").replace(emulators.sqs_endpoint(), proxy.endpoint());
    let faults =
        json!([{"kind": "partial", "times": 1}, {"operation": "SendMessageBatch", "kind": "throttle", "times": 1}]);
    proxy.set_faults(serde_json::from_value(faults).expect("faults"));

    let entry = |id: &str| Entry::builder().id(id).message_body("m").build().expect("entry");
    let send = client.send_message_batch().queue_url(url).entries(entry("a")).entries(entry("b")).entries(entry("c"));
    let answer = send.clone().send().await.expect("a part");
    let failed = answer.failed.iter().map(|failed| (failed.id.as_str(), failed.sender_fault)).collect::<Vec<_>>();
    assert_eq!(failed, [("b", false), ("c", false)]);
    assert_eq!(answer.successful.len(), 1);
    let throttled = send.send().await.expect_err("throttled").into_service_error();
    assert!(throttled.is_request_throttled(), "{throttled:?}");
    assert_eq!(proxy.calls()["operations"]["SendMessageBatch"], json!({"calls": 2, "throttled": 1}));
}
